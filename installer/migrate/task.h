/*
 * What the worker (worker.h) is given to do, and root's side of it: task_run() starts it, shows how far it is, and hears it out.
 */
#pragma once

#include "engine/event.h"
#include "migrate/undo.h"
#include "migrate/worker.h"

worker_task task_sweep; /* the staging goes */
worker_task task_stage; /* argument: the struct unpack of the archive; tells its report */
worker_task task_place; /* tells its report */
worker_task task_count; /* tells its report */
worker_task task_undo;  /* argument: the struct undone that is filled in; tells it */

struct watch {
	const struct events *events;
	uint64_t size; /* of the archive; 0: not known */
	double began;  /* of clock_now() */
};

/* *ret_answer is what the task told last, the caller's; ret_answer may be NULL where nothing is awaited. Only task_stage is stopped by an
 * interrupt (ERR_STOPPED). */
struct error *task_run(struct import *im, worker_task *task, void *argument, const struct watch *w, json_t **ret_answer) MUST_USE;
