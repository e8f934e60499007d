/*
 * Private to unpack.c: the child that reads an archive, and the frames that it writes into the pipe.
 *
 * A struct frame, then as many bytes as it says:
 *	FRAME_MEMBER  struct frame_member, the path, the link (without NULs); with MEMBER_END both are empty
 *	FRAME_DATA    a part of the data of the MEMBER_FILE before; one of size 0 ends it, also of an empty file
 *	FRAME_ERROR   struct frame_error, the text; nothing follows
 */
#pragma once

#include "base/error.h"
#include "host/unpack.h"
#include <sys/types.h>

#define UNPACK_BUFFER	 (256U << 10) /* of frames, on either side: a larger one falls out of the cache */
#define UNPACK_MEMORY	 (112U << 20) /* xz -9 has a dictionary of 64 MiB */
#define UNPACK_SIZE_MAX	 (1ULL << 53)
#define UNPACK_ERROR_MAX 1024

enum frame_kind {
	FRAME_MEMBER = 1,
	FRAME_DATA,
	FRAME_ERROR,
};

struct frame {
	uint32_t kind, size;
};

struct frame_member {
	uint64_t size, consumed, produced;
	int64_t mtime;
	uint32_t type, path_size, link_size, unused;
};

struct frame_error {
	uint32_t code;
};

/* The processor time that reading an archive of this size (0: not known) may take, in seconds. */
uint64_t unpack_seconds(uint64_t size);

/* What takes frames from a pipe, which it closes; no child belongs to it. */
struct unpack *unpack_hear(int fd);
/* What the child of parent does. */
_Noreturn void unpack_child(int archive, int out, uint64_t size, pid_t parent);

/*
 * Leaves this process nothing but memory, the clock and its two descriptors, which become UNPACK_ARCHIVE and UNPACK_OUT; 0 to 2
 * are /dev/null. It dies with parent. There is no way back; after an error only part of it holds.
 */
struct error *unpack_sandbox(int archive, int out, uint64_t size, pid_t parent) MUST_USE;

#define UNPACK_ARCHIVE 3
#define UNPACK_OUT     4
