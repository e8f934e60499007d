/*
 * The seam: every durable action of host/ and of the state store passes through it, so that a test can count
 * them, kill the process at the N-th, or make it fail.
 *
 *	TRY(seam("rename", path));
 *	if (renameat(...) < 0) ...
 *
 * In a normal build seam() is nothing. In a build with -DMAILSETUP_SEAM it reads these once from the environment:
 *	MAILSETUP_SEAM_LOG=FILE      appends "N action target" per action (the count is the last N); an import's child writes it as the
 *	                             mailboxes' user
 *	MAILSETUP_SEAM_DIE=N         SIGKILLs itself just before the N-th action, or the first "ACTION TARGET"
 *	MAILSETUP_SEAM_FAIL=N:ERRNO  the N-th action fails with that errno; "N+:ERRNO" from then on
 */
#pragma once

#include "base/error.h"
#include <stddef.h>

#ifdef MAILSETUP_SEAM
struct error *seam(const char *action, const char *target) MUST_USE;
/* In a child that does durable work for its parent, which waits: it goes on counting. */
void seam_inherit(void);
/* In that parent, when the child has ended: dies as well, where the child was killed here. */
void seam_follow(void);
#else
static inline MUST_USE struct error *seam(const char *action, const char *target)
{
	(void)action;
	(void)target;
	return NULL;
}
static inline void seam_inherit(void)
{
}
static inline void seam_follow(void)
{
}
#endif
