/*
 * The graph of steps as a tree on the terminal. A step with several needs stands beneath the last step that all ways to it go
 * through (graph_gate), and names those that it comes after; so what is beneath a step needs it, and the order is that of the run.
 */
#pragma once

#include "cli/screen.h"
#include "engine/graph.h"

struct tree_leaf {
	const char *mark; /* in front of the name, or NULL */
	enum style color; /* of the mark */
	char *text;	  /* behind the name, on the lines that it takes; or NULL. tree_show() frees it. */
};

/* leaf: what to show of a step; NULL: the steps that it comes after, where one line of the tree does not say so. */
void tree_show(const struct screen *s, struct graph *graph, struct tree_leaf (*leaf)(void *context, const struct node *node), void *context);
