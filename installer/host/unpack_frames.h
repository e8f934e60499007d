/*
 * How the child that reads an archive talks to whoever takes it. Private to unpack*.c.
 *
 * A stream of frames: a head, then `path` bytes of path and `link` bytes of link. Behind a MEMBER_FILE come its data as chunks, each a
 * length and so many bytes; a chunk of length 0 ends them. A chunk of FRAME_ERROR, or a head of that type, is followed by one chunk,
 * the message: nothing comes behind it.
 */
#pragma once

#include <stdint.h>

#define FRAME_ERROR  0xffffffffU
#define FRAME_CHUNK  (128U << 10) /* no chunk is longer */
#define FRAME_BUFFER (256U << 10)

struct frame {
	uint32_t type; /* enum member_type, or FRAME_ERROR */
	uint32_t path, link;
	uint32_t reserved;
	uint64_t size;
	int64_t mtime;
	uint64_t consumed, produced;
};

/* The child: never returns. */
_Noreturn void unpack_child(int archive, uint64_t size, int out);
/* Gives up all that the child does not need; false where that fails. Descriptors above 2 but the two are closed. */
_Bool unpack_sandbox(int archive, int out, uint64_t size);
