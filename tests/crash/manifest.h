/*
 * What a machine is: each path with its type, mode, owner, link target, extended attributes and SHA-256; a
 * file's mtime beside. A database counts by its rows, the state store by its steps, parameters and notes. What
 * may differ stands in may-differ.txt.
 */
#pragma once

#include "base/bytes.h"

struct entry {
	char *path; /* of the target: "/etc/hosts" */
	char *what; /* type, mode, owner, attributes */
	char *content;
	char *mtime; /* "" but for files */
};

struct manifest {
	struct entry *v;
	size_t n;
};

/* Reads may-differ.txt. Ends the process where a line has no reason. */
void manifest_exceptions(const char *file);
size_t manifest_exception_count(void);

void manifest_take(const char *root, struct manifest *ret);
void manifest_free(struct manifest *m);
static inline void manifest_cleanup(struct manifest *m)
{
	manifest_free(m);
}
const struct entry *manifest_find(const struct manifest *m, const char *path); /* or NULL */
/* What is different, one line, or NULL where nothing is. when is "installed" or "before"; before counts the
 * mtimes too. */
char *manifest_differences(const struct manifest *wanted, const struct manifest *found, const char *when);
