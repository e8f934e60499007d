/*
 * The bytes of an archive, and what gzip makes of them; the other compressions are libarchive's. gzip is zlib's here, because
 * libarchive does not verify its checksums. Private to unpack*.c.
 */
#pragma once

#include "base/memory.h"
#include <stdbool.h>

struct archive;
struct source;

/* In the child, before the sandbox: signals, locale. */
void source_prepare(void);
struct source *source_new(int fd);
/* Looks at the first bytes; false: source_fault(). */
bool source_begin(struct source *s);
/* archive_read_callback; context is the source. */
ssize_t source_read(struct archive *a, void *context, const void **ret);
/* Behind the end of the archive there are zeros at most. */
bool source_drain(struct source *s);
uint64_t source_consumed(const struct source *s);
const char *source_fault(const struct source *s); /* or NULL */
