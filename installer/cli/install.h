/*
 * What install and resume share.
 */
#pragma once

#include "cli/command.h"

/* Those of resume lack what only begins an install. */
extern const struct option_spec install_options[], resume_options[];
struct error *install(struct cli *cli, bool resuming) MUST_USE;
