/*
 * Private to host/: paths resolved beneath the root without following a symbolic link, and the durable steps
 * that files, images and directories share.
 */
#pragma once

#include "host/file.h"
#include "host/host.h"
#include <limits.h>
#include <sys/stat.h>

/* A descriptor, or -1 with errno. ELOOP: a symbolic link stands in the way. O_PATH | O_NOFOLLOW opens a link
 * itself. */
int beneath_open(struct host *h, const char *path, int flags);
/* The directory `name` of a directory, only on the same mount (EXDEV otherwise). */
int beneath_child(int directory, const char *name);
/* "cannot ACTION PATH: reason"; names the link where errno_value is ELOOP. */
struct error *beneath_error(struct host *h, int errno_value, const char *path, const char *format, ...) MUST_USE PRINTF_LIKE(4, 5);

/* Where a path lives: its directory (readable, so that it can be fsynced) and the names in it. */
struct place {
	const char *path; /* as given; borrowed */
	int directory;
	char name[NAME_MAX + 1];
	char temporary[NAME_MAX + sizeof("..mailsetup")];
};
static inline void place_cleanup(struct place *p)
{
	fd_cleanup(&p->directory);
}
#define PLACE_INIT { .directory = -1 }

/* *ret_exists is false where the directory does not exist; ret_exists NULL makes that an error. */
struct error *place_open(struct host *h, const char *path, struct place *ret, bool *ret_exists) MUST_USE;
/* info->exists is false where there is no such name. */
struct error *place_stat(const struct place *p, struct file_info *ret) MUST_USE;
/* fsync of the directory: the end of every change of a name. */
struct error *place_sync(const struct place *p) MUST_USE;
struct error *place_unlink(const struct place *p, const char *name, bool *ret_removed) MUST_USE;

struct attributes {
	uid_t uid;
	gid_t gid;
	mode_t mode;
	const struct file_image *image; /* its mtime and extended attributes too, or NULL */
};

/* A whole new file, or link, in place of what is there. */
struct error *place_write(const struct place *p, const void *data, size_t size, const struct attributes *a)
	MUST_USE;
struct error *place_link(const struct place *p, const char *target, const struct file_image *image) MUST_USE;
/* chown, chmod, then what the image adds, then fsync. */
struct error *descriptor_finish(int fd, const char *path, const struct attributes *a) MUST_USE;
/* A readable descriptor of what an O_PATH descriptor stands for. */
int descriptor_readable(int fd);
struct error *descriptor_read(int fd, const char *path, size_t limit, struct bytes *ret) MUST_USE;
void file_info_set(struct file_info *info, const struct stat *st);

/* A regular file without other names, or nothing: all that may be replaced. */
struct error *target_check(const char *path, const struct file_info *info) MUST_USE;
struct error *mode_check(const char *path, mode_t mode) MUST_USE;
/* mtime and extended attributes; file_image.c */
struct error *image_apply(int fd, const char *path, const struct file_image *image) MUST_USE;
