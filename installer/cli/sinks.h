/*
 * Who listens to the engine: the terminal, a reader of JSON lines, the systemd journal.
 */
#pragma once

#include "cli/progress.h"
#include "engine/event.h"

struct terminal {
	const struct screen *screen;
	struct progress progress;
	bool every_finding; /* else only those that are not ok */
};
void terminal_open(struct terminal *t, const struct screen *screen);
/* Leaves no half line behind; to be called before anything else is printed. */
void terminal_close(struct terminal *t);
struct event_sink terminal_sink(struct terminal *t);

/* One object a line: {"event":"step-done","step":"packages","seconds":41.2,...}. */
struct json_lines {
	FILE *out;
	int percent; /* last one written: a progress event a percent is enough */
};
struct event_sink json_sink(struct json_lines *j);

/* Begin, end and failure of steps, warnings: MESSAGE, in which errors, notices and warnings stand as the administrator reads them,
 * MAILSETUP_STEP, MAILSETUP_EVENT. Nothing where no journal runs. */
struct event_sink journal_sink(void);

/* "step-done": the name of an event where machines read it. */
const char *event_name(enum event_kind kind);
