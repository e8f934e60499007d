/*
 * Files of the machine: read, captured whole, and written so that a power cut leaves the old or the new.
 *
 * Every write is: a temporary file in the same directory (named after the target: ".NAME.mailsetup"),
 * write, fchown, fchmod, fsync, rename, fsync of the directory. file_sweep() removes a temporary file that a
 * crash left.
 * No symbolic link is followed, no setuid bit is set, a hard-linked target is refused: each an ERR_STOPPED
 * that names the path. An fsync that fails is final.
 *
 * A captured image holds all that is needed to put a file, directory or link back: type, mode, owner, mtime,
 * extended attributes, bytes. file_restore() of an image that did not exist removes the target.
 */
#pragma once

#include "host/host.h"
#include <sys/types.h>
#include <time.h>

struct file_info {
	bool exists;
	mode_t mode; /* type and permission bits */
	uid_t uid;
	gid_t gid;
	off_t size;
	nlink_t links;
	ino_t inode;
	struct timespec mtime;
};

struct file_image {
	struct file_info info;
	struct bytes content; /* a file's bytes, a link's target */
	struct bytes xattrs;  /* opaque: (name NUL, 4-byte little-endian size, value) repeated, sorted by name */
};

void file_image_free(struct file_image *i);
static inline void file_image_cleanup(struct file_image *i)
{
	file_image_free(i);
}

/* A path that is not there is not an error: ret->exists is false. Does not follow a link at the end. */
struct error *file_stat(struct host *h, const char *path, struct file_info *ret) MUST_USE;
/* A regular file's bytes; more than limit bytes, or no regular file, is an error; so is absence. */
struct error *file_read(struct host *h, const char *path, size_t limit, struct bytes *ret) MUST_USE;
struct error *file_capture(struct host *h, const char *path, struct file_image *ret) MUST_USE;
struct error *file_restore(struct host *h, const char *path, const struct file_image *image) MUST_USE;

/* The parent directory must exist. An existing file is replaced whole. */
struct error *file_write(struct host *h, const char *path, const void *data, size_t size, uid_t uid, gid_t gid,
	mode_t mode) MUST_USE;
/* Mode and owner of what exists (file or directory), by descriptor; fsynced. */
struct error *file_set_attributes(struct host *h, const char *path, uid_t uid, gid_t gid, mode_t mode) MUST_USE;
struct error *file_make_link(struct host *h, const char *path, const char *target) MUST_USE;
/* Removes a file or link; absence is success. */
struct error *file_remove(struct host *h, const char *path) MUST_USE;
/* Removes the temporary file of this target, if a crash left one. */
struct error *file_sweep(struct host *h, const char *path) MUST_USE;

/* One level; an existing directory is success and keeps its mode and owner. */
struct error *directory_make(struct host *h, const char *path, uid_t uid, gid_t gid, mode_t mode) MUST_USE;
/* Removes an empty directory; absence is success; not empty gives ERR_CONFLICT. */
struct error *directory_remove(struct host *h, const char *path) MUST_USE;
/* Names in a directory without "." and "..", sorted; absence gives an empty list. */
struct error *directory_list(struct host *h, const char *path, struct list *ret) MUST_USE;
/* Removes a tree without crossing file systems or following links; absence is success. */
struct error *directory_remove_tree(struct host *h, const char *path) MUST_USE;

/* Opens beneath the root as openat2 does, for the modules that need a descriptor. O_CLOEXEC is added; O_CREAT
 * makes a file of mode 0600. */
struct error *file_open(struct host *h, const char *path, int flags, int *ret_fd) MUST_USE;
/* Where a path that the administrator named leads, all its links followed: read that, since nothing else follows any. */
struct error *file_resolve(struct host *h, const char *path, char **ret) MUST_USE;
/* Bytes and inodes free on the file system that holds path (or its nearest existing parent). */
struct error *file_space(struct host *h, const char *path, uint64_t *ret_bytes, uint64_t *ret_inodes,
	bool *ret_read_only) MUST_USE;
