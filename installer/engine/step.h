/*
 * A step: one thing that must be true of the machine, and what it needs first.
 *
 * apply() is written once, over ensure verbs (ensure/ensure.h), and runs under three executors: planning it compares and
 * changes nothing, applying it makes true, undoing needs no code at all (the undo journal is walked back).
 * steps.def lists the steps; a step needs others by address, so a typo does not compile.
 */
#pragma once

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>

struct run;
struct step;

#define NEEDS(...) (const struct step *const[]){ __VA_ARGS__, NULL }

struct step {
	const char *name;  /* stable: the key in the state store */
	const char *title; /* one line, as shown to the administrator */
	const char *why;   /* one line: what would be missing without it */
	const struct step *const *needs;
	unsigned revision; /* raised when its outcome changes */
	bool always;       /* part of every install, even where nothing has to change: the verdict */

	/* Can this work at all? Read-only, run for every step before the first change. run_blocker() adds a
	 * reason; an error returned counts as one more. May be NULL. */
	struct error *(*precheck)(struct run *run);
	/* Ensure verbs only. */
	struct error *(*apply)(struct run *run);
	/* Proof by behaviour, after apply. May be NULL. */
	struct error *(*postcheck)(struct run *run);
	/* Would taking it back lose what no rollback may lose? Read-only, before the first inverse. May be NULL. */
	struct error *(*rollback_check)(struct run *run);
};
