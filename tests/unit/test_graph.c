#include "tests/unit/unit.h"

#include "engine/graph.h"
#include "steps/steps.h"

extern const struct step step_red, step_green, step_blue;
const struct step step_red = { .name = "red" };
const struct step step_green = { .name = "green", .needs = NEEDS(&step_red), .revision = 1 };
const struct step step_blue = { .name = "blue", .needs = NEEDS(&step_green, &step_red), .revision = 1 };

static void order(void **state)
{
	const struct step *const steps[] = { &step_blue, &step_green, &step_red, NULL };
	struct graph g;

	(void)state;
	assert_null(graph_build(steps, &g));
	assert_int_equal(g.n, 3);
	assert_string_equal(g.nodes[0].step->name, "red");
	assert_string_equal(g.nodes[1].step->name, "green");
	assert_string_equal(g.nodes[2].step->name, "blue");
	graph_free(&g);
}

static void both_directions(void **state)
{
	const struct step *const steps[] = { &step_red, &step_green, &step_blue, NULL };
	struct graph g;

	(void)state;
	assert_null(graph_build(steps, &g));
	struct node *red = graph_find(&g, "red");
	assert_null(red->needs);
	assert_ptr_equal(red->needed_by[0], graph_find(&g, "green"));
	assert_ptr_equal(red->needed_by[1], graph_find(&g, "blue"));
	assert_null(red->needed_by[2]);

	graph_mark_dependents(graph_find(&g, "green"));
	assert_false(red->marked);
	assert_true(graph_find(&g, "green")->marked);
	assert_true(graph_find(&g, "blue")->marked);
	graph_free(&g);
}

extern const struct step step_left, step_right, step_both, step_far;
const struct step step_left = { .name = "left", .needs = NEEDS(&step_red), .revision = 1 };
const struct step step_right = { .name = "right", .needs = NEEDS(&step_red), .revision = 1 };
const struct step step_both = { .name = "both", .needs = NEEDS(&step_left, &step_right, &step_red), .revision = 1 };
const struct step step_far = { .name = "far", .needs = NEEDS(&step_both), .revision = 1 };
extern const struct step step_alone, step_end;
const struct step step_alone = { .name = "alone", .revision = 1 };
const struct step step_end = { .name = "end", .needs = NEEDS(&step_alone, &step_far), .revision = 1 };

static void gates(void **state)
{
	const struct step *const steps[] = { &step_red, &step_left, &step_right, &step_both, &step_far, &step_alone, &step_end, NULL };
	struct graph g;

	(void)state;
	assert_null(graph_build(steps, &g));
	struct node *red = graph_find(&g, "red"), *both = graph_find(&g, "both");
	assert_null(graph_gate(red));
	assert_ptr_equal(graph_gate(graph_find(&g, "left")), red);
	assert_ptr_equal(graph_gate(both), red);
	assert_ptr_equal(graph_gate(graph_find(&g, "far")), both);
	assert_null(graph_gate(graph_find(&g, "end")));
	assert_true(graph_edge_is_implied(&g, both, red));
	assert_false(graph_edge_is_implied(&g, both, graph_find(&g, "left")));
	graph_free(&g);
}

/* By the definition, on the real graph: without its gate, no way leads to a step. */
static bool reaches(struct graph *g, const struct node *without, const struct node *node)
{
	if (node == without)
		return false;
	if (!node->needs || !node->needs[0])
		return true;
	for (size_t k = 0; node->needs[k]; k++)
		if (reaches(g, without, node->needs[k]))
			return true;
	return false;
}

static void gates_of_the_steps(void **state)
{
	struct graph g;

	(void)state;
	assert_null(graph_build(all_steps, &g));
	for (size_t i = 0; i < g.n; i++) {
		const struct node *node = &g.nodes[i], *gate = graph_gate(node);

		assert_true(!gate == (node->needs == NULL));
		if (!gate)
			continue;
		assert_false(reaches(&g, gate, node));
		/* and it is the last such one */
		for (const struct node *later = gate + 1; later < node; later++)
			assert_true(reaches(&g, later, node));
	}
	graph_free(&g);
}

static void refused(const struct step *const *steps, const char *expected)
{
	struct graph g;
	struct error *e = graph_build(steps, &g);

	assert_non_null(e);
	assert_non_null(strstr(error_message(e), expected));
	error_free(e);
}

extern const struct step step_egg, step_hen;
const struct step step_hen = { .name = "hen", .needs = NEEDS(&step_egg), .revision = 1 };
const struct step step_egg = { .name = "egg", .needs = NEEDS(&step_hen), .revision = 1 };

static void faults(void **state)
{
	const struct step twin = { .name = "red" };
	const struct step *const cycle[] = { &step_hen, &step_egg, NULL };
	const struct step *const missing[] = { &step_green, NULL };
	const struct step *const twice[] = { &step_red, &twin, NULL };

	(void)state;
	refused(cycle, "egg and hen need each other");
	refused(missing, "green needs red, which is not listed");
	refused(twice, "two steps are named red");
}

/* The real one: no cycle, each step explained, and the verdict last. */
static void all(void **state)
{
	struct graph g;

	(void)state;
	assert_null(graph_build(all_steps, &g));
	assert_true(g.n >= 18);
	for (size_t i = 0; i < g.n; i++) {
		const struct step *step = g.nodes[i].step;

		assert_ptr_equal(step, all_steps[i]);
		assert_true(step->title && *step->title);
		assert_true(step->why && *step->why);
		assert_true(step->revision >= 1);
		assert_true(strlen(step->title) <= 40);
	}
	assert_string_equal(g.nodes[g.n - 1].step->name, "verdict");
	assert_string_equal(g.nodes[0].step->name, "system");
	graph_free(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),
		cmocka_unit_test(both_directions),
		cmocka_unit_test(gates),
		cmocka_unit_test(gates_of_the_steps),
		cmocka_unit_test(faults),
		cmocka_unit_test(all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
