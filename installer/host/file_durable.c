#include "host/beneath.h"

#include "host/seam.h"
#include <fcntl.h>
#include <unistd.h>

struct error *mode_check(const char *path, mode_t mode)
{
	if (mode & ~(mode_t)0777)
		return fail(ERR_STOPPED,
			"refusing mode %04o for %s: mailsetup sets no setuid, setgid or sticky bit",
			(unsigned)mode, path);
	return NULL;
}

struct error *target_check(const char *path, const struct file_info *info)
{
	if (!info->exists)
		return NULL;
	if (S_ISLNK(info->mode))
		return fail(ERR_STOPPED,
			"refusing to change %s: it is a symbolic link; put what it points to in its place",
			path);
	if (!S_ISREG(info->mode))
		return fail(ERR_STOPPED, "refusing to change %s: it is not a regular file; move it away", path);
	if (info->links > 1)
		return fail(ERR_STOPPED,
			"refusing to change %s: it has another name (hard link); make it a file of its own",
			path);
	return NULL;
}

int descriptor_readable(int fd)
{
	CLEAN(free) char *magic = text("/proc/self/fd/%d", fd);

	return open(magic, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

struct error *descriptor_read(int fd, const char *path, size_t limit, struct bytes *ret)
{
	char block[16384];
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(errno, "cannot read %s", path);
		if ((size_t)n > limit - ret->size)
			return fail(ERR_STOPPED, "%s is larger than %zu bytes", path, limit);
		bytes_add(ret, block, (size_t)n);
	}
	explicit_bzero(block, sizeof(block));
	return NULL;
}

static struct error *write_all(int fd, const char *path, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(errno, "cannot write %s", path);
		data += n;
		size -= (size_t)n;
	}
	return NULL;
}

struct error *descriptor_finish(int fd, const char *path, const struct attributes *a)
{
	/* The owner first: a change of owner clears bits of the mode. */
	TRY(seam("chown", path));
	if (fchown(fd, a->uid, a->gid) < 0)
		return fail_errno(errno, "cannot set the owner of %s", path);
	TRY(seam("chmod", path));
	if (fchmod(fd, a->mode) < 0)
		return fail_errno(errno, "cannot set the mode of %s", path);
	if (a->image)
		TRY(image_apply(fd, path, a->image));
	TRY(seam("fsync", path));
	if (fsync(fd) < 0)
		return fail_errno(errno, "cannot make %s durable", path);
	return NULL;
}

static struct error *place_rename(const struct place *p)
{
	TRY(seam("rename", p->path));
	if (renameat(p->directory, p->temporary, p->directory, p->name) < 0)
		return fail_errno(errno, "cannot put the new %s in its place", p->path);
	return NULL;
}

static struct error *write_temporary(const struct place *p, const void *data, size_t size,
	const struct attributes *a)
{
	TRY(seam("write", p->path));
	CLEAN(fd) int fd = openat(p->directory, p->temporary,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_errno(errno, "cannot write beside %s", p->path);
	TRY(write_all(fd, p->path, data, size));
	return descriptor_finish(fd, p->path, a);
}

static struct error *link_temporary(const struct place *p, const char *target, const struct file_image *image)
{
	TRY(seam("symlink", p->path));
	if (symlinkat(target, p->directory, p->temporary) < 0)
		return fail_errno(errno, "cannot make the link %s", p->path);
	if (!image)
		return NULL;
	const struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, image->info.mtime };
	TRY(seam("chown", p->path));
	if (fchownat(p->directory, p->temporary, image->info.uid, image->info.gid, AT_SYMLINK_NOFOLLOW) < 0 ||
		utimensat(p->directory, p->temporary, times, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_errno(errno, "cannot set owner and time of the link %s", p->path);
	return NULL;
}

/* The temporary stands: rename it, or, where anything failed, leave nothing of it behind. */
static struct error *place_conclude(const struct place *p, struct error *e)
{
	if (!e)
		e = place_rename(p);
	if (e) {
		unlinkat(p->directory, p->temporary, 0);
		return e;
	}
	return place_sync(p);
}

struct error *place_write(const struct place *p, const void *data, size_t size, const struct attributes *a)
{
	bool removed;

	TRY(place_unlink(p, p->temporary, &removed));
	return place_conclude(p, write_temporary(p, data, size, a));
}

struct error *place_link(const struct place *p, const char *target, const struct file_image *image)
{
	bool removed;

	TRY(place_unlink(p, p->temporary, &removed));
	return place_conclude(p, link_temporary(p, target, image));
}
