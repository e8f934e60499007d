#include "base/i18n.h"
#include "cli/aliases.h"
#include "mail/name.h"

enum { ADDRESS, DESTINATION, ACTIVE };

static const struct row_column columns[] = {
	{ "courriel", N_("ADDRESS"), "address", CELL_TEXT, false },
	{ "destination", N_("DESTINATION"), "destinations", CELL_LIST, false },
	{ "active", N_("ACTIVE"), "active", CELL_FLAG, false },
	{ 0 },
};

static const struct row_field fields[] = {
	[ADDRESS] = { "address", "courriel", true, NULL },
	[DESTINATION] = { "destination", "destination", true, NULL },
	[ACTIVE] = { "active", "active", false, "1" },
	{ 0 },
};

static struct error *prepare(struct row_input *in)
{
	CLEAN(free) char *address = TAKE(in->value[ADDRESS]), *destination = TAKE(in->value[DESTINATION]);

	TRY(address_normalise(address, &in->value[ADDRESS]));
	return destinations_normalise(destination, &in->value[DESTINATION]);
}

static struct error *check(struct cli *cli, struct accounts *a, const char *key, enum row_change change)
{
	if (change == ROW_IS_DELETED || change == ROW_IS_DISABLED)
		return aliases_left(cli, a, key, change);
	if (change == ROW_IS_ADDED)
		TRY(domain_served(a, cli->params.hostname, key));
	TRY(aliases_shadow(a, key));
	return accounts_alias_check(a, cli->params.hostname, key);
}

static const char *const ignored[] = { "id", NULL };

static const struct row_kind kind = {
	.noun = N_("virtual alias"),
	.plural = "virtual_aliases",
	.table = "postfix_alias_virtuels",
	.key_column = "courriel",
	.columns = columns,
	.normalise = address_normalise,
	.check = check,
	.fields = fields,
	.ignored = ignored,
	.prepare = prepare,
	.added = N_("%s is a virtual alias now"),
};

static const struct command add = {
	.name = "virtual-alias add",
	.operands = N_("ADDRESS ADDRESS[,ADDRESS...]"),
	.operands_min = 2,
	.operands_max = 2,
	.summary = N_("send the mail of an address on to others"),
	.help = PARAGRAPHS(
		N_("Mail to the first address goes to the others, here or elsewhere, and the users of those mailboxes "
		   "may send under it. The first is in a mail domain of this server, and no account, unless it is among "
		   "the destinations: then a copy stays. An alias that leads to nowhere or in a loop is refused.")),
	.examples = "mailsetup virtual-alias add contact@exemple.fr jean@exemple.fr,lucie@exemple.fr",
	.flags = NEEDS_ROOT | CHANGES,
	.run = rows_add,
	.subject = &kind,
};

ROW_LIST("virtual-alias", kind);
ROW_SHOW("virtual-alias", kind, N_("ADDRESS"));
ROW_ENABLE("virtual-alias", kind, N_("ADDRESS"));
ROW_DISABLE("virtual-alias", kind, N_("ADDRESS"));
ROW_DELETE("virtual-alias", kind, N_("ADDRESS"));
ROW_IMPORT("virtual-alias", kind, N_("Columns: address, destination, and active if need be."));

static const struct command *const actions[] = { &add, &row_list, &row_show, &row_enable, &row_disable, &row_delete, &row_import,
	NULL };

const struct command command_virtual_alias = {
	.name = "virtual-alias",
	.summary = N_("addresses of your domains, sent on to others"),
	.help = PARAGRAPHS(
		N_("Rows of the guide's table postfix_alias_virtuels: an address in a mail domain of this server, main "
		   "or secondary, and where its mail goes."),
		ROWS_RULES),
	.actions = actions,
};
