/*
 * Tables of comma-separated values, RFC 4180: fields in double quotes may hold separators, line ends and doubled quotes; lines end
 * with LF or CRLF; a UTF-8 byte order mark is skipped; an empty line is no row. The separator is what the first line has first
 * outside of quotes: a comma, a semicolon (what a French Excel writes) or a tab.
 *
 * The fields lie in the bytes that were read, which must outlive the table: one place to wipe where they are secret.
 */
#pragma once

#include "base/bytes.h"

struct csv_row {
	unsigned line;       /* where it begins, from 1 */
	char **fields;       /* NULL after the last */
	size_t n;
	const char *problem; /* what is wrong with its form; the fields up to there are there. NULL: nothing */
};

struct csv {
	struct csv_row *rows;
	size_t n;
};

/* Changes the bytes. */
void csv_parse(struct bytes *data, struct csv *ret);
void csv_free(struct csv *c);
static inline void csv_cleanup(struct csv *c)
{
	csv_free(c);
}
