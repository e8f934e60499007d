/*
 * Files beneath a directory descriptor, for a process that works as the owner of a tree which others of that user may change at the
 * same time: no symbolic link is followed, nothing outside is reached.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include <sys/types.h>

/* A descriptor, or -1 with errno. */
int tree_open(int at, const char *path, int flags, mode_t mode);
/* Makes each missing directory of the path, 0700, and opens it. */
struct error *tree_make(int at, const char *path, int *ret_fd) MUST_USE;
/* At most limit bytes; absence gives an empty content and *ret_exists false. */
struct error *tree_read(int at, const char *path, size_t limit, struct bytes *ret, bool *ret_exists) MUST_USE;
/* A new file, 0600, fsynced; an existing one is replaced whole. */
struct error *tree_write(int at, const char *path, const void *data, size_t size) MUST_USE;
/* Without following links; absence is success. */
struct error *tree_remove(int at, const char *name) MUST_USE;
struct error *write_all(int fd, const void *data, size_t size, const char *what) MUST_USE;

/* Calls see(context, name, inode) for each name; see returns an error to stop. */
struct error *tree_each(int directory, struct error *(*see)(void *context, const char *name, ino_t inode), void *context) MUST_USE;
/* true where there is nothing in it, or no such directory */
bool tree_is_empty(int at, const char *path);
