#include "base/i18n.h"
#include "cli/complete.h"
#include "cli/help.h"
#include "cli/help_json.h"
#include "cli/manual.h"

static bool script, complete, man, schema;

static const struct option_spec options[] = {
	{ "man", 0, NULL, N_("write the manual page: `mailsetup help --man | man -l -`"), &man, NULL, NULL },
	{ "completion", 0, NULL, N_("write the script that teaches bash to complete mailsetup's words"), &script, NULL, NULL },
	{ "complete", 0, NULL, N_("list what the last of the words could become; what that script asks"), &complete, NULL, NULL },
	{ "schema", 0, NULL, N_("write the JSON Schema of all that --json writes"), &schema, NULL, NULL },
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
	if (cli->json)
		help_json(cli, c);
	else
		help_command(cli, c, cli->screen.out);
	return NULL;
}

static struct error *write_page(struct cli *cli)
{
	const char *page = cli->operands.n ? cli->operands.v[0] : "mailsetup";

	if (strcmp(page, "mailsetup") == 0)
		manual_program(cli, cli->screen.out);
	else if (strcmp(page, "mailsetup.conf") == 0)
		manual_config(cli->screen.out);
	else
		return fail(ERR_USAGE, "--man: no page is called “%s”; there are mailsetup and mailsetup.conf", page);
	return NULL;
}

static struct error *help(struct cli *cli)
{
	if (cli->json && (man || script || complete))
		return fail(ERR_USAGE, "help: a manual page and what bash reads are no JSON");
	if (complete)
		return list_words(cli);
	if (cli->operands.n > 2)
		return fail(ERR_USAGE, "help explains one command, or one action of a command");
	if (man)
		return write_page(cli);
	if (schema)
		fputs(json_schema, cli->screen.out);
	else if (script)
		fputs(bash_completion, cli->screen.out);
	else if (cli->operands.n)
		return explain(cli);
	else if (cli->json)
		help_json(cli, NULL);
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
	.help = PARAGRAPHS(
		N_("Lists the commands, or explains COMMAND, or one ACTION of it: the same text as with --help."),
		N_("--man writes the manual page mailsetup(8), or with `mailsetup.conf` as the operand "
		   "mailsetup.conf(5), in the language of the locale. `make install` and the Debian package put the "
		   "pages, and the script that --completion writes, in their places; it completes commands, options, "
		   "steps and accounts.")),
	.examples = "mailsetup help user add\nmailsetup help --man | man -l -\nmailsetup help --completion > /etc/bash_completion.d/mailsetup",
	.options = options,
	.words = command_words,
	.run = help,
};
