#include "engine/graph.h"
#include "base/memory.h"

#include <string.h>

struct node *graph_find(const struct graph *g, const char *name)
{
	for (size_t i = 0; i < g->n; i++)
		if (strcmp(g->nodes[i].step->name, name) == 0)
			return &g->nodes[i];
	return NULL;
}

static struct node *node_of(const struct graph *g, const struct step *step)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->nodes[i].step == step)
			return &g->nodes[i];
	return NULL;
}

/* A walk over the needs of a step: grey while it is being walked, black when it is placed. */
enum colour { WHITE, GREY, BLACK };

struct walk {
	const struct step *const *steps;
	enum colour *colours;
	size_t n;
	struct graph *graph;
};

static size_t walk_index(const struct walk *w, const struct step *step)
{
	size_t i = 0;

	while (i < w->n && w->steps[i] != step)
		i++;
	return i;
}

static struct error *place(struct walk *w, size_t i)
{
	const struct step *step = w->steps[i];

	w->colours[i] = GREY;
	for (const struct step *const *need = step->needs; need && *need; need++) {
		size_t k = walk_index(w, *need);

		if (k == w->n)
			return fail(ERR_STOPPED, "step %s needs %s, which is not listed in steps.def", step->name,
				(*need)->name);
		if (w->colours[k] == GREY)
			return fail(ERR_STOPPED, "steps %s and %s need each other", step->name, (*need)->name);
		if (w->colours[k] == WHITE)
			TRY(place(w, k));
	}
	w->colours[i] = BLACK;
	w->graph->nodes[w->graph->n++].step = step;
	return NULL;
}

static void add_edge(struct node ***ends, struct node *node)
{
	size_t n = 0;

	while (*ends && (*ends)[n])
		n++;
	*ends = reallocate(*ends, n + 2, sizeof(**ends));
	(*ends)[n] = node;
	(*ends)[n + 1] = NULL;
}

static void link_nodes(struct graph *g)
{
	for (size_t i = 0; i < g->n; i++) {
		struct node *node = &g->nodes[i];

		for (const struct step *const *need = node->step->needs; need && *need; need++) {
			struct node *other = node_of(g, *need);

			add_edge(&node->needs, other);
			add_edge(&other->needed_by, node);
		}
	}
}

struct error *graph_build(const struct step *const *steps, struct graph *ret)
{
	struct walk w = { .steps = steps, .graph = ret };
	struct error *e = NULL;

	*ret = (struct graph){ 0 };
	while (steps[w.n])
		w.n++;
	for (size_t i = 0; i < w.n; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(steps[i]->name, steps[k]->name) == 0)
				return fail(ERR_STOPPED, "two steps are named %s", steps[i]->name);

	ret->nodes = allocate(w.n * sizeof(*ret->nodes));
	w.colours = allocate(w.n * sizeof(*w.colours));
	for (size_t i = 0; i < w.n && !e; i++)
		if (w.colours[i] == WHITE)
			e = place(&w, i);
	free(w.colours);
	if (e)
		graph_free(ret);
	else
		link_nodes(ret);
	return e;
}

void graph_free(struct graph *g)
{
	for (size_t i = 0; i < g->n; i++) {
		free(g->nodes[i].needs);
		free(g->nodes[i].needed_by);
	}
	free(g->nodes);
	*g = (struct graph){ 0 };
}

void graph_mark_dependents(struct node *node)
{
	if (node->marked)
		return;
	node->marked = true;
	for (struct node **other = node->needed_by; other && *other; other++)
		graph_mark_dependents(*other);
}

bool graph_edge_is_implied(struct graph *g, const struct node *node, struct node *need)
{
	for (size_t i = 0; i < g->n; i++)
		g->nodes[i].marked = false;
	graph_mark_dependents(need);
	for (size_t k = 0; node->needs[k]; k++)
		if (node->needs[k] != need && node->needs[k]->marked)
			return true;
	return false;
}

/* A node comes later in the order than its gate: the later one of two steps back until they meet. */
struct node *graph_gate(const struct node *node)
{
	struct node *gate = node->needs ? node->needs[0] : NULL;

	for (size_t k = 1; gate && node->needs[k]; k++)
		for (struct node *other = node->needs[k]; gate && gate != other;) {
			if (other && other > gate)
				other = graph_gate(other);
			else
				gate = other ? graph_gate(gate) : NULL;
		}
	return gate;
}
