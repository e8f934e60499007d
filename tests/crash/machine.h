/*
 * A fake machine is a folder: copied, thrown away, and the program run on it, to its end or to its death.
 */
#pragma once

#include "base/bytes.h"

void machine_copy(
	const char *from, const char *to); /* to is replaced; owners, modes, times and attributes are kept */
void machine_remove(const char *root);

/* A seam setting, or NULL; see host/seam.h. */
struct hazard {
	const char *die;
	const char *fail;
	const char *log;
};

struct outcome {
	int code;   /* exit code, or minus the signal */
	char *said; /* standard output and error */
};
void outcome_free(struct outcome *o);
static inline void outcome_cleanup(struct outcome *o)
{
	outcome_free(o);
}

/* Runs `mailsetup WORDS` with root as its "/". The words are split at spaces. */
struct outcome machine_run(const char *root, const char *words, const struct hazard *hazard);
