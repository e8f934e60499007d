#include "base/i18n.h"
#include "cli/command.h"
#include "cli/json.h"
#include "cli/tree.h"
#include "engine/graph.h"
#include "steps/steps.h"

#define NAME_COLUMNS 16
#define INDENT	     (4 + NAME_COLUMNS)

static bool dot, tree;

static const struct option_spec options[] = {
	{ "tree", 0, NULL, N_("as a tree: each step beneath the last one that must be done before it whatever the way"), &tree, NULL, NULL },
	{ "dot", 0, NULL, N_("as a graph for Graphviz: `mailsetup steps --dot | dot -Tsvg`"), &dot, NULL, NULL },
	{ 0 },
};

static void graph_cleanup(struct graph *g)
{
	graph_free(g);
}

static void show_list(const struct screen *s, const struct graph *graph)
{
	size_t width = s->out_terminal ? screen_width(s) : 80;

	for (size_t i = 0; i < graph->n; i++) {
		const struct node *node = &graph->nodes[i];
		CLEAN(bytes) struct bytes line = { 0 };

		bytes_add_text(&line, translated(node->step->title));
		for (size_t k = 0; node->needs && node->needs[k]; k++)
			bytes_printf(&line, "%s %s", k ? "," : _(" (after"), node->needs[k]->step->name);
		if (node->needs && node->needs[0])
			bytes_add_text(&line, ")");
		fprintf(s->out, "%2zu  ", i + 1);
		put_padded(s->out, node->step->name, NAME_COLUMNS);
		put_wrapped(s->out, line.data, INDENT, INDENT, width);
		if (s->verbose && node->step->why) {
			fprintf(s->out, "%*s%s", INDENT, "", style(s->out_color, DIM));
			put_wrapped(s->out, translated(node->step->why), INDENT, INDENT, width);
			fputs(style(s->out_color, PLAIN), s->out);
		}
	}
}

static void put_quoted(FILE *f, const char *s)
{
	for (; *s; s++)
		fprintf(f, "%s%c", *s == '"' || *s == '\\' ? "\\" : "", *s);
}

static void show_dot(FILE *f, struct graph *graph)
{
	fputs("digraph mailsetup {\n"
	      "\trankdir=LR;\n"
	      "\tnode [shape=box, style=\"rounded,filled\", fillcolor=\"#f4f6fb\", color=\"#5b6b95\", "
	      "fontname=\"sans-serif\", "
	      "fontsize=11];\n"
	      "\tedge [color=\"#8a94ad\", arrowsize=0.7];\n",
		f);
	for (size_t i = 0; i < graph->n; i++) {
		struct node *node = &graph->nodes[i];

		fprintf(f, "\t\"%s\" [label=\"%s\\n", node->step->name, node->step->name);
		put_quoted(f, translated(node->step->title));
		fputs("\"];\n", f);
		for (size_t k = 0; node->needs && node->needs[k]; k++)
			if (!graph_edge_is_implied(graph, node, node->needs[k]))
				fprintf(f, "\t\"%s\" -> \"%s\";\n", node->needs[k]->step->name,
					node->step->name);
	}
	fputs("}\n", f);
}

static void show_json(FILE *f, const struct graph *graph)
{
	json_t *document = json_object(), *steps = json_array();

	for (size_t i = 0; i < graph->n; i++) {
		const struct node *node = &graph->nodes[i];
		json_t *step = json_object(), *needs = json_array();

		for (size_t k = 0; node->needs && node->needs[k]; k++)
			json_array_append_new(needs, json_string(node->needs[k]->step->name));
		json_set_text(step, "name", node->step->name);
		json_set_text(step, "title", node->step->title);
		json_set_text(step, "why", node->step->why);
		json_object_set_new(step, "needs", needs);
		json_array_append_new(steps, step);
	}
	json_object_set_new(document, "steps", steps);
	json_write(f, document);
}

static struct error *steps(struct cli *cli)
{
	CLEAN(graph) struct graph graph = { 0 };

	if ((dot || tree) && cli->json)
		return fail(ERR_USAGE, "--%s and --json are different answers: ask for one of them", dot ? "dot" : "tree");
	if (dot && tree)
		return fail(ERR_USAGE, "--dot and --tree are different answers: ask for one of them");
	TRY(graph_build(all_steps, &graph));
	if (cli->json)
		show_json(cli->screen.out, &graph);
	else if (dot)
		show_dot(cli->screen.out, &graph);
	else if (tree)
		tree_show(&cli->screen, &graph, NULL, NULL);
	else
		show_list(&cli->screen, &graph);
	return NULL;
}

const struct command command_steps = {
	.name = "steps",
	.summary = N_("list the steps of an install and what each one needs"),
	.help = PARAGRAPHS(
		N_("In their order, each with the steps that must be done before it. It looks at nothing on the "
		   "machine. With --verbose it says why each one is there.")),
	.examples = "mailsetup steps --tree\nmailsetup steps --dot | dot -Tsvg > steps.svg",
	.options = options,
	.run = steps,
};
