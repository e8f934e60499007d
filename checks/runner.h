/*
 * The runner: each check in a child process of its own, several at a time, their findings reported in the order
 * given.
 *
 * A child dies with its parent, is killed at its time limit, and hands its finding over through a pipe: the
 * state and whether it was asked at all, then evidence and remedy with their lengths before them, so any bytes pass. A child that ends without
 * one is a failed check.
 */
#pragma once

#include "checks/check.h"

#define RUNNER_CHILDREN 12
#define RUNNER_WAITING	36 /* where what they rest on is broken, all that they do is wait */
#define RUNNER_MAIL	8

/* checks: NULL after the last. One that needs what the context lacks (the mailbox, the namespace) is not
 * started: its finding is unknown, with the reason. ERR_STOPPED when interrupted: the children are dead then.
 */
struct error *runner_run(const struct check *const *checks, const struct check_context *context,
	const struct events *events, struct check_summary *summary) MUST_USE;
