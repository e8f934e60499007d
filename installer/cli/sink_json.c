#include "checks/check.h"
#include "cli/json.h"
#include "cli/sinks.h"

const char *event_name(enum event_kind kind)
{
	static const char *const names[] = {
		[EVENT_STEP_BEGIN] = "step-begin",
		[EVENT_STEP_DONE] = "step-done",
		[EVENT_STEP_SKIPPED] = "step-skipped",
		[EVENT_STEP_FAILED] = "step-failed",
		[EVENT_STEP_UNDONE] = "step-undone",
		[EVENT_CHANGE] = "change",
		[EVENT_PROGRESS] = "progress",
		[EVENT_NOTICE] = "notice",
		[EVENT_WARNING] = "warning",
		[EVENT_FINDING] = "finding",
	};

	return names[kind];
}

static void add_finding(json_t *object, const struct finding *f)
{
	static const char *const states[] = {
		[CHECK_OK] = "ok",
		[CHECK_FAILED] = "failed",
		[CHECK_UNKNOWN] = "unknown",
	};

	json_set_text(object, "check", f->check);
	json_set_text(object, "title", f->title);
	json_set_text(object, "state", states[f->state]);
	json_set_text(object, "evidence", f->evidence ? f->evidence : "");
	json_set_text(object, "remedy", f->remedy ? f->remedy : "");
	json_set_seconds(object, "seconds", f->seconds);
}

static void emit(void *context, const struct event *e)
{
	struct json_lines *j = context;

	if (e->kind == EVENT_PROGRESS && e->percent >= 0 && (int)e->percent == j->percent)
		return;
	j->percent = e->kind == EVENT_PROGRESS ? (int)e->percent : -1;
	json_t *object = json_event(event_name(e->kind));
	json_set_text(object, "step", e->step);
	json_set_text(object, "title", e->title);
	if (e->count) {
		json_object_set_new(object, "index", json_integer(e->index));
		json_object_set_new(object, "count", json_integer(e->count));
	}
	json_set_text(object, "verb", e->action);
	json_set_text(object, "target", e->target);
	if (!e->finding)
		json_set_text(object, "text", e->text);
	if (e->kind == EVENT_PROGRESS && e->percent >= 0)
		json_object_set_new(object, "percent", json_integer((int)e->percent));
	if (e->kind == EVENT_STEP_DONE || e->kind == EVENT_STEP_FAILED || e->kind == EVENT_STEP_UNDONE)
		json_set_seconds(object, "seconds", e->seconds);
	if (e->finding)
		add_finding(object, e->finding);
	json_write(j->out, object);
}

struct event_sink json_sink(struct json_lines *j)
{
	j->percent = -1;
	return (struct event_sink){ .emit = emit, .context = j };
}
