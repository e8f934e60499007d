#include "mail/dovecot_files.h"
#include "mail/maildir.h"

#define HEADER "V\t2\n\n"
#define COURIER_PREFIX "INBOX."

/* A part of a name without Dovecot's escapes (strescape.c). False: it holds what no folder can. */
static bool add_part(struct bytes *name, const char *part)
{
	if (name->size)
		bytes_add(name, ".", 1);
	for (const char *p = part; *p; p++) {
		if (*p == '\001' || *p == '.')
			return false;
		bytes_add(name, p, 1);
	}
	return true;
}

/* INBOX itself, or a name that may be a folder. */
static void take_name(struct list *ret, const char *name)
{
	CLEAN(free) char *folder = text(".%s", name);

	if ((strcmp(name, "INBOX") == 0 || !maildir_folder_fault(folder)) && !list_has(ret, name))
		list_add(ret, name);
}

static void take_line(const char *line, bool parted, bool courier, struct list *ret)
{
	CLEAN(list) struct list parts = { 0 };
	CLEAN(bytes) struct bytes name = { 0 };

	if (!parted) {
		take_name(ret, courier && starts_with(line, COURIER_PREFIX) ? line + strlen(COURIER_PREFIX) : line);
		return;
	}
	list_split(&parts, line, "\t");
	for (size_t i = 0; i < parts.n; i++)
		if (!add_part(&name, parts.v[i]))
			return;
	take_name(ret, bytes_text(&name));
}

void subscriptions_read(const struct bytes *content, bool courier, struct list *ret)
{
	CLEAN(list) struct list lines = { 0 };
	const char *s = bytes_text(content);
	bool parted = starts_with(s, "V\t2\n");

	list_split(&lines, parted ? s + strlen("V\t2\n") : s, "\r\n");
	for (size_t i = 0; i < lines.n; i++)
		take_line(lines.v[i], parted, courier, ret);
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
