/*
 * The graph of steps: both directions of every edge, in an order in which each step comes after what it needs.
 */
#pragma once

#include "engine/step.h"
#include <stdbool.h>

struct node {
	const struct step *step;
	struct node **needs;    /* NULL after the last */
	struct node **needed_by;
	bool marked;            /* for walks of the caller */
};

struct graph {
	struct node *nodes; /* in order */
	size_t n;
};

/* The listed order is kept where the edges allow it. A cycle, a step named twice or a needed step that is not listed is
 * an ERR_STOPPED that names both ends. steps: NULL after the last. */
struct error *graph_build(const struct step *const *steps, struct graph *ret) MUST_USE;
void graph_free(struct graph *g);
struct node *graph_find(const struct graph *g, const char *name); /* or NULL */
/* Marks node and all that need it, directly or not. */
void graph_mark_dependents(struct node *node);
