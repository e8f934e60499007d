/*
 * A long answer on a terminal goes through a pager: $PAGER, else Debian's `pager`. Elsewhere, or where there is none, it is
 * written as it is.
 */
#pragma once

#include "cli/screen.h"
#include <sys/types.h>

struct pager {
	pid_t pid; /* 0: none */
	struct screen *screen;
	FILE *before;
};
/* From here on s->out is the pager's. */
void pager_open(struct pager *p, struct screen *s);
/* Waits until the reader has left it. */
void pager_close(struct pager *p);
