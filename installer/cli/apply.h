/*
 * A command that is a change of the parameters (`domain add`, `dkim rotate`) lets the steps do it: what they change is journaled,
 * can be gone on with and taken back, as everything that they do.
 */
#pragma once

#include "cli/session.h"

/* Runs the steps with cli->params as they are now, which are remembered from then on, without the verdict. Shows the steps that
 * do something. ERR_STOPPED tells that the same command, or `resume`, goes on; ERR_CONFLICT where another hand has changed a file. */
struct error *apply_params(struct cli *cli, struct session *s) MUST_USE;
