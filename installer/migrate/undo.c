#include "migrate/undo.h"
#include "host/seam.h"
#include "mail/maildir.h"
#include "migrate/tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* 16 bytes a message. */
struct brought {
	uint64_t inode;
	uint32_t folder; /* its number in the report */
	uint32_t name;	 /* a hash of BASE */
};

struct undoing {
	struct import *im;
	struct brought *v;
	size_t n, space;
	uint32_t folder;
	int directory;
	struct undone *counts;
};

static uint32_t hash_of(const char *s, size_t n)
{
	uint32_t h = 2166136261;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 16777619;
	return h;
}

static int compare(const void *a, const void *b)
{
	const struct brought *x = a, *y = b;

	if (x->folder != y->folder)
		return x->folder < y->folder ? -1 : 1;
	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

static struct error *read_line(struct undoing *u, const char *line, size_t size)
{
	size_t mailbox, folder;
	unsigned long long inode;
	int at = 0;

	if (sscanf(line, "%zu %zu %llu %n", &mailbox, &folder, &inode, &at) < 3 || !at || mailbox >= u->im->report.n ||
		folder >= u->im->report.mailboxes[mailbox].n)
		return fail(ERR_STOPPED, "the list of the import is damaged; nothing was removed");
	if (u->n == u->space) {
		u->space = u->space + u->space / 2 + 1024;
		u->v = reallocate(u->v, u->space, sizeof(*u->v));
	}
	u->v[u->n++] = (struct brought){
		.inode = inode,
		.folder = u->im->report.mailboxes[mailbox].folders[folder].number,
		.name = hash_of(line + at, size - (size_t)at),
	};
	return NULL;
}

static struct error *read_list(struct undoing *u)
{
	int fd = dup(u->im->list);
	CLEAN(fclose) FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	CLEAN(free) char *line = NULL;
	size_t space = 0;
	ssize_t n;

	if (!f)
		return fail_errno(errno, "cannot read the list of the import");
	rewind(f);
	while ((n = getline(&line, &space, f)) > 0) {
		while (n && line[n - 1] == '\n')
			line[--n] = '\0';
		TRY(read_line(u, line, (size_t)n));
	}
	if (ferror(f))
		return fail_errno(errno, "cannot read the list of the import");
	if (u->n)
		qsort(u->v, u->n, sizeof(*u->v), compare);
	return NULL;
}

/* By place_folder.c, since another message had its name. */
static bool was_renamed(const char *name, const struct maildir_name *n, ino_t inode)
{
	CLEAN(free) char *mark = text(".I%llu_", (unsigned long long)inode), *base = text_copy_n(name, n->base);

	return strstr(base, mark) && ends_with(base, ".import");
}

static struct error *remove_ours(void *context, const char *name, ino_t inode)
{
	struct undoing *u = context;
	struct brought key = { .inode = inode, .folder = u->folder };
	const struct brought *found = u->n ? bsearch(&key, u->v, u->n, sizeof(*u->v), compare) : NULL;
	struct maildir_name n;

	if (!found || maildir_name_read(name, &n) || (hash_of(name, n.base) != found->name && !was_renamed(name, &n, inode)))
		return NULL;
	TRY(seam("undo", name));
	if (unlinkat(u->directory, name, 0) < 0)
		return errno == ENOENT ? NULL : fail_errno(errno, "cannot remove the message %s", name);
	u->counts->removed++;
	return NULL;
}

static struct error *undo_half(struct undoing *u, int folder, const char *half)
{
	CLEAN(fd) int fd = tree_open(folder, half, O_RDONLY | O_DIRECTORY, 0);
	uint64_t before;

	if (fd < 0)
		return errno == ENOENT ? NULL : fail_errno(errno, "cannot open %s of a folder", half);
	u->directory = fd;
	/* A directory that changes while it is read may pass names over. */
	do {
		before = u->counts->removed;
		TRY(tree_each(fd, remove_ours, u));
	} while (u->counts->removed != before);
	return NULL;
}

/* A folder without a message that the import had made goes, with what Dovecot keeps in it. */
static struct error *remove_empty_folder(int mailbox, const struct folder *f)
{
	static const char *const parts[] = { "tmp", "new", "cur" };

	if (!*f->name || !f->made)
		return NULL;
	CLEAN(fd) int folder = tree_open(mailbox, f->name, O_RDONLY | O_DIRECTORY, 0);
	for (size_t i = 0; folder >= 0 && i < 3; i++)
		if (unlinkat(folder, parts[i], AT_REMOVEDIR) < 0 && errno != ENOENT) {
			/* Mail has come in. */
			while (i > 0)
				if (mkdirat(folder, parts[--i], 0700) < 0 && errno != EEXIST)
					return fail_errno(errno, "cannot make %s of the folder %s", parts[i], f->name);
			return NULL;
		}
	return tree_remove(mailbox, f->name);
}

static struct error *undo_folder(struct undoing *u, int mailbox, const struct folder *f)
{
	CLEAN(fd) int folder = tree_open(mailbox, *f->name ? f->name : ".", O_RDONLY | O_DIRECTORY, 0);

	if (folder < 0)
		return errno == ENOENT ? NULL : fail_errno(errno, "cannot open the folder %s", f->name);
	u->folder = f->number;
	TRY(undo_half(u, folder, "cur"));
	TRY(undo_half(u, folder, "new"));
	return remove_empty_folder(mailbox, f);
}

struct error *undo_import(struct import *im, struct undone *ret)
{
	struct undoing u = { .im = im, .counts = ret };

	*ret = (struct undone){ 0 };
	struct error *e = read_list(&u);
	for (size_t i = 0; !e && i < im->report.n; i++) {
		const struct mailbox *m = &im->report.mailboxes[i];
		CLEAN(fd) int mailbox = m->path ? tree_open(im->mail, m->path, O_RDONLY | O_DIRECTORY, 0) : -1;

		if (m->path && mailbox < 0 && errno != ENOENT)
			e = fail_errno(errno, "cannot open the mailbox %s", m->path);
		for (size_t k = 0; mailbox >= 0 && !e && k < m->n; k++)
			e = undo_folder(&u, mailbox, &m->folders[k]);
	}
	ret->gone = u.n - ret->removed;
	free(u.v);
	if (!e && syncfs(im->mail) < 0)
		e = fail_errno(errno, "cannot write %s to disk", MAILBOX_ROOT);
	return e;
}
