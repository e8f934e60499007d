#include "engine/run_loop.h"
#include "base/i18n.h"
#include "base/interrupt.h"

#include <stdarg.h>

static void emit_text(struct run *run, enum event_kind kind, const char *format, va_list arguments)
{
	CLEAN(free) char *s = translated_v(format, arguments);

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
	CLEAN(free) char *s = translated_v(format, arguments);
	va_end(arguments);
	list_add(&run->blockers, s);
}

struct error *run_note(struct run *run, const char *name, char **ret)
{
	const char *brought = run->brought ? notes_get(run->brought, name) : NULL;

	*ret = text_copy(brought);
	return brought || !run->state ? NULL : state_note_get(run->state, name, ret);
}

void run_kept(struct run *run, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	CLEAN(free) char *s = translated_v(format, arguments);
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
	char *shown = translated_v(format, arguments);
	va_end(arguments);
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
		.shown = shown,
		.drift = drift,
	};
}

void run_difference_diff(struct run *run, const char *diff)
{
	struct difference *last = &run->differences[run->difference_count - 1];

	free(last->diff);
	last->diff = text_copy(diff);
}

void run_drop_differences(struct run *run, size_t keep)
{
	while (run->difference_count > keep) {
		struct difference *d = &run->differences[--run->difference_count];

		free(d->verb);
		free(d->target);
		free(d->summary);
		free(d->shown);
		free(d->diff);
	}
}

void run_free_differences(struct run *run)
{
	run_drop_differences(run, 0);
	free(run->differences);
	run->differences = NULL;
}

struct error *run_stop_if_interrupted(void)
{
	return interrupted() ? fail(ERR_STOPPED, "interrupted before the next change") : NULL;
}

struct error *run_intend(struct run *run, const struct undo_record *r)
{
	struct undo_record record = *r;

	TRY(run_stop_if_interrupted());
	record.step = (char *)run->step->name;
	return journal_intend(run->state, &record);
}

void run_changed(struct run *run, const char *verb, const char *target)
{
	run->changes++;
	list_add(&run->changed, target);
	events_emit(run->events, &(struct event){ .kind = EVENT_CHANGE, .step = run->step->name, .action = verb,
					 .target = target });
}

void run_emit_step(struct run *run, const struct graph *graph, enum event_kind kind, double seconds, const char *message)
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
