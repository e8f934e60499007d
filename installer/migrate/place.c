#include "migrate/place.h"
#include "host/seam.h"
#include "mail/dovecot_files.h"
#include "migrate/place_folder.h"
#include "migrate/place_lock.h"
#include "migrate/tree.h"
#include "migrate/worker.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUBSCRIPTIONS_MAX (4U << 20)

static struct error *read_names(int at, const char *name, bool courier, struct list *ret)
{
	CLEAN(bytes) struct bytes content = { 0 };
	bool exists;

	TRY(tree_read(at, name, SUBSCRIPTIONS_MAX, &content, &exists));
	subscriptions_read(&content, courier, ret);
	return NULL;
}

static struct error *place_subscriptions(const struct placing *p)
{
	CLEAN(list) struct list names = { 0 }, before = { 0 };
	CLEAN(bytes) struct bytes content = { 0 };
	CLEAN(dotlock) struct dotlock lock = DOTLOCK_NONE;

	TRY(read_names(p->staged, "subscriptions", false, &names));
	TRY(read_names(p->staged, "courierimapsubscribed", true, &names));
	if (!names.n)
		return NULL;
	TRY(dotlock_take(p->here, "subscriptions", p->staged, &lock));
	TRY(read_names(p->here, "subscriptions", false, &before));
	TRY(read_names(p->here, "subscriptions", false, &names));
	if (names.n == before.n)
		return NULL;
	subscriptions_write(&names, &content);
	return dotlock_publish_bytes(&lock, content.data, content.size);
}

struct scripts {
	int from, to;
};

/* A script of that name that is here already stays. */
static struct error *place_script(void *context, const char *name, ino_t inode)
{
	struct scripts *s = context;

	(void)inode;
	TRY(seam("script", name));
	if (renameat2(s->from, name, s->to, name, RENAME_NOREPLACE) < 0 && errno != EEXIST)
		return fail_errno(errno, "cannot move the script %s in", name);
	return NULL;
}

/* The script in use, where none is in use here. */
static struct error *activate(const struct placing *p, int scripts)
{
	CLEAN(bytes) struct bytes name = { 0 };
	struct stat st;
	bool exists;

	TRY(tree_read(p->staged, "active", 256, &name, &exists));
	if (!name.size || fstatat(scripts, name.data, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return NULL;
	TRY(seam("activate", name.data));
	if (symlinkat(name.data, scripts, ACTIVE_SCRIPT) < 0 && errno != EEXIST)
		return fail_errno(errno, "cannot activate the script %s", name.data);
	return NULL;
}

static struct error *place_scripts(const struct placing *p)
{
	CLEAN(fd) int from = tree_open(p->staged, "sieve", O_RDONLY | O_DIRECTORY, 0);
	CLEAN(fd) int to = -1;
	struct scripts s;

	if (from < 0)
		return NULL;
	TRY(tree_make(p->here, "sieve", &to));
	s = (struct scripts){ from, to };
	TRY(tree_each(from, place_script, &s));
	return activate(p, to);
}

static struct error *make_inbox(int here)
{
	static const char *const parts[] = { "cur", "new", "tmp" };

	for (size_t i = 0; i < 3; i++) {
		CLEAN(fd) int fd = -1;

		TRY(tree_make(here, parts[i], &fd));
	}
	return NULL;
}

static struct error *finish_folder(const struct placing *p, const struct folder *f)
{
	CLEAN(fd) int staged = tree_open(p->staged, *f->name ? f->name : ".", O_RDONLY | O_DIRECTORY, 0);

	if (staged < 0)
		return errno == ENOENT ? NULL : fail_errno(errno, "cannot open the staged folder %s", f->name);
	TRY(folder_finish(staged));
	return *f->name ? tree_write(staged, "maildirfolder", "", 0) : NULL;
}

static struct error *finish_subscriptions(const struct placing *p)
{
	CLEAN(list) struct list names = { 0 };
	CLEAN(bytes) struct bytes content = { 0 };

	TRY(read_names(p->staged, "subscriptions", false, &names));
	TRY(read_names(p->staged, "courierimapsubscribed", true, &names));
	if (names.n) {
		subscriptions_write(&names, &content);
		TRY(tree_write(p->staged, "subscriptions", content.data, content.size));
	}
	return tree_remove(p->staged, "courierimapsubscribed");
}

/* A mailbox that is not there yet appears whole, by one rename. */
static struct error *place_whole_mailbox(struct placing *p, bool *ret_placed)
{
	const char *path = p->mailbox->path, *slash = strchr(path, '/');
	CLEAN(free) char *domain = text_copy_n(path, (size_t)(slash - path)), *name = text("%zu", p->number);
	CLEAN(fd) int above = -1, scripts = tree_open(p->staged, "sieve", O_RDONLY | O_DIRECTORY, 0);
	struct stat st;

	*ret_placed = false;
	TRY(tree_make(p->im->mail, domain, &above));
	if (fstatat(above, slash + 1, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return NULL;
	TRY(make_inbox(p->staged));
	for (size_t i = 0; i < p->mailbox->n; i++)
		TRY(finish_folder(p, &p->mailbox->folders[i]));
	TRY(finish_subscriptions(p));
	if (scripts >= 0)
		TRY(activate(p, scripts));
	TRY(tree_remove(p->staged, "active"));
	if (syncfs(p->im->mail) < 0)
		return fail_errno(errno, "cannot write %s to disk", MAILBOX_ROOT);
	TRY(seam("rename-mailbox", path));
	*ret_placed = renameat2(p->im->staging, name, above, slash + 1, RENAME_NOREPLACE) == 0;
	return *ret_placed || errno == EEXIST ? NULL : fail_errno(errno, "cannot move the mailbox %s in", path);
}

/* Into a mailbox that is there. */
static struct error *merge_mailbox(struct placing *p)
{
	CLEAN(fd) int here = -1;

	TRY(tree_make(p->im->mail, p->mailbox->path, &here));
	p->here = here;
	TRY(make_inbox(here));
	for (size_t i = 0; i < p->mailbox->n; i++) {
		TRY(place_folder(p, &p->mailbox->folders[i]));
		TRY(worker_tell(p->im, json_pack("{sI}", "placed", (json_int_t)i)));
	}
	TRY(place_subscriptions(p));
	return place_scripts(p);
}

static struct error *place_mailbox(struct import *im, size_t number)
{
	const struct mailbox *m = &im->report.mailboxes[number];
	CLEAN(free) char *name = text("%zu", number);
	CLEAN(fd) int staged = tree_open(im->staging, name, O_RDONLY | O_DIRECTORY, 0);
	bool placed;

	if (!m->path || staged < 0)
		return NULL;
	struct placing p = {
		.im = im,
		.mailbox = m,
		.number = number,
		.staged = staged,
		.here = -1,
		.connected = list_has(&im->sessions, m->address),
	};
	TRY(place_whole_mailbox(&p, &placed));
	return placed ? NULL : merge_mailbox(&p);
}

static struct error *count_one(void *context, const char *name, ino_t inode)
{
	(void)inode;
	if (*name != '.')
		++*(uint64_t *)context;
	return NULL;
}

struct error *count_files(struct import *im)
{
	static const char *const halves[] = { "cur", "new" };

	for (size_t i = 0; i < im->report.n; i++)
		for (size_t k = 0; im->report.mailboxes[i].path && k < im->report.mailboxes[i].n; k++) {
			struct folder *f = &im->report.mailboxes[i].folders[k];

			f->files = 0;
			for (size_t half = 0; half < 2; half++) {
				CLEAN(free) char *path = text("%s/%s/%s", im->report.mailboxes[i].path, f->name, halves[half]);
				CLEAN(fd) int fd = tree_open(im->mail, path, O_RDONLY | O_DIRECTORY, 0);

				if (fd >= 0)
					TRY(tree_each(fd, count_one, &f->files));
			}
		}
	return NULL;
}

struct error *place(struct import *im)
{
	CLEAN(free) char *name = text(STAGING_NAME, im->number);

	/* What is renamed must be durable before. */
	if (syncfs(im->mail) < 0)
		return fail_errno(errno, "cannot write %s to disk", MAILBOX_ROOT);
	im->staging = tree_open(im->mail, name, O_RDONLY | O_DIRECTORY, 0);
	for (size_t i = 0; im->staging >= 0 && i < im->report.n; i++)
		TRY(place_mailbox(im, i));
	if (syncfs(im->mail) < 0)
		return fail_errno(errno, "cannot write %s to disk", MAILBOX_ROOT);
	TRY(seam("sweep", name));
	TRY(tree_remove(im->mail, name));
	return count_files(im);
}
