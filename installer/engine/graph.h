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
/* Whether node would come after need without that edge, too: it only clutters a picture. Changes the marks. */
bool graph_edge_is_implied(struct graph *g, const struct node *node, struct node *need);
/* The last step that comes before node whatever way leads to it (its immediate dominator); NULL where there is none. */
struct node *graph_gate(const struct node *node);
