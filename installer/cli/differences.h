/*
 * What a plan found, shown: by `status` as what has changed since, by `plan` as what an install would do.
 */
#pragma once

#include "cli/json.h"
#include "cli/screen.h"
#include "engine/run.h"

/* "  VERB TARGET: SUMMARY", after prefix where it is not NULL, and the diff, coloured. */
void difference_show(const struct screen *s, const struct difference *d, const char *prefix);
json_t *difference_json(const struct difference *d);
bool differences_have_drift(const struct run *run);
