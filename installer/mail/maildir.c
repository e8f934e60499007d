#include "mail/maildir.h"
#include "mail/utf8.h"

#include <limits.h>

#define DEPTH_MAX 64 /* components; a deeper path is nobody's mail */

struct path {
	char *text;		  /* cut at each slash */
	const char *part[DEPTH_MAX];
	size_t n;
	bool hostile, deep;
};

static struct path split(const char *s)
{
	struct path p = { .text = text_copy(s), .hostile = *s == '/' };

	for (char *at = p.text; *at;) {
		char *end = at + strcspn(at, "/");
		bool last = !*end;

		*end = '\0';
		p.hostile |= strcmp(at, "..") == 0;
		if (*at && strcmp(at, ".") != 0) {
			if (p.n == DEPTH_MAX)
				p.deep = true;
			else
				p.part[p.n++] = at;
		}
		if (last)
			break;
		at = end + 1;
	}
	return p;
}

static char *join(const struct path *p, size_t n)
{
	CLEAN(bytes) struct bytes b = { 0 };

	for (size_t i = 0; i < n; i++)
		bytes_printf(&b, "%s%s", i ? "/" : "", p->part[i]);
	return text_copy(bytes_text(&b));
}

static bool has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return true;
	return false;
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
	return is_one_of(s, (const char *const[]){ "cur", "new", "tmp", NULL });
}

static bool is_cache(const char *name)
{
	static const char *const starts[] = { "dovecot.index", "dovecot.list.index", "dovecot-uidvalidity", "dovecot.mailbox.log",
		"dovecot-acl", "courierimap", "dovecot.sieve.log", NULL };
	static const char *const names[] = { "maildirsize", "maildirfolder", ".dovecot.lda-dupes", "dovecot-keywords.lock",
		"dovecot-uidlist.lock", "dovecot.svbin", NULL };

	for (const char *const *s = starts; *s; s++)
		if (starts_with(name, *s))
			return true;
	return is_one_of(name, names) || ends_with(name, ".svbin");
}

/* The folder that the n first parts end in, or "" where they are a root; *ret_root: how many of them are that. */
static const char *folder_of(const struct path *p, size_t n, size_t *ret_root)
{
	bool folder = n && p->part[n - 1][0] == '.';

	*ret_root = folder ? n - 1 : n;
	return folder ? p->part[n - 1] : "";
}

/* The separators of file systems that know no ':'. */
static char *with_colon(const char *name)
{
	char *copy = text_copy(name);

	for (char *p = copy; *p; p++)
		if ((*p == '!' || *p == ';') && strncmp(p + 1, "2,", 2) == 0 && !strchr(copy, ':')) {
			*p = ':';
			break;
		}
	return copy;
}

/* ROOT[/.FOLDER]/cur/NAME */
static void judge_message(const struct path *p, struct maildir_place *ret)
{
	struct maildir_name n;
	size_t root;
	const char *folder = folder_of(p, p->n - 2, &root), *half = p->part[p->n - 2];

	ret->root = join(p, root);
	ret->folder = text_copy(folder);
	ret->name = with_colon(p->part[p->n - 1]);
	ret->is_new = *half == 'n';
	ret->kind = *half == 't' ? MAILDIR_LEFTOVER : MAILDIR_MESSAGE;
	if (ret->kind == MAILDIR_LEFTOVER)
		return;
	ret->reason = has_control(ret->root) ? "in a folder whose name has a control character" :
		      *folder		     ? maildir_folder_fault(folder) :
					       NULL;
	if (!ret->reason)
		ret->reason = maildir_name_read(ret->name, &n);
	if (ret->reason)
		ret->kind = MAILDIR_BAD_MESSAGE;
}

static enum maildir_kind kind_of_file(const char *name)
{
	return strcmp(name, "dovecot-uidlist") == 0	  ? MAILDIR_UIDLIST :
	       strcmp(name, "dovecot-keywords") == 0	  ? MAILDIR_KEYWORDS :
	       strcmp(name, "subscriptions") == 0	  ? MAILDIR_SUBSCRIPTIONS :
	       strcmp(name, "courierimapsubscribed") == 0 ? MAILDIR_COURIER_SUBSCRIPTIONS :
	       strcmp(name, ".dovecot.sieve") == 0	  ? MAILDIR_SIEVE_ACTIVE :
							    MAILDIR_OTHER;
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
static void judge_script(const struct path *p, struct maildir_place *ret)
{
	const char *name = p->part[p->n - 1];
	size_t root;
	bool in_folder = *folder_of(p, p->n - 2, &root) != '\0';

	if (ends_with(name, ".svbin"))
		ret->kind = MAILDIR_CACHE;
	else if (strcmp(name, ".dovecot.sieve") == 0)
		ret->kind = MAILDIR_SIEVE_ACTIVE;
	else if (is_script(name))
		ret->kind = MAILDIR_SIEVE;
	if (ret->kind == MAILDIR_OTHER || in_folder || has_control(name)) {
		ret->kind = MAILDIR_OTHER;
		return;
	}
	ret->root = join(p, root);
	ret->folder = text_copy("");
	ret->name = text_copy(name);
}

/* ROOT[/.FOLDER]/NAME */
static void judge_file(const struct path *p, struct maildir_place *ret)
{
	const char *name = p->part[p->n - 1];
	size_t root;
	const char *folder = folder_of(p, p->n - 1, &root);

	ret->kind = kind_of_file(name);
	bool of_root = ret->kind == MAILDIR_SUBSCRIPTIONS || ret->kind == MAILDIR_COURIER_SUBSCRIPTIONS || ret->kind == MAILDIR_SIEVE_ACTIVE;
	if (ret->kind == MAILDIR_OTHER)
		ret->kind = is_cache(name) ? MAILDIR_CACHE : is_half(name) || *name == '.' ? MAILDIR_DIRECTORY : MAILDIR_OTHER;
	if (*folder && (of_root || maildir_folder_fault(folder)))
		ret->kind = MAILDIR_OTHER;
	if (ret->kind == MAILDIR_OTHER)
		return;
	ret->root = join(p, root);
	ret->folder = text_copy(folder);
	ret->name = text_copy(name);
}

void maildir_judge(const char *path, struct maildir_place *ret)
{
	struct path p = split(path);

	*ret = (struct maildir_place){ .kind = MAILDIR_OTHER };
	if (p.hostile) {
		ret->kind = MAILDIR_HOSTILE;
		ret->reason = *path == '/' ? "a path from the root of the machine" : "a path with \"..\" in it";
	} else if (p.n && !p.deep) {
		const char *above = p.n > 1 ? p.part[p.n - 2] : "";

		if (is_half(above))
			judge_message(&p, ret);
		else if (strcmp(above, "sieve") == 0)
			judge_script(&p, ret);
		else
			judge_file(&p, ret);
	}
	free(p.text);
}

void maildir_place_free(struct maildir_place *p)
{
	free(p->root);
	free(p->folder);
	free(p->name);
}
