#include "cli/tree.h"
#include "base/bytes.h"
#include "base/i18n.h"

#include <string.h>

#define TEXT_LEAST   20 /* columns for the text: where there are fewer, it comes closer */

struct tree {
	const struct screen *s;
	struct graph *graph;
	struct tree_leaf (*leaf)(void *context, const struct node *node);
	void *context;
	size_t text_column;
};

static const char *line(const struct tree *t, const char *utf8, const char *ascii)
{
	return t->s->utf8 ? utf8 : ascii;
}

static struct node *next_beneath(const struct tree *t, const struct node *gate, const struct node *after)
{
	for (size_t i = after ? (size_t)(after - t->graph->nodes) + 1 : 0; i < t->graph->n; i++)
		if (graph_gate(&t->graph->nodes[i]) == gate)
			return &t->graph->nodes[i];
	return NULL;
}

static struct tree_leaf needs_leaf(struct graph *graph, const struct node *node)
{
	CLEAN(bytes) struct bytes names = { 0 };

	if (node->needs && node->needs[0] && node->needs[1])
		for (size_t k = 0; node->needs[k]; k++)
			if (!graph_edge_is_implied(graph, node, node->needs[k]))
				bytes_printf(&names, "%s%s", names.size ? ", " : "", node->needs[k]->step->name);
	return (struct tree_leaf){ .text = names.size ? text(_("after %s"), names.data) : NULL };
}

static size_t depth_of(const struct node *node)
{
	size_t depth = 0;

	while ((node = graph_gate(node)))
		depth++;
	return depth;
}

/* Where the texts start: behind the longest name, unless too little is left then. */
static size_t text_column(const struct tree *t, size_t width)
{
	size_t column = 0;

	for (size_t i = 0; i < t->graph->n; i++) {
		const struct node *node = &t->graph->nodes[i];
		size_t end = 3 * depth_of(node) + (t->leaf ? 2 : 0) + text_columns(node->step->name) + 2;

		column = end > column ? end : column;
	}
	return column + TEXT_LEAST > width && width > TEXT_LEAST ? width - TEXT_LEAST : column;
}

/* Further lines of the text go on behind the bars of the tree. */
static void put_text_beside(const struct tree *t, const char *s, size_t used, const char *bars, size_t width)
{
	size_t column = used + 1 > t->text_column ? used + 1 : t->text_column, bar = text_columns(bars);
	CLEAN(free) char *lead = text("%s%*s", bars, t->text_column > bar ? (int)(t->text_column - bar) : 0, "");

	fprintf(t->s->out, "%*s", (int)(column - used), "");
	put_wrapped_behind(t->s->out, s, column, lead, width);
}

static void put_node(const struct tree *t, const struct node *node, const char *lead, const char *bars, size_t width)
{
	struct tree_leaf leaf = t->leaf ? t->leaf(t->context, node) : needs_leaf(t->graph, node);
	FILE *f = t->s->out;
	size_t used = text_columns(lead) + (leaf.mark ? text_columns(leaf.mark) + 1 : 0) + text_columns(node->step->name);

	fputs(lead, f);
	if (leaf.mark)
		fprintf(f, "%s%s%s ", style(t->s->out_color, leaf.color), leaf.mark, style(t->s->out_color, PLAIN));
	fputs(node->step->name, f);
	if (leaf.text)
		put_text_beside(t, leaf.text, used, bars, width);
	else
		fputc('\n', f);
	free(leaf.text);
}

static void put_beneath(const struct tree *t, const struct node *gate, const char *bars, size_t width)
{
	struct node *next;

	for (struct node *node = next_beneath(t, gate, NULL); node; node = next) {
		next = next_beneath(t, gate, node);
		CLEAN(free) char *lead = !gate ? text_copy("") : text("%s%s", bars, next ? line(t, "├─ ", "|- ") : line(t, "└─ ", "`- "));
		CLEAN(free) char *below = !gate ? text_copy("") : text("%s%s", bars, next ? line(t, "│  ", "|  ") : "   ");
		CLEAN(free) char *further = text("%s%s", below, next_beneath(t, node, NULL) ? line(t, "│", "|") : "");

		put_node(t, node, lead, further, width);
		put_beneath(t, node, below, width);
	}
}

void tree_show(const struct screen *s, struct graph *graph, struct tree_leaf (*leaf)(void *context, const struct node *node), void *context)
{
	struct tree t = { .s = s, .graph = graph, .leaf = leaf, .context = context };
	size_t width = s->out_terminal || s->fixed_width ? screen_width(s) : 80;

	t.text_column = text_column(&t, width);
	put_beneath(&t, NULL, "", width);
}
