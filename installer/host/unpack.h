/*
 * Archives of other machines, read by a child that can do nothing else.
 *
 * A tar, plain or gzip, bzip2, xz or zstd, is parsed (libarchive; gzip by zlib, which verifies its checksums) in a process with a
 * user id of its own, no new privileges, no file, socket or process in reach (seccomp: memory, the two descriptors, the clock),
 * and limits on memory and processor time. It sends what it reads through a pipe; whoever takes it must judge it: paths, types and
 * sizes are the archive's word.
 *
 *	TRY(unpack_start(fd, &u));               // by root; forks the child
 *	... fork, and in the process that takes:
 *	while (TRY(unpack_next(u, &m)), m.type != MEMBER_END)
 *		while (TRY(unpack_data(u, &data, &size)), size)
 *			...
 *	unpack_free(u);                          // ends the child, if this process started it
 *
 * An archive that is no tar, is damaged, cut short, or followed by anything but zeros gives an ERR_PRECHECK that says where.
 */
#pragma once

#include "base/error.h"
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

enum member_type {
	MEMBER_END, /* the archive was read to its very end and is whole */
	MEMBER_FILE,
	MEMBER_DIRECTORY,
	MEMBER_SYMLINK,
	MEMBER_HARDLINK, /* without data of its own */
	MEMBER_SPARSE,	 /* a file with holes; without its data */
	MEMBER_OTHER,	 /* device, fifo, socket */
};

struct member {
	enum member_type type;
	const char *path; /* as in the archive; valid until the next call; never empty, at most UNPACK_PATH_MAX bytes */
	const char *link; /* where a link points, or "" */
	uint64_t size;	  /* of a file: exactly so many bytes follow */
	int64_t mtime;
};

#define UNPACK_PATH_MAX 4096 /* a longer one is cut there: it fits no grammar */

struct unpack;

/* archive: read from where it stands; stays the caller's. size: of the archive in bytes, 0 where it is not known. */
struct error *unpack_start(int archive, uint64_t size, struct unpack **ret) MUST_USE;
/* Skips what is left of the data of the member before. */
struct error *unpack_next(struct unpack *u, struct member *ret) MUST_USE;
/* The next part of the data, valid until the next call; *ret_size 0: that was all. */
struct error *unpack_data(struct unpack *u, const void **ret, size_t *ret_size) MUST_USE;
/* Bytes of the archive read, and of the tar inside it, up to the member that is being taken. */
uint64_t unpack_consumed(const struct unpack *u);
uint64_t unpack_produced(const struct unpack *u);
void unpack_free(struct unpack *u);
