#include "base/i18n.h"
#include "cli/help.h"
#include "cli/help_json.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/report.h"

#include <locale.h>
#include <poll.h>
#include <unistd.h>

const struct command *const commands[] = {
#define COMMAND(name) &command_##name,
#include "cli/commands.def"
#undef COMMAND
	NULL,
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

const char *action_word(const struct command *action)
{
	return strchr(action->name, ' ') + 1;
}

const struct command *action_find(const struct command *command, const char *word)
{
	for (size_t i = 0; command->actions[i]; i++)
		if (strcmp(action_word(command->actions[i]), word) == 0)
			return command->actions[i];
	return NULL;
}

static void apply_settings(struct cli *cli)
{
	screen_open(&cli->screen, cli->no_color);
	cli->screen.quiet = cli->quiet;
	cli->screen.verbose = cli->verbose && !cli->quiet;
}

/* Answers --help, --usage and --version. */
static bool answered(struct cli *cli)
{
	if (cli->want_version && cli->json)
		json_write(cli->screen.out, json_pack("{s:s}", "version", MAILSETUP_VERSION));
	else if ((cli->want_usage || cli->want_help) && cli->json)
		help_json(cli, cli->command);
	else if (cli->want_version)
		fprintf(cli->screen.out, "mailsetup %s\n", MAILSETUP_VERSION);
	else if (cli->want_usage)
		help_usage(&cli->screen, cli->command, cli->screen.out);
	else if (cli->want_help && cli->command)
		help_command(cli, cli->command, cli->screen.out);
	else if (cli->want_help)
		help_program(&cli->screen, cli->screen.out);
	return cli->want_help || cli->want_usage || cli->want_version;
}

/* The next word names a command, or an action of the one that was named. */
static struct error *descend(struct cli *cli, const char *word)
{
	const struct command *above = cli->command;

	cli->command = above ? action_find(above, word) : command_find(word);
	return cli->command ? NULL : above ? unknown_action(above, word) : unknown_command(word);
}

static struct error *no_command(struct cli *cli)
{
	if (cli->command)
		return unknown_action(cli->command, NULL);
	if (!cli->json)
		help_program(&cli->screen, cli->screen.talk);
	return fail(ERR_USAGE, "no command given");
}

static struct error *dispatch(struct cli *cli, int argc, char **argv)
{
	CLEAN(free) char *name = cli->command ? text("mailsetup %s", cli->command->name) : NULL;
	int next;

	if (name)
		argv[0] = name;
	TRY(options_parse(cli, argc, argv, &next));
	apply_settings(cli);
	if (answered(cli))
		return NULL;
	if (command_is_leaf(cli->command)) {
		if (cli->command->flags & NEEDS_ROOT && geteuid() != 0)
			return fail(ERR_PRECHECK, "mailsetup %s must run as root; nothing was changed",
				cli->command->name);
		return cli->command->run(cli);
	}
	if (next >= argc)
		return no_command(cli);
	TRY(descend(cli, argv[next]));
	return dispatch(cli, argc - next, argv + next);
}

static bool reader_is_gone(int fd)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, 0) == 1 && p.revents & POLLERR;
}

/* An answer that was not written is no answer; a reader that closed its pipe had enough. A run goes on without
 * a reader. */
static struct error *check_output(const struct cli *cli)
{
	FILE *out = cli->screen.out;

	errno = 0;
	bool failed = fflush(out) != 0 || ferror(out);
	int reason = errno;
	if (!failed || (cli->command && cli->command->flags & CHANGES) || reader_is_gone(fileno(out)))
		return NULL;
	return reason ? fail_errno(reason, "cannot write to standard output")
		      : fail(ERR_STOPPED, "cannot write to standard output");
}

/* Known before anything can fail, so that every error is JSON as well. (An option's value that reads "--json" is taken for it.) */
static bool asks_json(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strlen(argv[i]) > strlen("--") && starts_with("--json", argv[i]))
			return true;
	return false;
}

int cli_main(int argc, char **argv)
{
	struct cli cli = { .json = asks_json(argc, argv) };
	char *name = argc ? argv[0] : NULL;
	char *alone[] = { (char *)"mailsetup", NULL };

	if (cli.json) { /* the same in every locale */
		language_is_english();
		setlocale(LC_CTYPE, "C.UTF-8");
	}
	apply_settings(&cli);
	params_init(&cli.params);
	if (name)
		argv[0] = alone[0];
	int code = report(&cli, dispatch(&cli, name ? argc : 1, name ? argv : alone));
	struct error *e = check_output(&cli);
	if (code == ERR_OK)
		code = report(&cli, e);
	else
		error_free(e);
	if (code == ERR_OK)
		code = cli.verdict;
	params_free(&cli.params);
	list_free(&cli.operands);
	return code;
}
