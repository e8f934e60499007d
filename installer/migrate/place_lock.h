/*
 * Dovecot's lock files (file-dotlock.c): NAME.lock beside NAME, made so that one only can make it; the new NAME is written into it, and
 * it is renamed over. Until then it holds "PID:HOST", by which Dovecot sees that a holder is dead; so it is after two minutes anyway.
 * Ours is a second link of a file in staging, so that an import that goes on after a kill knows its own.
 */
#pragma once

#include "base/error.h"
#include <stdio.h>

struct dotlock {
	int at;		  /* borrowed: the directory */
	const char *name; /* "dovecot-uidlist" */
	int staging;	  /* borrowed: where its second link is */
	int fd;		  /* of the lock */
	bool again;	  /* it stood since before a kill: nobody has come between */
};
#define DOTLOCK_NONE { .fd = -1 }

/* staging: a directory of ours on the same file system. */
struct error *dotlock_take(int at, const char *name, int staging, struct dotlock *ret) MUST_USE;
/* What `from` holds, from its beginning, becomes NAME. ERR_BUSY where Dovecot took the lock over meanwhile. */
struct error *dotlock_publish(struct dotlock *l, int from) MUST_USE;
/* The same with bytes. */
struct error *dotlock_publish_bytes(struct dotlock *l, const void *data, size_t size) MUST_USE;
void dotlock_drop(struct dotlock *l);
/* The lock stays behind, as a kill would leave it. */
void dotlock_leave(struct dotlock *l);
static inline void dotlock_cleanup(struct dotlock *l)
{
	if (l->fd >= 0)
		dotlock_drop(l);
}
