/*
 * The messages that `queue` is about: those that were named, and the two actions that only look at them. What changes them is in
 * cmd_queue.c.
 */
#pragma once

#include "cli/session.h"
#include "host/queue.h"

/* Reads the queue. *ret_ids: those that the operands name, each once; ERR_USAGE where one is no id, or not in the queue. All three are the
 * caller's, also with an error. */
struct error *queue_open(struct cli *cli, struct host **ret_host, struct queue *ret, struct list *ret_ids) MUST_USE;
size_t queue_count_in(const struct queue *q, const char *name);

extern const struct command action_queue_list, action_queue_show;
