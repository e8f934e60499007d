/*
 * A plan kept in a file: what an install would do to this machine, with the parameters that it was asked with. `install --plan`
 * does that and nothing else: where the machine, or mailsetup, has changed since, it refuses.
 *
 * JSON: {"format": "mailsetup-plan-1", "version": ..., "parameters": {NAME: [VALUE...]}, "changes": [as of `plan --json`]}.
 */
#pragma once

#include "cli/command.h"
#include "engine/run.h"

/* ERR_CONFLICT where FILE exists. */
struct error *plan_file_write(const char *path, const struct params *params, const struct run *run) MUST_USE;

struct plan_file;
/* Its parameters go into params, which has none yet of those. ERR_USAGE names what is wrong with it. */
struct error *plan_file_read(const char *path, struct params *params, struct plan_file **ret) MUST_USE;
void plan_file_free(struct plan_file *f);
DEFINE_CLEANUP(struct plan_file *, plan_file_free)
/* Are these its changes? ERR_CONFLICT names the first one that differs. For run->accept; context is the plan_file. */
struct error *plan_file_accept(const struct run *run, void *context) MUST_USE;
