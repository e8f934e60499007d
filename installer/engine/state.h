/*
 * The state store: /var/lib/mailsetup/state.db (directory 0700, file 0600), SQLite, synchronous=FULL. It remembers the
 * parameters, the steps, what each unit last started with, and holds the undo journal (journal.h).
 *
 * Opening refuses, with ERR_CONFLICT and what to do, a file that is not ours (application_id), of a newer version
 * (user_version), or damaged (quick_check). Rows are ordered by a sequence number, never by the clock.
 */
#pragma once

#include "base/bytes.h"
#include "engine/params.h"
#include "host/host.h"
#include <sqlite3.h>

#define STATE_DIRECTORY "/var/lib/mailsetup"
#define STATE_PATH      STATE_DIRECTORY "/state.db"

struct state;

enum step_status {
	STEP_NONE,     /* no row */
	STEP_APPLYING,
	STEP_DONE,
	STEP_UNDOING,
};

struct step_record {
	char *name;
	enum step_status status;
	unsigned revision;
	double seconds;   /* of the run that finished it */
	int64_t finished; /* wall clock, seconds; for display only */
};
void step_record_free(struct step_record *r);
static inline void step_record_cleanup(struct step_record *r)
{
	step_record_free(r);
}

/* Where nothing was installed: *ret is NULL, unless create is set. */
struct error *state_open(struct host *h, bool create, struct state **ret) MUST_USE;
void state_close(struct state *s);
DEFINE_CLEANUP(struct state *, state_close)
/* Closes and removes the store: the last act of a complete rollback. */
struct error *state_destroy(struct host *h, struct state *s) MUST_USE;
/* Moves a store that does not open out of the way; *ret is its new name, NULL where there was none. One of a newer version stays:
 * ERR_CONFLICT. */
struct error *state_set_aside(struct host *h, char **ret) MUST_USE;
/* Removes what a kill left of a store that holds nothing: at its making, or at its end. */
struct error *state_sweep(struct host *h) MUST_USE;
sqlite3 *state_database(struct state *s); /* for journal.c */

struct error *state_step_set(struct state *s, const char *name, enum step_status status, unsigned revision, double seconds)
	MUST_USE;
struct error *state_step_get(struct state *s, const char *name, struct step_record *ret) MUST_USE;
struct error *state_step_forget(struct state *s, const char *name) MUST_USE;
/* Names with a row, the last started first. */
struct error *state_steps(struct state *s, struct list *ret) MUST_USE;

/* Texts under their names, which may be secret: freeing wipes them. */
struct notes {
	struct list names, values;
};
void notes_add(struct notes *n, const char *name, const char *value);
const char *notes_get(const struct notes *n, const char *name); /* or NULL; it stays n's */
void notes_free(struct notes *n);
static inline void notes_cleanup(struct notes *n)
{
	notes_free(n);
}

/* Stores all that is set, and with it these notes, which may be NULL: all or nothing. */
struct error *state_params_store(struct state *s, const struct params *p, const struct notes *notes) MUST_USE;
/* Sets in p each remembered parameter that p does not have yet. */
struct error *state_params_load(struct state *s, struct params *p) MUST_USE;

/* A small text under a name: digests of units and compiled files. A NULL value removes it; *ret is NULL when there is none. */
struct error *state_note_set(struct state *s, const char *name, const char *value) MUST_USE;
struct error *state_note_get(struct state *s, const char *name, char **ret) MUST_USE;
struct error *state_notes(struct state *s, const char *prefix, struct list *ret_names) MUST_USE;
