#include "base/i18n.h"
#include "cli/help.h"

static struct error *help(struct cli *cli)
{
	if (!cli->operands.n) {
		help_program(&cli->screen, cli->screen.out);
		return NULL;
	}
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

const struct command command_help = {
	.name = "help",
	.operands = N_("[COMMAND [ACTION]]"),
	.operands_max = 2,
	.summary = N_("explain a command, or list all"),
	.help = N_("Lists the commands, or explains one of them."),
	.run = help,
};
