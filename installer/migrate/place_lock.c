#include "migrate/place_lock.h"
#include "base/memory.h"
#include "host/seam.h"
#include "migrate/tree.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STALE_SECONDS 120
#define WAIT_SECONDS  180
#define TRY_MS	      100

static bool is_same(int at, const char *name, const struct stat *mine)
{
	struct stat there;

	return fstatat(at, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && there.st_ino == mine->st_ino && there.st_dev == mine->st_dev;
}

/* The file in staging that is, or will be, the lock. */
static struct error *own_file(int at, const char *name, const char *lock, int staging, int *ret_fd)
{
	struct stat mine;

	for (unsigned i = 0; i < 2; i++) {
		CLEAN(fd) int fd = tree_open(staging, lock, O_RDWR | O_CREAT, 0600);

		if (fd < 0 || fstat(fd, &mine) < 0)
			return fail_errno(errno, "cannot make %s", lock);
		if (!is_same(at, name, &mine)) {
			*ret_fd = fd;
			fd = -1;
			return NULL;
		}
		/* It was published, and then came the kill: it is the mailbox's now. */
		unlinkat(staging, lock, 0);
	}
	return fail(ERR_STOPPED, "cannot make %s", lock);
}

static void remove_stale(int at, const char *lock)
{
	struct stat there;

	if (fstatat(at, lock, &there, AT_SYMLINK_NOFOLLOW) == 0 && time(NULL) - there.st_mtime >= STALE_SECONDS)
		unlinkat(at, lock, 0);
}

static struct error *say_who(int fd, const char *lock)
{
	char host[256] = "";

	gethostname(host, sizeof(host) - 1);
	CLEAN(free) char *who = text("%d:%s", (int)getpid(), host);
	if (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return fail_errno(errno, "cannot write %s", lock);
	return write_all(fd, who, strlen(who), lock);
}

struct error *dotlock_take(int at, const char *name, int staging, struct dotlock *ret)
{
	CLEAN(free) char *lock = text("%s.lock", name);
	CLEAN(fd) int fd = -1;
	struct stat mine;

	TRY(own_file(at, name, lock, staging, &fd));
	if (fstat(fd, &mine) < 0)
		return fail_errno(errno, "cannot make %s", lock);
	TRY(say_who(fd, lock));
	/* Looked at after that: one that names a dead process is Dovecot's to take. */
	bool again = is_same(at, lock, &mine);
	for (unsigned i = 0; i < WAIT_SECONDS * 1000 / TRY_MS; i++) {
		TRY(seam("lock", name));
		if (again || linkat(staging, lock, at, lock, 0) == 0) {
			*ret = (struct dotlock){ .at = at, .name = name, .staging = staging, .fd = fd, .again = again };
			fd = -1;
			return NULL;
		}
		if (errno != EEXIST)
			return fail_errno(errno, "cannot make %s", lock);
		remove_stale(at, lock);
		poll(NULL, 0, TRY_MS);
	}
	return fail(ERR_BUSY, "%s of a mailbox stays locked by Dovecot; run `mailsetup resume` later", name);
}

static bool is_ours(const struct dotlock *l, const char *lock)
{
	struct stat mine;

	return fstat(l->fd, &mine) == 0 && is_same(l->at, lock, &mine);
}

static struct error *publish(struct dotlock *l, const char *lock)
{
	if (fsync(l->fd) < 0)
		return fail_errno(errno, "cannot write %s", lock);
	if (!is_ours(l, lock))
		return fail(ERR_BUSY, "Dovecot took %s over; run `mailsetup resume`", lock);
	TRY(seam("publish", l->name));
	if (renameat(l->at, lock, l->at, l->name) < 0)
		return fail_errno(errno, "cannot rename %s", lock);
	TRY(seam("published", l->name));
	unlinkat(l->staging, lock, 0);
	close(l->fd);
	l->fd = -1;
	return NULL;
}

struct error *dotlock_publish_bytes(struct dotlock *l, const void *data, size_t size)
{
	CLEAN(free) char *lock = text("%s.lock", l->name);

	if (ftruncate(l->fd, 0) < 0 || lseek(l->fd, 0, SEEK_SET) < 0)
		return fail_errno(errno, "cannot write %s", lock);
	TRY(write_all(l->fd, data, size, lock));
	return publish(l, lock);
}

struct error *dotlock_publish(struct dotlock *l, int from)
{
	CLEAN(free) char *lock = text("%s.lock", l->name);
	char buffer[65536];
	ssize_t n;

	if (ftruncate(l->fd, 0) < 0 || lseek(l->fd, 0, SEEK_SET) < 0)
		return fail_errno(errno, "cannot write %s", lock);
	for (off_t at = 0; (n = pread(from, buffer, sizeof(buffer), at)) > 0; at += n)
		TRY(write_all(l->fd, buffer, (size_t)n, lock));
	return n < 0 ? fail_errno(errno, "cannot read the new %s", l->name) : publish(l, lock);
}

void dotlock_drop(struct dotlock *l)
{
	CLEAN(free) char *lock = text("%s.lock", l->name);

	if (is_ours(l, lock))
		unlinkat(l->at, lock, 0);
	unlinkat(l->staging, lock, 0);
	dotlock_leave(l);
}

void dotlock_leave(struct dotlock *l)
{
	close(l->fd);
	l->fd = -1;
}
