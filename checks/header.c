#include "checks/header.h"

static const char *end_of_line(const char *s)
{
	const char *end = strchr(s, '\n');

	return end ? end + 1 : s + strlen(s);
}

static void add_part(struct bytes *b, const char *s, const char *end)
{
	while (end > s && (end[-1] == '\n' || end[-1] == '\r'))
		end--;
	bytes_add(b, s, (size_t)(end - s));
}

void header_values(const struct bytes *message, const char *name, struct list *ret)
{
	size_t n = strlen(name);
	const char *s = bytes_text(message);

	while (*s && *s != '\n' && *s != '\r') {
		const char *end = end_of_line(s);
		CLEAN(bytes) struct bytes field = { 0 };

		add_part(&field, s, end);
		for (s = end; *s == ' ' || *s == '\t'; s = end) {
			end = end_of_line(s);
			add_part(&field, s, end);
		}
		if (field.size > n && strncasecmp(field.data, name, n) == 0 && field.data[n] == ':')
			list_add(ret, field.data + n + 1 + strspn(field.data + n + 1, " \t"));
	}
}
