#include "migrate/stage_folder.h"
#include "host/seam.h"
#include "migrate/tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define RESCANS_MAX 1000
#define ALIASES_MAX 1000 /* messages whose name had to change; a hard link to one more than that is refused */

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
	for (size_t i = 0; i < t->n_aliases; i++) {
		free(t->aliases[i].archive);
		free(t->aliases[i].staged);
	}
	free(t->aliases);
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
		return errno == ENOENT ? NULL : fail_errno(errno, "cannot open %s/%s", MAILBOX_ROOT, here);
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

static struct error *open_entry(struct target *t, const char *base, size_t size, struct index_entry e, int *ret_fd)
{
	CLEAN(bytes) struct bytes name = { 0 };
	CLEAN(free) char *odd = NULL;

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

/* A client has read or marked messages since they were looked for, and so their names are others. */
static struct error *rescan(struct target *t)
{
	if (t->rescans++ > RESCANS_MAX)
		return NULL;
	for (size_t half = 0; half < 2; half++) {
		struct scan scan = { t, HERE | (half ? IN_NEW : 0) };

		if (t->here[half] >= 0)
			TRY(tree_each(t->here[half], scan_name, &scan));
	}
	return NULL;
}

struct error *target_known(struct target *t, const char *base, size_t size, int *ret_fd)
{
	struct index_entry e;

	*ret_fd = -1;
	for (unsigned i = 0; i < 2 && *ret_fd < 0; i++) {
		if (!index_find(t->index, target_folder(t)->number, base, size, &e))
			return NULL;
		TRY(open_entry(t, base, size, e, ret_fd));
		if (*ret_fd < 0 && !i && e.where & HERE)
			TRY(rescan(t));
	}
	return NULL;
}

void target_present(struct target *t, const char *base, size_t size)
{
	struct index_entry e;

	if (!index_find(t->index, target_folder(t)->number, base, size, &e))
		return;
	e.where |= SAME;
	index_add(t->index, target_folder(t)->number, base, size, e);
}

void target_alias(struct target *t, const char *archive, size_t size, const char *staged, size_t staged_size)
{
	if (t->n_aliases == ALIASES_MAX)
		return;
	t->aliases = reallocate(t->aliases, t->n_aliases + 1, sizeof(*t->aliases));
	t->aliases[t->n_aliases++] = (struct alias){
		.folder = target_folder(t)->number,
		.archive = text_copy_n(archive, size),
		.staged = text_copy_n(staged, staged_size),
	};
}

struct error *target_linked(struct target *t, const char *base, size_t size, int *ret_fd)
{
	struct index_entry e;

	*ret_fd = -1;
	for (size_t i = t->n_aliases; i-- > 0;) {
		const struct alias *a = &t->aliases[i];

		if (a->folder == target_folder(t)->number && strlen(a->archive) == size && memcmp(a->archive, base, size) == 0) {
			base = a->staged;
			size = strlen(base);
			break;
		}
	}
	if (!index_find(t->index, target_folder(t)->number, base, size, &e) || (e.where & HERE && !(e.where & SAME)))
		return NULL;
	return target_known(t, base, size, ret_fd);
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
	const char *wanted = base;
	size_t wanted_size = size;
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
		if (base != wanted)
			target_alias(t, wanted, wanted_size, base, size);
	}
	return *ret_fd >= 0 ? NULL : fail(ERR_STOPPED, "no free name for a message in the import");
}
