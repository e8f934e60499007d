/*
 * Commands and their options, as data: argp, --help, and whatever else describes the command line read these
 * tables.
 *
 * A new command is one file, cmd_NAME.c, that defines `const struct command command_NAME`, and one line in
 * commands.def. A command that acts on one kind of thing (`user`) has actions below it (`user add`): each a command
 * of its own, named with both words.
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

/* Marks that the manual page shows in print, and --help as they are: `what is typed`. Options, paths, page(8) and the command's own
 * placeholders are found by their form. */
#define PARAGRAPHS(...) ((const char *const[]){ __VA_ARGS__, NULL })

struct command {
	const char *name;     /* of an action, with its command's: "user add" */
	const char *operands; /* synopsis: "[STEP]", or NULL */
	unsigned operands_min, operands_max;
	const char *summary;
	const char *const *help; /* PARAGRAPHS(N_("..."), ...): below the summary, in --help and in the manual alike */
	const char *examples; /* command lines, or NULL */
	unsigned flags;
	const struct option_spec *options; /* its own; a NULL name ends them */
	const struct command *const *actions; /* NULL after the last; such a command has no operands, options or run */
	void (*words)(const struct command *c, struct list *ret); /* what its first operand may be, for completion; or NULL */
	struct error *(*run)(struct cli *cli);
	const void *subject; /* of a run that several commands share: what this one acts on */
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
/* The action of that word, or NULL. */
const struct command *action_find(const struct command *command, const char *word);
static inline bool command_is_leaf(const struct command *c)
{
	return c && !c->actions;
}
const char *action_word(const struct command *action); /* "add" of "user add" */
/* Reads argv, runs the command, shows its error. Returns the exit code. */
int cli_main(int argc, char **argv);
