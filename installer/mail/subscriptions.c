#include "mail/dovecot_files.h"
#include "mail/maildir.h"

#define HEADER "V\t2\n\n"
#define COURIER_PREFIX "INBOX."

/* INBOX itself, or a name that may be a folder. */
static void take_name(struct list *ret, const char *name)
{
	CLEAN(free) char *folder = text(".%s", name);

	if (strcmp(name, "INBOX") == 0 || !maildir_folder_fault(folder))
		list_add(ret, name);
}

/* Tabs between the parts; what Dovecot escapes in a part (strescape.c), and a '.', can be in no folder's name. */
static void take_parts(struct list *ret, char *line)
{
	if (strpbrk(line, ".\001"))
		return;
	for (char *p = line; *p; p++)
		if (*p == '\t')
			*p = '.';
	take_name(ret, line);
}

static void remove_doubles(struct list *l)
{
	size_t n = 0;

	list_sort(l);
	for (size_t i = 0; i < l->n; i++) {
		if (n && strcmp(l->v[n - 1], l->v[i]) == 0)
			free(l->v[i]);
		else
			l->v[n++] = l->v[i];
	}
	l->n = n;
	if (l->v)
		l->v[n] = NULL;
}

void subscriptions_read(const struct bytes *content, bool courier, struct list *ret)
{
	CLEAN(list) struct list lines = { 0 };
	const char *s = bytes_text(content);
	bool parted = starts_with(s, "V\t2\n");

	list_split(&lines, parted ? s + strlen("V\t2\n") : s, "\r\n");
	for (size_t i = 0; i < lines.n; i++) {
		if (parted)
			take_parts(ret, lines.v[i]);
		else if (courier && starts_with(lines.v[i], COURIER_PREFIX))
			take_name(ret, lines.v[i] + strlen(COURIER_PREFIX));
		else
			take_name(ret, lines.v[i]);
	}
	remove_doubles(ret);
}

void subscriptions_write(const struct list *names, struct bytes *ret)
{
	bytes_add_text(ret, HEADER);
	for (size_t i = 0; i < names->n; i++) {
		for (const char *p = names->v[i]; *p; p++)
			bytes_add(ret, *p == '.' ? "\t" : p, 1);
		bytes_add(ret, "\n", 1);
	}
}
