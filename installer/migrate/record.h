/*
 * The record of an import in the state store: a note "import.N". Private to migrate/.
 */
#pragma once

#include "engine/state.h"
#include "migrate/migrate.h"

#define IMPORT_NOTE "import."
#define LIST_PATH   STATE_DIRECTORY "/import-%u.list"

enum phase {
	PHASE_NONE,
	PHASE_READING, /* nothing is visible yet */
	PHASE_PLACING, /* the archive was judged; the report is complete */
	PHASE_DONE,
};

struct record {
	unsigned number;
	enum phase phase;
	char *archive;
	char *user; /* or NULL */
	struct list maps;
	struct report report;
};
void record_free(struct record *r);
static inline void record_cleanup(struct record *r)
{
	record_free(r);
}

struct error *record_write(struct state *s, const struct migration *m, enum phase phase) MUST_USE;
/* The one that is not done, or the number; phase PHASE_NONE: there is none. */
struct error *record_unfinished(struct state *s, struct record *ret) MUST_USE;
struct error *record_read(struct state *s, unsigned number, struct record *ret) MUST_USE;
/* The list, then the note. */
struct error *record_forget(struct host *h, struct state *s, unsigned number) MUST_USE;
struct error *record_next_number(struct state *s, unsigned *ret) MUST_USE;
