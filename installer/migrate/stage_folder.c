#include "migrate/stage_folder.h"
#include "host/seam.h"
#include "migrate/tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static const char *const halves[] = { "cur", "new" };

static void close_directories(struct target *t)
{
	for (size_t i = 0; i < 2; i++) {
		fd_cleanup(&t->staged[i]);
		fd_cleanup(&t->here[i]);
		t->staged[i] = t->here[i] = -1;
	}
}

void target_close(struct target *t)
{
	close_directories(t);
	index_free(t->index);
}

struct folder *target_folder(const struct target *t)
{
	return &t->im->report.mailboxes[t->mailbox].folders[t->folder];
}

struct scan {
	struct target *t;
	uint8_t where;
};

static struct error *scan_name(void *context, const char *name, ino_t inode)
{
	struct scan *scan = context;
	struct maildir_name n;

	(void)inode;
	if (!maildir_name_read(name, &n))
		index_add(scan->t->index, target_folder(scan->t)->number, name, n.base,
			(struct index_entry){ n.flags, scan->where | (n.info ? INFO : 0) | (n.odd ? ODD : 0) });
	return NULL;
}

static struct error *open_half(struct target *t, size_t half)
{
	const struct mailbox *m = &t->im->report.mailboxes[t->mailbox];
	const struct folder *f = target_folder(t);
	struct scan scan = { t, HERE | (half ? IN_NEW : 0) };

	if (f->staged) {
		CLEAN(free) char *staged = text("%zu/%s/%s", t->mailbox, f->name, halves[half]);

		t->staged[half] = tree_open(t->im->staging, staged, O_RDONLY | O_DIRECTORY, 0);
		if (t->staged[half] < 0)
			return fail_errno(errno, "cannot open %s of the import", staged);
	}
	CLEAN(free) char *here = text("%s/%s/%s", m->path, f->name, halves[half]);
	t->here[half] = tree_open(t->im->mail, here, O_RDONLY | O_DIRECTORY, 0);
	if (t->here[half] < 0)
		return errno == ENOENT ? NULL : fail_errno(errno, "cannot open " MAILBOXES "/%s", here);
	return f->scanned ? NULL : tree_each(t->here[half], scan_name, &scan);
}

static struct error *make_folder(struct target *t)
{
	static const char *const parts[] = { "cur", "new", "tmp" };
	struct folder *f = target_folder(t);

	if (f->staged || t->im->dry)
		return NULL;
	for (size_t i = 0; i < 3; i++) {
		CLEAN(free) char *path = text("%zu/%s/%s", t->mailbox, f->name, parts[i]);
		CLEAN(fd) int fd = -1;

		TRY(seam("stage-folder", path));
		TRY(tree_make(t->im->staging, path, &fd));
	}
	f->staged = true;
	return NULL;
}

struct error *target_open(struct target *t, size_t mailbox, const char *folder)
{
	struct mailbox *m = &t->im->report.mailboxes[mailbox];
	size_t found = (size_t)(report_folder(&t->im->report, m, folder) - m->folders);

	if (t->mailbox == mailbox && t->folder == found && target_folder(t)->scanned)
		return NULL;
	close_directories(t);
	t->mailbox = mailbox;
	t->folder = found;
	if (!m->path)
		return NULL;
	TRY(make_folder(t));
	for (size_t half = 0; half < 2; half++)
		TRY(open_half(t, half));
	if (!target_folder(t)->scanned)
		target_folder(t)->made = t->here[0] < 0 && t->here[1] < 0;
	target_folder(t)->scanned = true;
	return NULL;
}

struct search {
	const char *base;
	size_t size;
	char *found;
};

static struct error *search_name(void *context, const char *name, ino_t inode)
{
	struct search *s = context;
	struct maildir_name n;

	(void)inode;
	if (!s->found && !maildir_name_read(name, &n) && n.base == s->size && memcmp(name, s->base, n.base) == 0)
		s->found = text_copy(name);
	return NULL;
}

struct error *target_known(struct target *t, const char *base, size_t size, int *ret_fd)
{
	CLEAN(bytes) struct bytes name = { 0 };
	CLEAN(free) char *odd = NULL;
	struct index_entry e;

	*ret_fd = -1;
	if (!index_find(t->index, target_folder(t)->number, base, size, &e))
		return NULL;
	int directory = (e.where & HERE ? t->here : t->staged)[e.where & IN_NEW ? 1 : 0];
	if (directory < 0)
		return NULL;
	if (e.where & ODD) {
		struct search s = { .base = base, .size = size };

		TRY(tree_each(directory, search_name, &s));
		odd = s.found;
	} else {
		maildir_name_make(&name, base, size, e.where & INFO, e.flags);
	}
	if (odd || name.size)
		*ret_fd = tree_open(directory, odd ? odd : name.data, O_RDONLY | O_NONBLOCK, 0);
	return NULL;
}

/* As Dovecot makes them; the number makes it unique in this process, the process in this second. */
static char *fresh_base(void)
{
	static unsigned count;
	struct utsname system;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	uname(&system);
	for (char *p = system.nodename; *p; p++)
		if (*p <= ' ' || *p >= 0x7f || strchr("/:,", *p))
			*p = '_';
	return text("%lld.M%ldP%dQ%u.%s", (long long)now.tv_sec, now.tv_nsec / 1000, (int)getpid(), count++, system.nodename);
}

static struct error *create(struct target *t, size_t half, const char *name, int *ret_fd)
{
	TRY(seam("stage", name));
	*ret_fd = openat(t->staged[half], name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*ret_fd >= 0 || errno == EEXIST)
		return NULL;
	return fail_errno(errno, "cannot stage the message %s", name);
}

struct error *target_create(struct target *t, bool is_new, const char *base, size_t size, const struct maildir_name *n, int *ret_fd,
	char **ret_name)
{
	struct index_entry e;
	bool taken = index_find(t->index, target_folder(t)->number, base, size, &e);

	*ret_fd = -1;
	for (unsigned i = 0; i < 100 && *ret_fd < 0; i++) {
		CLEAN(free) char *other = taken || i ? fresh_base() : NULL;
		CLEAN(bytes) struct bytes name = { 0 };

		if (other) {
			base = other;
			size = strlen(other);
		}
		maildir_name_make(&name, base, size, n->info, n->flags);
		TRY(create(t, is_new, name.data, ret_fd));
		if (*ret_fd < 0)
			continue;
		index_add(t->index, target_folder(t)->number, base, size,
			(struct index_entry){ n->flags, (n->info ? INFO : 0) | (is_new ? IN_NEW : 0) });
		*ret_name = text_copy_n(base, size);
	}
	return *ret_fd >= 0 ? NULL : fail(ERR_STOPPED, "no free name for a message in the import");
}
