#include "base/clock.h"
#include "base/i18n.h"
#include "engine/run_loop.h"
#include "host/unit.h"

#define RESTART_TIMEOUT 120 /* seconds */

static struct error *undo_one(struct run *run, const struct undo_record *record)
{
	for (const struct verb *v = run->verbs; v->name; v++)
		if (strcmp(v->name, record->verb) == 0)
			return wrap(v->undo(run, record), "undoing %s %s", record->verb, record->target);
	return fail(ERR_INCOMPLETE, "the undo journal has a verb that this mailsetup does not know: %s; use the version that"
		" wrote it", record->verb);
}

struct error *run_undo(struct run *run, const struct undo_record *record)
{
	TRY(undo_one(run, record));
	run_changed(run, record->verb, record->target);
	return journal_forget(run->state, record->seq);
}

static struct error *undo_step(struct run *run, const char *name)
{
	TRY(state_step_set(run->state, name, STEP_UNDOING, 0, 0));
	for (;;) {
		CLEAN(undo_record) struct undo_record record = { 0 };

		TRY(run_stop_if_interrupted());
		TRY(journal_last(run->state, name, &record));
		if (!record.seq)
			return state_step_forget(run->state, name);
		TRY(run_undo(run, &record));
	}
}

/* A step of another version has no node: only a full rollback reaches it. */
static struct error *undo_named(struct run *run, const struct graph *graph, const char *name)
{
	struct node *node = graph_find(graph, name);
	struct step unknown = { .name = name, .title = name };
	double begun = clock_now();

	run->step = node ? node->step : &unknown;
	run_emit_step(run, graph, EVENT_STEP_BEGIN, 0, NULL);
	struct error *e = undo_step(run, name);
	run_emit_step(run, graph, e ? EVENT_STEP_FAILED : EVENT_STEP_UNDONE, clock_now() - begun,
		e ? error_message(e) : NULL);
	run->step = NULL;
	return wrap(e, "step %s", name);
}

/* Units that ran before mailsetup came, and run with their own files again. */
static struct error *start_again(struct run *run)
{
	CLEAN(list) struct list notes = { 0 };

	TRY(units_reload(run->host));
	TRY(state_notes(run->state, RESTART_NOTE, &notes));
	for (size_t i = 0; i < notes.n; i++) {
		TRY(unit_start(run->host, notes.v[i] + strlen(RESTART_NOTE), RESTART_TIMEOUT));
		TRY(state_note_set(run->state, notes.v[i], NULL));
	}
	return NULL;
}

static struct error *finish_rollback(struct run *run, bool complete)
{
	TRY(recode(start_again(run), ERR_INCOMPLETE));
	if (complete) {
		struct state *s = run->state;

		run->state = NULL;
		TRY(recode(state_destroy(run->host, s), ERR_INCOMPLETE));
	}
	if (run->kept.n)
		return fail(ERR_CONFLICT, ngettext("rolled back, but %zu change made by another hand was kept (see above)",
			"rolled back, but %zu changes made by another hand were kept (see above)", run->kept.n), run->kept.n);
	return NULL;
}

static bool affected(const struct graph *graph, const struct step *only, const char *name)
{
	struct node *node = graph_find(graph, name);

	return !only || (node && node->marked);
}

static struct error *check_all(struct run *run, const struct graph *graph, const struct step *only, const struct list *names)
{
	for (size_t i = 0; i < names->n; i++) {
		struct node *node = graph_find(graph, names->v[i]);

		if (!node || !node->step->rollback_check || !affected(graph, only, names->v[i]))
			continue;
		run->step = node->step;
		TRY(node->step->rollback_check(run));
	}
	run->step = NULL;
	return NULL;
}

struct error *run_rollback(struct run *run, const struct graph *graph, const struct step *only)
{
	CLEAN(list) struct list names = { 0 };

	run->mode = RUN_APPLY;
	for (size_t i = 0; i < graph->n; i++)
		graph->nodes[i].marked = false;
	if (only)
		graph_mark_dependents(graph_find(graph, only->name));
	TRY(state_steps(run->state, &names));
	TRY(check_all(run, graph, only, &names));
	for (size_t i = 0; i < names.n; i++)
		if (affected(graph, only, names.v[i]))
			TRY(recode(undo_named(run, graph, names.v[i]), ERR_INCOMPLETE));
	return finish_rollback(run, !only);
}
