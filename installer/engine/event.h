/*
 * Events: how the engine says what happens, without knowing who listens. The sinks (terminal, JSON lines,
 * journal) live in cli/. A sink must not fail and must not keep pointers.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum event_kind {
	EVENT_STEP_BEGIN,
	EVENT_STEP_DONE,     /* seconds */
	EVENT_STEP_SKIPPED,  /* already as wanted */
	EVENT_STEP_FAILED,   /* text: the error */
	EVENT_STEP_UNDONE,
	EVENT_CHANGE,        /* one durable change: action, target */
	EVENT_PROGRESS,      /* percent (-1: unknown), text: what */
	EVENT_NOTICE,
	EVENT_WARNING,
	EVENT_FINDING,       /* of a check: finding */
};

struct finding;

struct event {
	enum event_kind kind;
	const char *step;    /* name or NULL */
	const char *title;   /* of the step or NULL */
	unsigned index, count; /* of the step in this run; 0 outside */
	const char *action;
	const char *target;
	const char *text;
	double percent;
	double seconds;
	const struct finding *finding;
};

struct event_sink {
	void (*emit)(void *context, const struct event *event);
	void *context;
};

#define EVENT_SINKS_MAX 4
struct events {
	struct event_sink sinks[EVENT_SINKS_MAX];
	size_t n;
};
void events_add(struct events *e, struct event_sink sink);
void events_emit(const struct events *e, const struct event *event);
