/*
 * The options of a command: its own, the parameters of the server where it takes them, and the common ones;
 * read by argp.
 */
#pragma once

#include "cli/command.h"

enum option_group {
	GROUP_OWN,
	GROUP_PARAMETERS,
	GROUP_COMMON,
};
/* The options of one group, owned by the caller (free), a NULL name after the last. command NULL: of
 * `mailsetup` itself, before any command. */
struct option_spec *options_of(const struct command *command, enum option_group group, struct cli *cli);

/* Reads argv (argv[0] is what messages call the program) into cli. Where cli->command is none yet, or has
 * actions, it stops at the first operand, the word that names the next, whose index is *ret_next. ERR_USAGE names an option
 * that is unknown, lacks its value, or has a wrong one. */
struct error *options_parse(struct cli *cli, int argc, char **argv, int *ret_next) MUST_USE;
/* Why getopt(3) did not take argv[next - 1], or a letter of argv[next]. */
struct error *bad_option(const struct option_spec *options, int argc, char **argv, int next) MUST_USE;
