#include "engine/run.h"
#include "base/interrupt.h"
#include "host/unit.h"

#include <stdarg.h>
#include <time.h>

#define RESTART_TIMEOUT 120 /* seconds */

static void emit_text(struct run *run, enum event_kind kind, const char *format, va_list arguments)
{
	CLEAN(free) char *s = text_v(format, arguments);

	events_emit(run->events,
		&(struct event){ .kind = kind, .step = run->step ? run->step->name : NULL, .text = s });
}

void run_notice(struct run *run, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	emit_text(run, EVENT_NOTICE, format, arguments);
	va_end(arguments);
}

void run_warning(struct run *run, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	emit_text(run, EVENT_WARNING, format, arguments);
	va_end(arguments);
}

void run_blocker(struct run *run, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	CLEAN(free) char *s = text_v(format, arguments);
	va_end(arguments);
	list_add(&run->blockers, s);
}

void run_kept(struct run *run, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	CLEAN(free) char *s = text_v(format, arguments);
	va_end(arguments);
	list_add(&run->kept, s);
	events_emit(run->events, &(struct event){ .kind = EVENT_WARNING, .step = run->step->name, .text = s });
}

void run_progress(struct run *run, double percent, const char *what)
{
	events_emit(run->events, &(struct event){ .kind = EVENT_PROGRESS, .step = run->step ? run->step->name : NULL,
					 .percent = percent, .text = what });
}

void run_difference(struct run *run, const char *verb, const char *target, bool drift, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	char *summary = text_v(format, arguments);
	va_end(arguments);
	run->differences =
		reallocate(run->differences, run->difference_count + 1, sizeof(*run->differences));
	run->differences[run->difference_count++] = (struct difference){
		.step = run->step,
		.verb = text_copy(verb),
		.target = text_copy(target),
		.summary = summary,
		.drift = drift,
	};
}

static void drop_differences(struct run *run, size_t keep)
{
	while (run->difference_count > keep) {
		struct difference *d = &run->differences[--run->difference_count];

		free(d->verb);
		free(d->target);
		free(d->summary);
	}
}

void run_free_differences(struct run *run)
{
	drop_differences(run, 0);
	free(run->differences);
	run->differences = NULL;
}

static struct error *stop_if_interrupted(void)
{
	return interrupted() ? fail(ERR_STOPPED, "interrupted before the next change") : NULL;
}

struct error *run_intend(struct run *run, const struct undo_record *r)
{
	struct undo_record record = *r;

	TRY(stop_if_interrupted());
	record.step = (char *)run->step->name;
	return journal_intend(run->state, &record);
}

void run_changed(struct run *run, const char *verb, const char *target)
{
	run->changes++;
	events_emit(run->events, &(struct event){ .kind = EVENT_CHANGE, .step = run->step->name, .action = verb,
					 .target = target });
}

static double monotonic_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void emit_step(struct run *run, const struct graph *graph, enum event_kind kind, double seconds, const char *message)
{
	struct node *node = graph_find(graph, run->step->name);

	events_emit(run->events, &(struct event){
					 .kind = kind,
					 .step = run->step->name,
					 .title = run->step->title,
					 .index = node ? (unsigned)(node - graph->nodes) + 1 : 0,
					 .count = (unsigned)graph->n,
					 .seconds = seconds,
					 .text = message,
				 });
}

static struct error *run_prechecks(struct run *run, const struct graph *graph)
{
	for (size_t i = 0; i < graph->n; i++) {
		run->step = graph->nodes[i].step;
		struct error *e = run->step->precheck ? run->step->precheck(run) : NULL;
		if (e) {
			run_blocker(run, "%s", error_message(e));
			error_free(e);
		}
	}
	run->step = NULL;
	if (!run->blockers.n)
		return NULL;
	CLEAN(bytes) struct bytes all = { 0 };
	for (size_t i = 0; i < run->blockers.n; i++)
		bytes_printf(&all, "%s%s", i ? "\n" : "", run->blockers.v[i]);
	return fail(ERR_PRECHECK, "%s", bytes_text(&all));
}

static struct error *plan_step(struct run *run, const struct step *step)
{
	run->step = step;
	run->mode = RUN_PLAN;
	return wrap(step->apply ? step->apply(run) : NULL, "planning step %s", step->name);
}

struct error *run_plan(struct run *run, const struct graph *graph)
{
	run_free_differences(run);
	for (size_t i = 0; i < graph->n; i++)
		TRY(plan_step(run, graph->nodes[i].step));
	run->step = NULL;
	return NULL;
}

static struct error *refuse_drift(struct run *run)
{
	CLEAN(bytes) struct bytes all = { 0 };

	for (size_t i = 0; i < run->difference_count; i++)
		if (run->differences[i].drift)
			bytes_printf(&all, "\n%s: %s", run->differences[i].target, run->differences[i].summary);
	if (!all.size)
		return NULL;
	return fail(ERR_CONFLICT,
		"changed by another hand since mailsetup wrote it; nothing was done. Put the old content back, or run "
		"`mailsetup rollback STEP` (which keeps theirs) and install again:%s", all.data);
}

static bool has_difference(const struct run *run, const struct step *step)
{
	for (size_t i = 0; i < run->difference_count; i++)
		if (run->differences[i].step == step)
			return true;
	return false;
}

/* The first plan holds until something was changed; afterwards each step is planned again when its turn comes. */
static struct error *step_is_done(struct run *run, const struct step *step, bool *ret)
{
	CLEAN(step_record) struct step_record record = { 0 };
	bool differs;

	TRY(state_step_get(run->state, step->name, &record));
	if (run->changes) {
		size_t before = run->difference_count;

		TRY(plan_step(run, step));
		differs = run->difference_count > before;
		drop_differences(run, before);
	} else {
		differs = has_difference(run, step);
	}
	*ret = !differs && record.status == STEP_DONE && record.revision == step->revision;
	return NULL;
}

static struct error *apply_step(struct run *run, const struct step *step, double begun)
{
	TRY(state_step_set(run->state, step->name, STEP_APPLYING, step->revision, 0));
	run->step = step;
	run->mode = RUN_APPLY;
	if (step->apply)
		TRY(step->apply(run));
	if (step->postcheck)
		TRY(step->postcheck(run));
	return state_step_set(run->state, step->name, STEP_DONE, step->revision, monotonic_seconds() - begun);
}

static struct error *install_step(struct run *run, const struct graph *graph, const struct step *step)
{
	double begun = monotonic_seconds();
	bool done;

	TRY(stop_if_interrupted());
	run->step = step;
	if (step->always && !run->verify) {
		run_notice(run, "left out (--no-verify): `mailsetup verify` asks it at any time");
		return NULL;
	}
	TRY(step_is_done(run, step, &done));
	run->step = step;
	if (done && !step->always) {
		emit_step(run, graph, EVENT_STEP_SKIPPED, 0, NULL);
		return NULL;
	}
	emit_step(run, graph, EVENT_STEP_BEGIN, 0, NULL);
	struct error *e = apply_step(run, step, begun);
	emit_step(run, graph, e ? EVENT_STEP_FAILED : EVENT_STEP_DONE, monotonic_seconds() - begun,
		e ? error_message(e) : NULL);
	return wrap(e, "step %s", step->name);
}

struct error *run_install(struct run *run, const struct graph *graph)
{
	TRY(run_prechecks(run, graph));
	TRY(run_plan(run, graph));
	TRY(refuse_drift(run));
	if (!run->state)
		TRY(state_open(run->host, true, &run->state));
	TRY(state_params_store(run->state, run->params));
	for (size_t i = 0; i < graph->n; i++)
		TRY(install_step(run, graph, graph->nodes[i].step));
	run->step = NULL;
	return NULL;
}

static struct error *undo_one(struct run *run, const struct undo_record *record)
{
	for (const struct verb *v = run->verbs; v->name; v++)
		if (strcmp(v->name, record->verb) == 0)
			return wrap(v->undo(run, record), "undoing %s %s", record->verb, record->target);
	return fail(ERR_INCOMPLETE, "the undo journal has a verb that this mailsetup does not know: %s; use the version that"
		" wrote it", record->verb);
}

static struct error *undo_step(struct run *run, const char *name)
{
	TRY(state_step_set(run->state, name, STEP_UNDOING, 0, 0));
	for (;;) {
		CLEAN(undo_record) struct undo_record record = { 0 };

		TRY(stop_if_interrupted());
		TRY(journal_last(run->state, name, &record));
		if (!record.seq)
			return state_step_forget(run->state, name);
		TRY(undo_one(run, &record));
		run_changed(run, record.verb, record.target);
		TRY(journal_forget(run->state, record.seq));
	}
}

/* A step of another version has no node: only a full rollback reaches it. */
static struct error *undo_named(struct run *run, const struct graph *graph, const char *name)
{
	struct node *node = graph_find(graph, name);
	struct step unknown = { .name = name, .title = name };
	double begun = monotonic_seconds();

	run->step = node ? node->step : &unknown;
	emit_step(run, graph, EVENT_STEP_BEGIN, 0, NULL);
	struct error *e = undo_step(run, name);
	emit_step(run, graph, e ? EVENT_STEP_FAILED : EVENT_STEP_UNDONE, monotonic_seconds() - begun,
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
		TRY(state_destroy(run->host, s));
	}
	if (run->kept.n)
		return fail(ERR_CONFLICT, "rolled back, but %zu of the changes made by another hand were kept (see above)",
			run->kept.n);
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
	for (size_t i = 0; i < names.n; i++) {
		struct node *node = graph_find(graph, names.v[i]);

		if (!only || (node && node->marked))
			TRY(recode(undo_named(run, graph, names.v[i]), ERR_INCOMPLETE));
	}
	return finish_rollback(run, !only);
}
