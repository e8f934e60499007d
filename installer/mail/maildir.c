#include "mail/maildir.h"
#include "base/i18n.h"
#include "mail/utf8.h"

#include <limits.h>

#define DEPTH_MAX 64 /* slashes in a root: a deeper one is nobody's mail */

/* A path whose last parts are taken off, one by one: text[0..size) is what is left of it. */
struct path {
	char *text;
	size_t size;
};

static bool is_part(const char *part, size_t size, const char *wanted)
{
	return strlen(wanted) == size && memcmp(part, wanted, size) == 0;
}

/* What stands between the slashes, joined by one each; a "." is nothing. NULL where there is a "..". */
static char *normalise(const char *s, size_t *ret_size)
{
	char *joined = text_copy(s);
	size_t size = 0;

	for (const char *part = s; *part;) {
		size_t n = strcspn(part, "/");

		if (is_part(part, n, "..")) {
			free(joined);
			return NULL;
		}
		if (n && !is_part(part, n, ".")) {
			if (size)
				joined[size++] = '/';
			memcpy(joined + size, part, n);
			size += n;
		}
		part += n + (part[n] == '/');
	}
	joined[size] = '\0';
	*ret_size = size;
	return joined;
}

static const char *take_last(struct path *p)
{
	if (!p->size)
		return "";
	char *slash = memrchr(p->text, '/', p->size);
	char *last = slash ? slash + 1 : p->text;
	p->text[p->size] = '\0';
	p->size = slash ? (size_t)(slash - p->text) : 0;
	return last;
}

/* The folder that the path ends in is taken off; "" where it ends in a root. */
static const char *take_folder(struct path *p)
{
	struct path rest = *p;
	const char *last = take_last(&rest);

	if (*last != '.')
		return "";
	*p = rest;
	return last;
}

static bool has_control(const char *s, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)
			return true;
	return false;
}

/* Does it lie in a mailbox's cur/? */
static bool is_inside_cur(const struct path *root)
{
	for (size_t at = 0, n; at < root->size; at += n + 1) {
		const char *slash = memchr(root->text + at, '/', root->size - at);

		n = slash ? (size_t)(slash - root->text) - at : root->size - at;
		if (is_part(root->text + at, n, "cur"))
			return true;
	}
	return false;
}

static const char *root_fault(const struct path *root)
{
	size_t depth = 0;

	for (size_t i = 0; i < root->size; i++)
		depth += root->text[i] == '/';
	return has_control(root->text, root->size) ? N_("in a directory whose name has a control character") :
	       depth >= DEPTH_MAX		   ? N_("deeper than any mailbox lies") :
	       is_inside_cur(root)		   ? N_("in a directory inside of cur/, where no mailbox lies") :
						     NULL;
}

static bool is_one_of(const char *s, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(*names, s) == 0)
			return true;
	return false;
}

static bool is_half(const char *s)
{
	return strcmp(s, "cur") == 0 || strcmp(s, "new") == 0 || strcmp(s, "tmp") == 0;
}

static bool is_cache(const char *name)
{
	static const char *const starts[] = { "dovecot.index", "dovecot.list.index", "dovecot-uidvalidity", "dovecot.mailbox.log",
		"dovecot-acl", "courierimap", "dovecot.sieve.log", NULL };
	static const char *const names[] = { "maildirsize", "maildirfolder", ".dovecot.lda-dupes", "dovecot-keywords.lock",
		"dovecot-uidlist.lock", NULL };

	for (const char *const *s = starts; *s; s++)
		if (starts_with(name, *s))
			return true;
	return is_one_of(name, names) || ends_with(name, ".svbin");
}

/* The separators of file systems that know no ':'. */
static char *with_colon(const char *name)
{
	char *copy = text_copy(name);
	size_t n = strlen(copy);

	while (n && ((copy[n - 1] >= 'a' && copy[n - 1] <= 'z') || (copy[n - 1] >= 'A' && copy[n - 1] <= 'Z')))
		n--;
	if (n > 3 && (copy[n - 3] == '!' || copy[n - 3] == ';') && copy[n - 2] == '2' && copy[n - 1] == ',' && !strchr(copy, ':'))
		copy[n - 3] = ':';
	return copy;
}

/* folder and name may lie in the text of the path, which becomes the root. */
static void settle(struct path *root, const char *folder, char *name, struct maildir_place *ret)
{
	ret->folder = text_copy(folder);
	ret->name = name;
	root->text[root->size] = '\0';
	ret->root = TAKE(root->text);
}

static const char *message_fault(const struct path *root, const char *folder, const char *name)
{
	struct maildir_name n;
	const char *fault = root_fault(root);

	if (!fault && *folder)
		fault = maildir_folder_fault(folder);
	return fault ? fault : maildir_name_read(name, &n);
}

/* ROOT[/.FOLDER]/cur/NAME */
static void judge_message(struct path *p, const char *half, const char *last, struct maildir_place *ret)
{
	struct path above = *p;
	const char *folder = take_folder(p);

	if (*half == 't' && strcmp(take_last(&above), "sieve") == 0)
		return;
	CLEAN(free) char *name = with_colon(last);
	ret->is_new = *half == 'n';
	ret->kind = *half == 't' ? MAILDIR_LEFTOVER : MAILDIR_MESSAGE;
	if (ret->kind == MAILDIR_MESSAGE)
		ret->reason = message_fault(p, folder, name);
	if (ret->reason)
		ret->kind = MAILDIR_BAD_MESSAGE;
	settle(p, folder, TAKE(name), ret);
}

static bool is_script(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0, size; i < n; i += size) {
		uint32_t c;

		size = utf8_character(name + i, n - i, &c);
		if (!size || utf8_is_control(c) || utf8_is_invisible(c))
			return false;
	}
	return ends_with(name, ".sieve") && *name != '.' && n <= NAME_MAX;
}

/* ROOT/sieve/NAME */
static void judge_script(struct path *p, const char *name, struct maildir_place *ret)
{
	enum maildir_kind kind = strcmp(name, ".dovecot.sieve") == 0 ? MAILDIR_SIEVE_ACTIVE :
				 is_script(name)		     ? MAILDIR_SIEVE :
				 ends_with(name, ".svbin")	     ? MAILDIR_CACHE :
								       MAILDIR_OTHER;

	if (kind == MAILDIR_OTHER || *take_folder(p) || root_fault(p))
		return;
	ret->kind = kind;
	settle(p, "", text_copy(name), ret);
}

static enum maildir_kind kind_of_file(const char *name)
{
	return strcmp(name, "dovecot-uidlist") == 0	  ? MAILDIR_UIDLIST :
	       strcmp(name, "dovecot-keywords") == 0	  ? MAILDIR_KEYWORDS :
	       strcmp(name, "subscriptions") == 0	  ? MAILDIR_SUBSCRIPTIONS :
	       strcmp(name, "courierimapsubscribed") == 0 ? MAILDIR_COURIER_SUBSCRIPTIONS :
	       strcmp(name, ".dovecot.sieve") == 0	  ? MAILDIR_SIEVE_ACTIVE :
	       is_cache(name)				  ? MAILDIR_CACHE :
	       is_half(name) || *name == '.'		  ? MAILDIR_DIRECTORY :
							    MAILDIR_OTHER;
}

/* ROOT[/.FOLDER]/NAME */
static void judge_file(struct path *p, const char *name, struct maildir_place *ret)
{
	enum maildir_kind kind = kind_of_file(name);
	const char *folder = take_folder(p);
	bool of_root = kind == MAILDIR_SUBSCRIPTIONS || kind == MAILDIR_COURIER_SUBSCRIPTIONS || kind == MAILDIR_SIEVE_ACTIVE;

	if (kind == MAILDIR_OTHER || root_fault(p) || (*folder && (of_root || maildir_folder_fault(folder))))
		return;
	ret->kind = kind;
	settle(p, folder, text_copy(name), ret);
}

void maildir_judge(const char *path, struct maildir_place *ret)
{
	struct path p = { 0 };

	*ret = (struct maildir_place){ .kind = MAILDIR_OTHER };
	if (*path != '/')
		p.text = normalise(path, &p.size);
	if (!p.text) {
		ret->kind = MAILDIR_HOSTILE;
		ret->reason = *path == '/' ? N_("a path from the root of the machine") : N_("a path with \"..\" in it");
		return;
	}
	const char *name = take_last(&p);
	struct path directory = p;
	const char *above = take_last(&p);
	if (is_half(above))
		judge_message(&p, above, name, ret);
	else if (strcmp(above, "sieve") == 0)
		judge_script(&p, name, ret);
	else
		judge_file(&directory, name, ret);
	if (!ret->root)
		free(p.text);
}

void maildir_place_free(struct maildir_place *p)
{
	free(p->root);
	free(p->folder);
	free(p->name);
}
