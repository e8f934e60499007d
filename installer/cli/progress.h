/*
 * The live line of a terminal, redrawn in place; off a terminal, a plain line now and then.
 */
#pragma once

#include "cli/screen.h"

struct progress {
	const struct screen *screen;
	double (*now)(void); /* seconds; a test has its own clock */
	char step[64];
	unsigned index, count;
	size_t drawn; /* columns of the live line; 0: there is none */
	double drawn_at;
	double line_at; /* of the last plain line, or the begin of the step */
	double line_percent;
};

void progress_init(struct progress *p, const struct screen *screen);
/* A step begins: shown at once on a terminal. */
void progress_begin(struct progress *p, const char *step, const char *title, unsigned index, unsigned count);
/* percent -1: unknown. At most ten a second, or a plain line every 10 s and 25 %. */
void progress_show(struct progress *p, double percent, const char *what);
void progress_erase(struct progress *p);
/* "[ 3/17] ", or "" outside of a run. */
void put_position(FILE *f, unsigned index, unsigned count);
