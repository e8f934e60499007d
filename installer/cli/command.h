/*
 * Commands and their options, as data: argp, --help, and whatever else describes the command line read these
 * tables.
 *
 * A new command is one file, cmd_NAME.c, that defines `const struct command command_NAME`, and one line in
 * commands.def.
 */
#pragma once

#include "base/error.h"
#include "cli/screen.h"
#include "engine/params.h"

struct cli;

enum command_flag {
	NEEDS_ROOT = 1 << 0,
	TAKES_PARAMS = 1 << 1, /* the parameters of a server (engine/params.h) are options of it */
	CHANGES = 1 << 2,      /* changes the machine: goes on when nobody can read its output any more */
};

/* A flag is set in *flag, a value in *text; both NULL for a parameter of the server. */
struct option_spec {
	const char *name;
	int letter;	      /* its short form, or 0 */
	const char *argument; /* what its value is called, or NULL for a flag */
	const char *help;
	bool *flag;
	const char **text;
	struct list *list; /* of an option that may be repeated */
};

struct command {
	const char *name;
	const char *operands; /* synopsis: "[STEP]", or NULL */
	unsigned operands_max;
	const char *summary;
	const char *help;     /* paragraphs, separated by an empty line */
	const char *examples; /* command lines, or NULL */
	unsigned flags;
	const struct option_spec *options; /* its own; a NULL name ends them */
	struct error *(*run)(struct cli *cli);
};

#define COMMAND(name) extern const struct command command_##name;
#include "cli/commands.def"
#undef COMMAND

extern const struct command *const commands[]; /* sorted by name; NULL after the last */

/* What the command line said. */
struct cli {
	const struct command *command;
	struct list operands;
	struct params params;
	bool json, quiet, verbose, no_color;
	bool want_help, want_usage, want_version;
	const char *next; /* set by a command that fails: what to do then, one line */
	int verdict;	  /* set by a command that answers: the exit code where the answer itself is bad news */
	struct screen screen;
};

const struct command *command_find(const char *name); /* or NULL */
/* Reads argv, runs the command, shows its error. Returns the exit code. */
int cli_main(int argc, char **argv);
