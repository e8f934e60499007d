/*
 * Which messages are where: of each message in a mailbox, or staged for it, the folder and BASE of its name, by a hash, and what its
 * file name says besides. 12 bytes a message, so that a million of them fit in a small process.
 *
 * A hash may lie: whoever gets a hit opens the file that the entry names, and takes its absence for a miss.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct index;

enum where {
	HERE = 1 << 0,	 /* in the mailbox; else in staging */
	IN_NEW = 1 << 1, /* in new/; else in cur/ */
	INFO = 1 << 2,	 /* ":2," stands in the name */
	ODD = 1 << 3,	 /* its name cannot be made from base and flags: look for it in the directory */
	SAME = 1 << 4,	 /* HERE, and the archive has the same message */
};

struct index_entry {
	uint32_t flags; /* maildir_name.flags */
	uint8_t where;
};

struct index *index_new(void);
void index_free(struct index *x);
/* folder: any number that stands for one folder of one mailbox. */
bool index_find(const struct index *x, uint32_t folder, const char *base, size_t size, struct index_entry *ret);
/* A second one of the same name replaces the first. */
void index_add(struct index *x, uint32_t folder, const char *base, size_t size, struct index_entry entry);
