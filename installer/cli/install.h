/*
 * What install and resume share.
 */
#pragma once

#include "cli/command.h"

extern const struct option_spec install_options[];
struct error *install(struct cli *cli, bool resuming) MUST_USE;
