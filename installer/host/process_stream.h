/*
 * Private to process.c: what a child reads and writes.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

struct stream {
	int ours; /* -1 once it is at its end */
	int theirs;
	bool in_memory;
	size_t limit;  /* of data */
	bool keep_end; /* past the limit the end is kept, else the beginning */
	bool overflow;
	struct bytes data;
};

/* Input lies in memory, not in a pipe: it cannot block, and a child that never reads it is no SIGPIPE to us.
 * NULL is /dev/null. */
struct error *input_open(const struct bytes *input, int *ret) MUST_USE;
struct error *stream_open(struct stream *s, bool in_memory) MUST_USE;
void stream_close(struct stream *s);
/* One block, if there is one. */
bool stream_read(struct stream *s);
/* A memory file is read when all is over. */
void stream_collect(struct stream *s);
/* Hands over and drops the whole lines; at the end the rest too. */
void stream_lines(struct stream *s, bool at_end, void (*take)(void *context, const char *line), void *context);
