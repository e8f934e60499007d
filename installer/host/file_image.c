#include "host/beneath.h"

#include "host/seam.h"
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#define CONTENT_LIMIT ((size_t)256 << 20)
#define XATTR_LIMIT   65536 /* the kernel's own, for a value and for a list of names */

void file_image_free(struct file_image *i)
{
	bytes_wipe(&i->content);
	bytes_free(&i->xattrs);
	i->info = (struct file_info){ 0 };
}

/* Sorted; empty where the file system has none. */
static void xattr_names(int fd, struct list *ret)
{
	CLEAN(free) char *names = allocate(XATTR_LIMIT);
	ssize_t size = flistxattr(fd, names, XATTR_LIMIT);

	for (ssize_t at = 0; at < size; at += (ssize_t)strlen(names + at) + 1)
		list_add(ret, names + at);
	list_sort(ret);
}

static void capture_xattrs(int fd, struct bytes *ret)
{
	CLEAN(list) struct list names = { 0 };
	CLEAN(free) char *value = allocate(XATTR_LIMIT);

	xattr_names(fd, &names);
	for (size_t i = 0; i < names.n; i++) {
		ssize_t size = fgetxattr(fd, names.v[i], value, XATTR_LIMIT);

		if (size < 0)
			continue;
		const unsigned char little_endian[4] = { size & 0xff, size >> 8 & 0xff, size >> 16 & 0xff, 0 };
		bytes_add(ret, names.v[i], strlen(names.v[i]) + 1);
		bytes_add(ret, little_endian, sizeof(little_endian));
		bytes_add(ret, value, (size_t)size);
	}
}

struct xattr {
	const char *name;
	const char *value;
	size_t size;
};

/* The next of an image; false at the end, or where the image is cut short. */
static bool xattr_next(const struct bytes *xattrs, size_t *at, struct xattr *ret)
{
	const char *name = xattrs->data + *at, *end = xattrs->data + xattrs->size;
	const char *nul = *at < xattrs->size ? memchr(name, '\0', (size_t)(end - name)) : NULL;

	if (!nul || end - nul - 1 < 4)
		return false;
	const unsigned char *n = (const unsigned char *)nul + 1;
	size_t size = n[0] | (size_t)n[1] << 8 | (size_t)n[2] << 16 | (size_t)n[3] << 24;
	if (size > (size_t)(end - nul - 5))
		return false;
	*ret = (struct xattr){ .name = name, .value = nul + 5, .size = size };
	*at = (size_t)(ret->value + size - xattrs->data);
	return true;
}

static bool xattr_is_set(int fd, const struct xattr *x)
{
	CLEAN(free) char *value = allocate(XATTR_LIMIT);
	ssize_t size = fgetxattr(fd, x->name, value, XATTR_LIMIT);

	return size >= 0 && (size_t)size == x->size && memcmp(value, x->value, x->size) == 0;
}

/* Those of the image are set where they differ, others (an inherited ACL) removed. */
static struct error *xattrs_apply(int fd, const char *path, const struct bytes *xattrs)
{
	CLEAN(list) struct list present = { 0 }, wanted = { 0 };
	struct xattr x;
	size_t at = 0;

	while (xattr_next(xattrs, &at, &x)) {
		list_add(&wanted, x.name);
		if (!xattr_is_set(fd, &x) && fsetxattr(fd, x.name, x.value, x.size, 0) < 0)
			return fail_errno(errno, "cannot set the attribute %s of %s", x.name, path);
	}
	if (at != xattrs->size)
		return fail(ERR_STOPPED, "the stored attributes of %s are damaged", path);
	xattr_names(fd, &present);
	for (size_t i = 0; i < present.n; i++) {
		/* A security module owns its labels and gives every file one. */
		if (list_has(&wanted, present.v[i]) || starts_with(present.v[i], "security."))
			continue;
		if (fremovexattr(fd, present.v[i]) < 0 && errno != ENODATA && errno != EOPNOTSUPP)
			return fail_errno(errno, "cannot remove the attribute %s of %s", present.v[i], path);
	}
	return NULL;
}

struct error *image_apply(int fd, const char *path, const struct file_image *image)
{
	const struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, image->info.mtime };

	TRY(xattrs_apply(fd, path, &image->xattrs));
	if (futimens(fd, times) < 0)
		return fail_errno(errno, "cannot set the time of %s", path);
	return NULL;
}

static struct error *capture_link(int fd, const char *path, struct bytes *ret)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(fd, "", target, sizeof(target));

	if (n < 0)
		return fail_errno(errno, "cannot read the link %s", path);
	bytes_add(ret, target, (size_t)n);
	return NULL;
}

struct error *file_capture(struct host *h, const char *path, struct file_image *ret)
{
	CLEAN(file_image) struct file_image image = { 0 };
	struct stat st;

	*ret = (struct file_image){ 0 };
	CLEAN(fd) int anchor = beneath_open(h, path, O_PATH | O_NOFOLLOW);
	if (anchor < 0 && errno == ENOENT)
		return NULL;
	if (anchor < 0 || fstat(anchor, &st) < 0)
		return beneath_error(h, errno, path, "cannot look at %s", path);
	file_info_set(&image.info, &st);
	if (S_ISLNK(st.st_mode)) {
		TRY(capture_link(anchor, path, &image.content));
	} else if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) {
		CLEAN(fd) int fd = descriptor_readable(anchor);
		if (fd < 0)
			return fail_errno(errno, "cannot read %s", path);
		capture_xattrs(fd, &image.xattrs);
		if (S_ISREG(st.st_mode))
			TRY(descriptor_read(fd, path, CONTENT_LIMIT, &image.content));
	} else {
		return fail(ERR_STOPPED,
			"cannot keep %s: it is no file, directory or link; move it away", path);
	}
	*ret = image;
	image = (struct file_image){ 0 };
	return NULL;
}

static struct error *restore_absence(struct host *h, const char *path)
{
	struct file_info info;

	TRY(file_stat(h, path, &info));
	TRY(file_sweep(h, path));
	return S_ISDIR(info.mode) ? directory_remove(h, path) : file_remove(h, path);
}

static struct error *restore_directory(struct host *h, const char *path, const struct file_image *image)
{
	const struct file_info *info = &image->info;

	TRY(directory_make(h, path, info->uid, info->gid, info->mode & 0777));
	CLEAN(fd) int fd = beneath_open(h, path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return beneath_error(h, errno, path, "cannot restore %s", path);
	return descriptor_finish(fd, path,
		&(struct attributes){ .uid = info->uid, .gid = info->gid, .mode = info->mode & 07777,
			.image = image });
}

struct error *file_restore(struct host *h, const char *path, const struct file_image *image)
{
	CLEAN(place) struct place place = PLACE_INIT;
	const struct file_info *info = &image->info;
	struct file_info present;

	if (!info->exists)
		return restore_absence(h, path);
	if (S_ISDIR(info->mode))
		return restore_directory(h, path, image);
	TRY(place_open(h, path, &place, NULL));
	TRY(place_stat(&place, &present));
	if (S_ISDIR(present.mode))
		return fail(ERR_CONFLICT,
			"cannot restore %s: a directory has that name now; move it away", path);
	if (!S_ISLNK(present.mode))
		TRY(target_check(path, &present));
	if (S_ISLNK(info->mode))
		return place_link(&place, bytes_text(&image->content), image);
	return place_write(&place, image->content.data, image->content.size,
		&(struct attributes){ .uid = info->uid, .gid = info->gid, .mode = info->mode & 07777,
			.image = image });
}
