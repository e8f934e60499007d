/*
 * The undo journal: how every change is taken back.
 *
 * Laws. Intent first: the inverse is committed before the change. The first pre-image wins: a resumed step never
 * overwrites the original with its own work. A record goes only after its inverse is durable; undoing twice is harmless.
 * Undo compares with what mailsetup last wrote, and keeps what another hand has changed since.
 *
 *	TRY(journal_intend(state, &(struct undo_record){ .step = ..., .verb = "file", .target = path,
 *		.existed = true, .image = ..., .wrote = digest }));
 *	... the change ...
 *
 * `wrote` is the digest of what the change will leave; `prior` is what an earlier change of the same record left, so a kill
 * between the commit and the change still finds the target in a known state.
 */
#pragma once

#include "engine/state.h"
#include "host/file.h"

struct undo_record {
	int64_t seq;
	char *step;
	char *verb;             /* which inverse: ensure/verbs.def */
	char *target;           /* path, user, unit, ... */
	struct file_image image; /* verbs on files; info.exists false: there was nothing */
	char *data;             /* other verbs: their own text, or NULL */
	char *wrote;            /* or NULL */
	char *prior;            /* or NULL */
};
void undo_record_free(struct undo_record *r);
static inline void undo_record_cleanup(struct undo_record *r)
{
	undo_record_free(r);
}

/* Commits the intent. Where (step, verb, target) has a record already, its image and data stay, and prior becomes the one that is given,
 * else its wrote: a verb that knows what stands there now gives that, as what was meant before may never have come to be. */
struct error *journal_intend(struct state *s, const struct undo_record *r) MUST_USE;
/* The newest record of the target by any step; ret->seq is 0 when there is none. */
struct error *journal_find(struct state *s, const char *verb, const char *target, struct undo_record *ret) MUST_USE;
/* The newest record of the step; ret->seq is 0 when there is none. */
struct error *journal_last(struct state *s, const char *step, struct undo_record *ret) MUST_USE;
/* Targets of the records of one verb by one step. */
struct error *journal_targets(struct state *s, const char *step, const char *verb, struct list *ret) MUST_USE;
struct error *journal_forget(struct state *s, int64_t seq) MUST_USE;
