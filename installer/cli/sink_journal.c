#include "base/bytes.h"
#include "cli/sinks.h"

#include <syslog.h>
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

/* For `journalctl MESSAGE_ID=...`; random, never changed. */
#define STEP_DONE_ID   "e032a221b7d34a8386129a9845d5cb4b"
#define STEP_FAILED_ID "8a81b80ad2054615bd5d16d0f605e997"

static char *describe(const struct event *e)
{
	switch (e->kind) {
	case EVENT_STEP_BEGIN:
		return text("step %s begins: %s", e->step, e->title ? e->title : "");
	case EVENT_STEP_DONE:
		return text("step %s done in %.1f s", e->step, e->seconds);
	case EVENT_STEP_FAILED:
		return text("step %s failed: %s", e->step, e->text ? e->text : "");
	case EVENT_STEP_UNDONE:
		return text("step %s taken back in %.1f s", e->step, e->seconds);
	case EVENT_CHANGE:
		return text("%s %s", e->action ? e->action : "", e->target ? e->target : "");
	case EVENT_NOTICE:
	case EVENT_WARNING:
		return text_copy(e->text ? e->text : "");
	default:
		return NULL;
	}
}

static int priority(enum event_kind kind)
{
	return kind == EVENT_STEP_FAILED ? LOG_ERR
	       : kind == EVENT_WARNING	 ? LOG_WARNING
	       : kind == EVENT_CHANGE	 ? LOG_DEBUG
					 : LOG_INFO;
}

static void emit(void *context, const struct event *e)
{
	CLEAN(free) char *message = describe(e);
	const char *id = e->kind == EVENT_STEP_DONE	? "MESSAGE_ID=" STEP_DONE_ID
			 : e->kind == EVENT_STEP_FAILED ? "MESSAGE_ID=" STEP_FAILED_ID
							: NULL;

	(void)context;
	if (!message)
		return;
	/* NULL ends the fields: the id stands last. An absent journal is no error of the run. */
	(void)sd_journal_send("MESSAGE=%s", message, "PRIORITY=%d", priority(e->kind),
		"SYSLOG_IDENTIFIER=mailsetup", "MAILSETUP_STEP=%s", e->step ? e->step : "",
		"MAILSETUP_EVENT=%s", event_name(e->kind), id, NULL);
}

struct event_sink journal_sink(void)
{
	return (struct event_sink){ .emit = emit };
}
