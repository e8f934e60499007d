/*
 * A change of a running server that is an install with other parameters: of its domains, of its DKIM keys. So it is
 * journaled, goes on after a kill, and is rolled back like everything else.
 */
#pragma once

#include "cli/session.h"

/* Opens the session, with its lock, of a server that is installed: ERR_PRECHECK where none is. Its command takes DRIFT_OPTIONS among its
 * options. */
struct error *change_open(struct cli *cli, struct session *s) MUST_USE;
/* *ret_unfinished: has an earlier run stopped before its end? Then ERR_CONFLICT, unless goes_on says that it was one of this very change.
 * Where none has, it sets leave_theirs: a file that another hand has changed stops the change (ERR_CONFLICT) only where that wants
 * something new there; the rest is left as it is, and to `status`. */
struct error *change_check_unfinished(struct cli *cli, struct session *s, bool goes_on, bool *ret_unfinished) MUST_USE;
/* Runs all steps with cli->params, which are remembered from then on, without the proof by mail; only those that have something to do are
 * shown. ERR_STOPPED says that the same command, or `resume`, goes on. */
struct error *change_run(struct cli *cli, struct session *s) MUST_USE;
/* {"event":"done","changed":...,KEY:VALUE} */
void change_done_json(struct cli *cli, bool changed, const char *key, const char *value);
