/*
 * The command line as data, and the schema of all that `--json` writes (docs/schema.json).
 */
#pragma once

#include "cli/command.h"

/* One document: of that command, or of all (NULL). */
void help_json(struct cli *cli, const struct command *c);
extern const char json_schema[]; /* embedded by the Makefile, beside the assets */
