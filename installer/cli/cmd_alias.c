#include "base/i18n.h"
#include "cli/aliases.h"
#include "mail/name.h"

enum { NAME, DESTINATION, ACTIVE };

static const struct row_column columns[] = {
	{ "alias", N_("NAME"), "name", CELL_TEXT, false },
	{ "destination", N_("DESTINATION"), "destinations", CELL_LIST, false },
	{ "active", N_("ACTIVE"), "active", CELL_FLAG, false },
	{ 0 },
};

static const struct row_field fields[] = {
	[NAME] = { "name", "alias", true, NULL },
	[DESTINATION] = { "destination", "destination", true, NULL },
	[ACTIVE] = { "active", "active", false, "1" },
	{ 0 },
};

static struct error *normalise_name(const char *s, char **ret)
{
	if (strchr(s, '@')) {
		CLEAN(free) char *shown = printable(s);

		return fail(ERR_USAGE, "“%s” is an address; an alias is a name without a domain, for mail to NAME@ the server's own "
					 "name. `mailsetup virtual-alias` is for addresses",
			shown);
	}
	return local_part_normalise(s, ret);
}

static struct error *prepare(struct row_input *in)
{
	CLEAN(free) char *name = TAKE(in->value[NAME]), *destination = TAKE(in->value[DESTINATION]);

	TRY(normalise_name(name, &in->value[NAME]));
	return destinations_normalise(destination, &in->value[DESTINATION]);
}

static struct error *check(struct cli *cli, struct accounts *a, const char *key, enum row_change change)
{
	const char *hostname = cli->params.hostname;
	CLEAN(free) char *address = text("%s@%s", key, hostname);
	CLEAN(list) struct list before = { 0 };

	if (change == ROW_IS_DELETED || change == ROW_IS_DISABLED)
		return aliases_left(cli, a, address, change);
	TRY(accounts_virtual_alias(a, address, &before));
	if (before.n)
		return fail(ERR_CONFLICT, "there is a virtual alias %s, which goes before it: `mailsetup virtual-alias show %s`",
			address, address);
	return accounts_alias_check(a, hostname, address);
}

static const char *const ignored[] = { "id", NULL };

static const struct row_kind kind = {
	.noun = N_("alias"),
	.plural = "aliases",
	.table = "postfix_alias",
	.key_column = "alias",
	.columns = columns,
	.normalise = normalise_name,
	.check = check,
	.fields = fields,
	.ignored = ignored,
	.prepare = prepare,
	.added = N_("%s is an alias now"),
};

static const struct command add = {
	.name = "alias add",
	.operands = N_("NAME ADDRESS[,ADDRESS...]"),
	.operands_min = 2,
	.operands_max = 2,
	.summary = N_("send the mail of a name on to addresses"),
	.help = PARAGRAPHS(
		N_("NAME is a local part alone: mail to NAME at the server's own name goes on, such as what cron writes "
		   "to a user of the machine. An alias that leads to nowhere or in a loop is refused.")),
	.examples = "mailsetup alias add www-data jean@exemple.fr",
	.flags = NEEDS_ROOT | CHANGES,
	.run = rows_add,
	.subject = &kind,
};

ROW_LIST("alias", kind);
ROW_SHOW("alias", kind, N_("NAME"));
ROW_ENABLE("alias", kind, N_("NAME"));
ROW_DISABLE("alias", kind, N_("NAME"));
ROW_DELETE("alias", kind, N_("NAME"));
ROW_IMPORT("alias", kind, N_("Columns: name, destination, and active if need be."));

static const struct command *const actions[] = { &add, &row_list, &row_show, &row_enable, &row_disable, &row_delete, &row_import,
	NULL };

const struct command command_alias = {
	.name = "alias",
	.summary = N_("names of the server itself, sent on to addresses"),
	.help = PARAGRAPHS(
		N_("Rows of the guide's table postfix_alias: names without a domain, for mail to NAME at the server's "
		   "own name. For addresses in your mail domains there is `mailsetup virtual-alias`."),
		ROWS_RULES),
	.actions = actions,
};
