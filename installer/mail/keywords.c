#include "mail/dovecot_files.h"

#include <ctype.h>
#include <strings.h>

#define KEYWORDS 26

static bool is_keyword(const char *s)
{
	for (const char *p = s; *p; p++)
		if (*p <= ' ' || *p >= 0x7f || strchr("(){%*\"\\", *p))
			return false;
	return *s != '\0';
}

/* The letter of a keyword, upper case or lower, or -1. */
static int letter_of(const struct keywords *k, const char *keyword)
{
	for (int i = 0; i < KEYWORDS; i++)
		if (k->v[i] && strcasecmp(k->v[i], keyword) == 0)
			return i;
	return -1;
}

/* Dovecot, too, leaves out a keyword that has a letter already. */
static void take_line(const char *line, struct keywords *ret)
{
	char *end;
	unsigned long letter = strtoul(line, &end, 10);

	if (!isdigit((unsigned char)*line) || *end != ' ' || letter >= KEYWORDS || ret->v[letter] || !is_keyword(end + 1) ||
		letter_of(ret, end + 1) >= 0)
		return;
	ret->v[letter] = text_copy(end + 1);
}

void keywords_read(const struct bytes *content, struct keywords *ret)
{
	CLEAN(list) struct list lines = { 0 };

	*ret = (struct keywords){ 0 };
	list_split(&lines, bytes_text(content), "\n");
	for (size_t i = 0; i < lines.n; i++)
		take_line(lines.v[i], ret);
}

void keywords_write(const struct keywords *k, struct bytes *ret)
{
	for (int i = 0; i < KEYWORDS; i++)
		if (k->v[i])
			bytes_printf(ret, "%d %s\n", i, k->v[i]);
}

static int letter_for(struct keywords *k, const char *keyword)
{
	int letter = letter_of(k, keyword);

	for (int i = 0; letter < 0 && i < KEYWORDS; i++)
		if (!k->v[i]) {
			k->v[i] = text_copy(keyword);
			letter = i;
		}
	return letter;
}

void keywords_merge(struct keywords *here, const struct keywords *there, int map[26])
{
	bool empty = true;

	for (int i = 0; i < KEYWORDS; i++)
		empty = empty && !here->v[i];
	for (int i = 0; i < KEYWORDS; i++) {
		if (empty && there->v[i]) /* the same letters, so no name need change */
			here->v[i] = text_copy(there->v[i]);
		map[i] = !there->v[i] ? -1 : empty ? i : letter_for(here, there->v[i]);
	}
	/* A letter that means nothing there must not come to mean what it means here. */
	for (int i = 0; i < KEYWORDS; i++)
		if (!there->v[i] && !here->v[i])
			map[i] = i;
}

void keywords_free(struct keywords *k)
{
	for (int i = 0; i < KEYWORDS; i++)
		free(k->v[i]);
	*k = (struct keywords){ 0 };
}
