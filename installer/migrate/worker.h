/*
 * The child in which all work in the mail tree is done: as the mailboxes' own user, without new privileges, so that root never walks
 * a tree that others may write.
 *
 *	TRY(worker_start(&im, task, &w));      // by root
 *	while (TRY(worker_hear(w, 250, &json)), json)   // {"consumed":...,"messages":...} as it goes; then NULL, or the task's error
 *		...
 *	worker_free(w);                        // ends it where it still runs
 *
 * The last that a task tells is its report.
 */
#pragma once

#include "migrate/import.h"

struct worker;
typedef struct error *worker_task(struct import *im, void *argument);

struct error *worker_start(struct import *im, worker_task *task, void *argument, struct worker **ret) MUST_USE;
/* *ret is NULL when the task has ended well; an empty object when so many milliseconds have passed. */
struct error *worker_hear(struct worker *w, int timeout, json_t **ret) MUST_USE;
void worker_free(struct worker *w);
DEFINE_CLEANUP(struct worker *, worker_free)

/* In the child: sends the value, and drops it. */
struct error *worker_tell(struct import *im, json_t *value) MUST_USE;
