#include "cli/suggest.h"

#define LONGEST 32 /* no name of ours is longer */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t edit_distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	size_t d[LONGEST + 1][LONGEST + 1];

	if (n > LONGEST || m > LONGEST)
		return SIZE_MAX;
	for (size_t i = 0; i <= n; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= m; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= n; i++)
		for (size_t j = 1; j <= m; j++) {
			size_t replaced = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			d[i][j] = least(replaced, least(d[i - 1][j], d[i][j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	return d[n][m];
}

const char *suggest(const char *word, const struct list *names)
{
	const char *nearest = NULL;
	size_t best = strlen(word) < 5 ? 2 : 3; /* fewer edits than this */

	for (size_t i = 0; i < names->n; i++) {
		size_t distance = edit_distance(word, names->v[i]);

		if (distance < best) {
			best = distance;
			nearest = names->v[i];
		}
	}
	return nearest;
}
