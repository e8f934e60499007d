/*
 * The one place where an error is shown.
 */
#pragma once

#include "cli/command.h"

/* On `talk`, or as one JSON line on `out`. Consumes e; returns the exit code; NULL is nothing and 0. */
int report(const struct cli *cli, struct error *e);
