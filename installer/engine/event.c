#include "engine/event.h"

#include <assert.h>

void events_add(struct events *e, struct event_sink sink)
{
	assert(e->n < EVENT_SINKS_MAX);
	e->sinks[e->n++] = sink;
}

void events_emit(const struct events *e, const struct event *event)
{
	for (size_t i = 0; e && i < e->n; i++)
		e->sinks[i].emit(e->sinks[i].context, event);
}
