/*
 * A run: everything that steps and verbs need while `install`, `resume`, `rollback` or a plan is at work, and the loops.
 *
 * The order of an install: parameters, lock, prechecks of all steps on the untouched machine, plan of all steps (which also
 * starts the background computations, and finds drift), then per step in order: plan again, apply, post-check,
 * row "done". The rows are a hint, the machine is the truth: every run plans each step again.
 */
#pragma once

#include "base/bytes.h"
#include "engine/event.h"
#include "engine/graph.h"
#include "engine/params.h"
#include "engine/journal.h"
#include "engine/release.h"
#include "engine/state.h"
#include "host/compute.h"
#include "host/host.h"
#include "host/package.h"

struct run;

/* The inverse of a verb: puts back what the record holds. What another hand has changed since is kept: run_kept(). Undoing
 * what is undone already is success. */
struct verb {
	const char *name;
	struct error *(*undo)(struct run *run, const struct undo_record *record);
};

enum run_mode {
	RUN_PLAN,  /* verbs compare and record differences */
	RUN_APPLY, /* verbs record the inverse, then change */
};

/* What a verb found that is not as wanted. */
struct difference {
	const struct step *step;
	char *verb;
	char *target;
	char *summary; /* one line, in English: a plan file is compared by it */
	char *shown;   /* the same in the language of the administrator */
	char *diff;    /* unified, or NULL */
	bool drift;    /* changed by another hand since mailsetup wrote it */
};

struct run {
	struct host *host;
	const struct params *params;
	struct release release;      /* known since run_check() or run_plan() */
	struct state *state;         /* NULL while nothing was ever installed */
	struct compute *compute;
	const struct events *events;
	enum run_mode mode;
	const struct step *step;     /* the one at work */
	struct difference *differences;
	size_t difference_count;
	struct package_plan apt;     /* what apt would do, once a precheck has asked; empty before */
	struct list blockers;        /* reasons why a run cannot start, of all prechecks */
	struct list kept;            /* what a rollback left because another hand had changed it */
	const struct verb *verbs;    /* for rollback: the inverses; a NULL name ends them */
	unsigned changes;            /* durable changes made by this run */
	struct list changed;         /* their targets */
	bool want_diffs;             /* differences of text files come with their diff */
	struct list adopt;           /* files changed by another hand: theirs is wanted from now on */
	struct list overwrite;       /* ... or ours again; theirs is copied first */
	/* Asked once, with the differences of the whole plan, before the first change; NULL accepts. */
	struct error *(*accept)(const struct run *run, void *context);
	void *accept_context;
	bool blind;                  /* a plan by who is not root: what may not be read is a difference, not an error */
	bool partial;                /* part of another command: steps that are as wanted already are not told */
	bool leave_theirs;           /* what another hand has changed is left as it is, unless this run wants something new of it */
	bool verify;                 /* run the steps that are part of every install: the verdict */
	const struct notes *brought; /* from another machine: the store gets these notes with the parameters; or NULL */
};

/* This note says that the store was made anew on an installed machine: what was before is not known. */
#define REBUILT_NOTE "rebuilt"
/* Notes of this name are of a file that another hand has changed and the administrator has adopted: its digest, and for which
 * generation of daemons it was written. */
#define ADOPTED_NOTE "adopted:"
/* Notes of this name ask the end of a rollback to start the unit that follows it. */
#define RESTART_NOTE "restart:"
/* Notes of these names hold, by its path, a private key, which is never made anew, and a certificate that was brought. */
#define KEY_NOTE	 "key:"
#define CERTIFICATE_NOTE "certificate:"
/* Rows that were brought and are not in the accounts database yet: mail/accounts_move.h. */
#define ROWS_NOTE "rows"
/* An install that was brought from another machine is under way: its end says what comes next. */
#define MOVED_NOTE "moved"

/* For steps and verbs. */
void run_blocker(struct run *run, const char *format, ...) PRINTF_LIKE(2, 3);
void run_notice(struct run *run, const char *format, ...) PRINTF_LIKE(2, 3);
void run_warning(struct run *run, const char *format, ...) PRINTF_LIKE(2, 3);
void run_progress(struct run *run, double percent, const char *what); /* percent -1: unknown */
void run_difference(struct run *run, const char *verb, const char *target, bool drift, const char *format, ...)
	PRINTF_LIKE(5, 6);
/* Gives the difference that was recorded last its diff. */
void run_difference_diff(struct run *run, const char *diff);
/* In an undo: theirs stays, and the administrator is told so. */
void run_kept(struct run *run, const char *format, ...) PRINTF_LIKE(2, 3);
/* A note, of those that were brought or of the store; *ret is NULL where there is none. */
struct error *run_note(struct run *run, const char *name, char **ret) MUST_USE;
/* For verbs, before a change: commits the inverse (r->step is filled in). ERR_STOPPED where the run was interrupted. */
struct error *run_intend(struct run *run, const struct undo_record *r) MUST_USE;
/* The inverse of one record, then the record goes. */
struct error *run_undo(struct run *run, const struct undo_record *record) MUST_USE;
/* Emits EVENT_CHANGE and counts it. */
void run_changed(struct run *run, const char *verb, const char *target);
static inline bool run_is_plan(const struct run *run)
{
	return run->mode == RUN_PLAN;
}

/* The loops. They emit the events; the caller shows the error. */
struct error *run_install(struct run *run, const struct graph *graph) MUST_USE;
/* Undoes step and all that need it; NULL undoes everything. Steps recorded by a version that knew others are undone too. */
struct error *run_rollback(struct run *run, const struct graph *graph, const struct step *only) MUST_USE;
/* For a new store on a machine that was installed before: remembers the parameters, and as done each step that plans nothing. The
 * undo journal cannot be had back, so a rollback is refused from then on. */
struct error *run_rebuild(struct run *run, const struct graph *graph) MUST_USE;
/* All prechecks: what stands in the way is in run->blockers, and together in the error (ERR_PRECHECK, or ERR_BUSY).
 * ERR_STOPPED when a signal came meanwhile. */
struct error *run_check(struct run *run, const struct graph *graph) MUST_USE;
/* Plans every step; the differences stay in the run. */
struct error *run_plan(struct run *run, const struct graph *graph) MUST_USE;
void run_free_differences(struct run *run);
