/*
 * Private to run*.c: what the loops of install and rollback share.
 */
#pragma once

#include "engine/run.h"

struct error *run_stop_if_interrupted(void) MUST_USE;
/* An event about run->step. */
void run_emit_step(struct run *run, const struct graph *graph, enum event_kind kind, double seconds, const char *message);
/* Forgets all differences but the first keep. */
void run_drop_differences(struct run *run, size_t keep);
