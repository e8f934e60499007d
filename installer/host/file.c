#include "host/file.h"

#include "host/beneath.h"
#include "host/seam.h"
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

struct error *file_open(struct host *h, const char *path, int flags, int *ret_fd)
{
	int fd = beneath_open(h, path, flags);

	if (fd < 0)
		return beneath_error(h, errno, path, "cannot open %s", path);
	*ret_fd = fd;
	return NULL;
}

struct error *file_stat(struct host *h, const char *path, struct file_info *ret)
{
	struct stat st;

	*ret = (struct file_info){ 0 };
	CLEAN(fd) int fd = beneath_open(h, path, O_PATH | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return NULL;
	if (fd < 0 || fstat(fd, &st) < 0)
		return beneath_error(h, errno, path, "cannot look at %s", path);
	file_info_set(ret, &st);
	return NULL;
}

struct error *file_read(struct host *h, const char *path, size_t limit, struct bytes *ret)
{
	struct stat st;

	/* Non-blocking: a FIFO in the file's place must not hang us. */
	CLEAN(fd) int fd = beneath_open(h, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return beneath_error(h, errno, path, "cannot read %s", path);
	if (!S_ISREG(st.st_mode))
		return fail(ERR_STOPPED, "cannot read %s: it is not a regular file", path);
	return descriptor_read(fd, path, limit, ret);
}

struct error *file_write(struct host *h, const char *path, const void *data, size_t size, uid_t uid, gid_t gid,
	mode_t mode)
{
	CLEAN(place) struct place place = PLACE_INIT;
	struct file_info info;

	TRY(mode_check(path, mode));
	TRY(place_open(h, path, &place, NULL));
	TRY(place_stat(&place, &info));
	TRY(target_check(path, &info));
	return place_write(&place, data, size, &(struct attributes){ .uid = uid, .gid = gid, .mode = mode });
}

struct error *file_set_attributes(struct host *h, const char *path, uid_t uid, gid_t gid, mode_t mode)
{
	struct file_info info;
	struct stat st;

	TRY(mode_check(path, mode));
	CLEAN(fd) int anchor = beneath_open(h, path, O_PATH);
	if (anchor < 0 || fstat(anchor, &st) < 0)
		return beneath_error(h, errno, path, "cannot set mode and owner of %s", path);
	file_info_set(&info, &st);
	if (!S_ISDIR(info.mode))
		TRY(target_check(path, &info));
	CLEAN(fd) int fd = descriptor_readable(anchor);
	if (fd < 0)
		return fail_errno(errno, "cannot open %s", path);
	return descriptor_finish(fd, path, &(struct attributes){ .uid = uid, .gid = gid, .mode = mode });
}

struct error *file_make_link(struct host *h, const char *path, const char *target)
{
	CLEAN(place) struct place place = PLACE_INIT;
	struct file_info info;

	TRY(place_open(h, path, &place, NULL));
	TRY(place_stat(&place, &info));
	if (info.exists && !S_ISLNK(info.mode))
		return fail(ERR_STOPPED,
			"cannot make the link %s: something else has that name; move it away", path);
	return place_link(&place, target, NULL);
}

struct error *file_remove(struct host *h, const char *path)
{
	CLEAN(place) struct place place = PLACE_INIT;
	bool exists, removed;

	TRY(place_open(h, path, &place, &exists));
	if (!exists)
		return NULL;
	TRY(place_unlink(&place, place.name, &removed));
	/* Also when it was gone already: a kill may have come between an earlier unlink and its fsync. */
	return place_sync(&place);
}

struct error *file_sweep(struct host *h, const char *path)
{
	CLEAN(place) struct place place = PLACE_INIT;
	bool exists, removed;

	TRY(place_open(h, path, &place, &exists));
	if (!exists)
		return NULL;
	TRY(place_unlink(&place, place.temporary, &removed));
	return removed ? place_sync(&place) : NULL;
}

/* The nearest parent that exists; the root always does. */
static int open_nearest(struct host *h, const char *path)
{
	CLEAN(free) char *nearest = text_copy(path);
	int fd;

	while ((fd = beneath_open(h, nearest, O_PATH)) < 0 && errno == ENOENT) {
		char *slash = strrchr(nearest, '/');

		slash[slash == nearest] = '\0';
	}
	return fd;
}

struct error *file_space(struct host *h, const char *path, uint64_t *ret_bytes, uint64_t *ret_inodes,
	bool *ret_read_only)
{
	struct statvfs v;

	CLEAN(fd) int fd = open_nearest(h, path);
	if (fd < 0)
		return beneath_error(h, errno, path, "cannot look at %s", path);
	if (fstatvfs(fd, &v) < 0)
		return fail_errno(errno, "cannot measure the file system of %s", path);
	*ret_bytes = (uint64_t)v.f_bavail * v.f_frsize;
	/* Some file systems (btrfs) have no fixed number of inodes and say 0. */
	*ret_inodes = v.f_files ? v.f_favail : UINT64_MAX;
	*ret_read_only = v.f_flag & ST_RDONLY;
	return NULL;
}

struct error *file_resolve(struct host *h, const char *path, char **ret)
{
	const char *root = host_is_real(h) ? "" : host_root(h);
	CLEAN(free) char *given = text("%s%s", root, path);
	CLEAN(free) char *real = realpath(given, NULL);

	if (!real)
		return fail_errno(errno, "cannot find %s", path);
	if (!starts_with(real, root) || real[strlen(root)] != '/')
		return fail(ERR_STOPPED, "%s leads out of %s", path, root);
	*ret = text_copy(real + strlen(root));
	return NULL;
}
