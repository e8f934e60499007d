#include "base/i18n.h"
#include "cli/complete.h"
#include "cli/help.h"

static bool script, complete;

static const struct option_spec options[] = {
	{ "completion", 0, NULL, N_("write the script that teaches bash to complete mailsetup's words"), &script, NULL, NULL },
	{ "complete", 0, NULL, N_("list what the last of the words could become; what that script asks"), &complete, NULL, NULL },
	{ 0 },
};

static struct error *list_words(struct cli *cli)
{
	CLEAN(list) struct list words = { 0 };
	FILE *out = cli->screen.out;

	complete_words(cli, &cli->operands, &words);
	for (size_t i = 0; i < words.n; i++)
		fprintf(out, "%s\n", words.v[i]);
	return NULL;
}

static struct error *explain(struct cli *cli)
{
	const struct command *c = command_find(cli->operands.v[0]);

	if (!c)
		return unknown_command(cli->operands.v[0]);
	if (cli->operands.n > 1 && c->actions) {
		const struct command *action = action_find(c, cli->operands.v[1]);

		if (!action)
			return unknown_action(c, cli->operands.v[1]);
		c = action;
	}
	help_command(cli, c, cli->screen.out);
	return NULL;
}

static struct error *help(struct cli *cli)
{
	if (complete)
		return list_words(cli);
	if (cli->operands.n > 2)
		return fail(ERR_USAGE, "help explains one command, or one action of a command");
	if (script)
		fputs(bash_completion, cli->screen.out);
	else if (cli->operands.n)
		return explain(cli);
	else
		help_program(&cli->screen, cli->screen.out);
	return NULL;
}

static void command_words(const struct command *c, struct list *ret)
{
	(void)c;
	for (size_t i = 0; commands[i]; i++)
		list_add(ret, commands[i]->name);
}

const struct command command_help = {
	.name = "help",
	.operands = N_("[COMMAND [ACTION]]"),
	.operands_max = 100, /* of a line that is to be completed */
	.summary = N_("explain a command, or list all"),
	.help = N_("Lists the commands, or explains one of them."),
	.examples = "mailsetup help user add\nmailsetup help --completion > /etc/bash_completion.d/mailsetup",
	.options = options,
	.words = command_words,
	.run = help,
};
