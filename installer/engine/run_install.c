#include "base/clock.h"
#include "base/interrupt.h"
#include "engine/run_loop.h"

/* Asked once: what a step finds of the release, it finds in the whole run. */
static struct error *learn_release(struct run *run)
{
	return run->release.os.id[0] ? NULL : release_read(run->host, &run->release);
}

struct error *run_check(struct run *run, const struct graph *graph)
{
	bool busy = false;

	TRY(learn_release(run));
	for (size_t i = 0; i < graph->n; i++) {
		run->step = graph->nodes[i].step;
		struct error *e = run->step->precheck ? run->step->precheck(run) : NULL;
		if (e) {
			busy |= error_code(e) == ERR_BUSY;
			run_blocker(run, "%s", error_message(e));
			error_free(e);
		}
		if (interrupted()) {
			run->step = NULL;
			return fail(ERR_STOPPED, "interrupted while looking at the machine; nothing was changed");
		}
	}
	run->step = NULL;
	if (!run->blockers.n)
		return NULL;
	CLEAN(bytes) struct bytes all = { 0 };
	for (size_t i = 0; i < run->blockers.n; i++)
		bytes_printf(&all, "%s%s", i ? "\n" : "", run->blockers.v[i]);
	/* Where nothing else stands in the way, waiting is all that has to be done. */
	return fail(busy && run->blockers.n == 1 ? ERR_BUSY : ERR_PRECHECK, "%s", bytes_text(&all));
}

static struct error *plan_step(struct run *run, const struct step *step)
{
	run->step = step;
	run->mode = RUN_PLAN;
	struct error *e = step->apply ? step->apply(run) : NULL;
	if (run->blind && error_errno(e) == EACCES) {
		run_difference(run, "step", step->name, false, "cannot be seen whole without root (%s)", error_message(e));
		error_free(e);
		return NULL;
	}
	return wrap(e, "planning step %s", step->name);
}

struct error *run_plan(struct run *run, const struct graph *graph)
{
	TRY(learn_release(run));
	run_free_differences(run);
	for (size_t i = 0; i < graph->n; i++)
		TRY(plan_step(run, graph->nodes[i].step));
	run->step = NULL;
	return NULL;
}

static bool has_drift(const struct run *run, const char *target)
{
	for (size_t i = 0; i < run->difference_count; i++)
		if (run->differences[i].drift && strcmp(run->differences[i].target, target) == 0)
			return true;
	return false;
}

static struct error *check_decisions(const struct run *run, const char *option, const struct list *paths)
{
	for (size_t i = 0; i < paths->n; i++)
		if (!has_drift(run, paths->v[i]))
			return fail(ERR_USAGE, "%s %s: no file that mailsetup wrote and another hand has changed since; `mailsetup "
				"status` names those", option, paths->v[i]);
	return NULL;
}

static struct error *refuse_drift(struct run *run)
{
	CLEAN(bytes) struct bytes all = { 0 };

	TRY(check_decisions(run, "--adopt", &run->adopt));
	TRY(check_decisions(run, "--overwrite", &run->overwrite));
	for (size_t i = 0; i < run->difference_count; i++) {
		const struct difference *d = &run->differences[i];

		if (d->drift && !list_has(&run->adopt, d->target) && !list_has(&run->overwrite, d->target))
			bytes_printf(&all, "\n%s", d->target);
	}
	if (!all.size)
		return NULL;
	return fail(ERR_CONFLICT,
		"changed by another hand since mailsetup wrote it; nothing was done. `mailsetup status` shows how. For each file, start again "
		"with `--adopt FILE` to keep theirs for good, or `--overwrite FILE` for mailsetup's (theirs is copied first):%s",
		all.data);
}

static bool has_difference(const struct run *run, const struct step *step)
{
	for (size_t i = 0; i < run->difference_count; i++)
		if (run->differences[i].step == step)
			return true;
	return false;
}

struct error *run_rebuild(struct run *run, const struct graph *graph)
{
	TRY(run_plan(run, graph));
	if (!run->state)
		TRY(state_open(run->host, true, &run->state));
	TRY(state_note_set(run->state, REBUILT_NOTE, "1"));
	TRY(state_params_store(run->state, run->params, NULL));
	for (size_t i = 0; i < graph->n; i++) {
		const struct step *step = graph->nodes[i].step;

		if (!step->always && !has_difference(run, step))
			TRY(state_step_set(run->state, step->name, STEP_DONE, step->revision, 0));
	}
	return NULL;
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
		run_drop_differences(run, before);
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
	return state_step_set(run->state, step->name, STEP_DONE, step->revision, clock_now() - begun);
}

static struct error *install_step(struct run *run, const struct graph *graph, const struct step *step)
{
	double begun = clock_now();
	bool done;

	TRY(run_stop_if_interrupted());
	run->step = step;
	if (step->always && !run->verify) {
		if (!run->partial)
			run_notice(run, "left out (--no-verify): `mailsetup verify` asks it at any time");
		return NULL;
	}
	TRY(step_is_done(run, step, &done));
	run->step = step;
	if (done && !step->always) {
		if (!run->partial)
			run_emit_step(run, graph, EVENT_STEP_SKIPPED, 0, NULL);
		return NULL;
	}
	run_emit_step(run, graph, EVENT_STEP_BEGIN, 0, NULL);
	struct error *e = !done ? apply_step(run, step, begun) : step->postcheck ? step->postcheck(run) : NULL;
	run_emit_step(run, graph, e ? EVENT_STEP_FAILED : EVENT_STEP_DONE, clock_now() - begun,
		e ? error_message(e) : NULL);
	return wrap(e, "step %s", step->name);
}

struct error *run_install(struct run *run, const struct graph *graph)
{
	TRY(run_check(run, graph));
	TRY(run_plan(run, graph));
	TRY(refuse_drift(run));
	if (run->accept)
		TRY(run->accept(run, run->accept_context));
	if (!run->state)
		TRY(state_open(run->host, true, &run->state));
	TRY(state_params_store(run->state, run->params, run->brought));
	run->brought = NULL; /* the store has it */
	for (size_t i = 0; i < graph->n; i++)
		TRY(install_step(run, graph, graph->nodes[i].step));
	run->step = NULL;
	return NULL;
}
