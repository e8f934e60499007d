#include "base/i18n.h"
#include "cli/rows.h"
#include "mail/name.h"

#include <ctype.h>
#include <limits.h>

enum { ADDRESS, ACTION, ACTIVE };

static const struct row_column columns[] = {
	{ "courriel", N_("ADDRESS"), "address", CELL_TEXT, false },
	{ "action", N_("ACTION"), "action", CELL_TEXT, false },
	{ "active", N_("ACTIVE"), "active", CELL_FLAG, false },
	{ 0 },
};

static const struct row_field fields[] = {
	[ADDRESS] = { "address", "courriel", true, NULL },
	[ACTION] = { "action", "action", true, NULL },
	[ACTIVE] = { "active", "active", false, "1" },
	{ 0 },
};

static struct error *normalise_key(const char *s, char **ret)
{
	return access_key_normalise(s, false, ret);
}

static struct error *prepare(struct row_input *in)
{
	CLEAN(free) char *address = TAKE(in->value[ADDRESS]), *action = TAKE(in->value[ACTION]);

	TRY(normalise_key(address, &in->value[ADDRESS]));
	return access_action_normalise(action, &in->value[ACTION]);
}

/* What the sender's server is not told, or told as a yes, is no refusal. */
static bool refuses(const char *action)
{
	return starts_with(action, "REJECT") || starts_with(action, "DEFER") || starts_with(action, "DISCARD") || isdigit((unsigned char)*action);
}

static struct error *check_target(struct cli *cli, struct accounts *a, const char *action)
{
	const char *target = starts_with(action, "REDIRECT ") || starts_with(action, "BCC ") ? strchr(action, ' ') + 1 : NULL;
	bool reached;

	if (!target)
		return NULL;
	TRY(accounts_reaches(a, cli->params.hostname, target, &reached));
	return reached ? NULL
		       : fail(ERR_CONFLICT,
				 "%s: that mail would go nowhere: it is in a domain of this server, but no active account or alias; "
				 "`mailsetup user add %s` makes the account",
				 action, target);
}

/* Postfix asks for the domain with those above it; relaying was refused before. */
static struct error *is_ever_asked(struct cli *cli, struct accounts *a, const char *key, bool *ret)
{
	const char *at = strchr(key, '@');
	CLEAN(list) struct list domains = { 0 };

	*ret = at && !at[1];
	if (!*ret)
		TRY(accounts_domain_is_ours(a, cli->params.hostname, at ? at + 1 : key, ret));
	if (at)
		return NULL;
	CLEAN(free) char *below = text(".%s", key);
	TRY(accounts_domains(a, &domains));
	for (size_t i = 0; i < domains.n; i++)
		*ret |= ends_with(domains.v[i], below);
	return NULL;
}

static struct error *check(struct cli *cli, struct accounts *a, const char *key, enum row_change change)
{
	CLEAN(list) struct list stored = { 0 };
	CLEAN(free) char *action = NULL;
	bool asked;

	if (change == ROW_IS_DELETED || change == ROW_IS_DISABLED)
		return NULL;
	TRY(accounts_rows_read(a, "postfix_liste_noire_destinataires", (const char *const[]){ "action", NULL }, "courriel", key, &stored));
	TRY(access_action_normalise(stored.n ? stored.v[0] : "", &action));
	if (starts_with(key, "postmaster@") && refuses(action))
		return fail(ERR_CONFLICT, "%s is an address for which every mail server takes mail (RFC 5321, 4.5.1)", key);
	TRY(check_target(cli, a, action));
	TRY(is_ever_asked(cli, a, key, &asked));
	if (asked || cli->quiet)
		return NULL;
	CLEAN(free) char *shown = printable(key);
	fprintf(cli->screen.talk, _("note: no active domain of this server has the recipient %s: mail for it is refused before this list is asked\n"),
		shown);
	return NULL;
}

static const char *const ignored[] = { "id", NULL };

static const struct row_kind kind = {
	.noun = N_("blocked recipient"),
	.plural = "blocked_recipients",
	.table = "postfix_liste_noire_destinataires",
	.key_column = "courriel",
	.columns = columns,
	.normalise = normalise_key,
	.check = check,
	.fields = fields,
	.ignored = ignored,
	.prepare = prepare,
	.added = N_("%s is in the list of recipients now"),
};

static const struct command add = {
	.name = "block-recipient add",
	.operands = N_("ADDRESS ACTION"),
	.operands_min = 2,
	.operands_max = UINT_MAX,
	.summary = N_("refuse mail for an address, or do something else with it"),
	.help = PARAGRAPHS(
		N_("ADDRESS is user@domain, user@ (in any domain) or a domain. ACTION is one of access(5): `REJECT`, "
		   "`DEFER`, `DISCARD`, `HOLD`, `REDIRECT ADDRESS` and so on, or a code from 400 to 599, with a text "
		   "behind it. Several words are one action. It is asked for mail from outside, after relaying was "
		   "refused: `OK` lets nobody relay.")),
	.examples = "mailsetup block-recipient add ancien@exemple.fr REJECT\n"
		    "mailsetup block-recipient add ancien@exemple.fr 550 5.1.6 Has left",
	.flags = NEEDS_ROOT | CHANGES,
	.run = rows_add,
	.subject = &kind,
};

ROW_LIST("block-recipient", kind);
ROW_SHOW("block-recipient", kind, N_("ADDRESS"));
ROW_ENABLE("block-recipient", kind, N_("ADDRESS"));
ROW_DISABLE("block-recipient", kind, N_("ADDRESS"));
ROW_DELETE("block-recipient", kind, N_("ADDRESS"));
ROW_IMPORT("block-recipient", kind, N_("Columns: address, action, and active if need be."));

static const struct command *const actions[] = { &add, &row_list, &row_show, &row_enable, &row_disable, &row_delete, &row_import,
	NULL };

const struct command command_block_recipient = {
	.name = "block-recipient",
	.summary = N_("recipients whose mail from outside is refused"),
	.help = PARAGRAPHS(
		N_("Rows of the guide's table postfix_liste_noire_destinataires: an address, and what Postfix does with "
		   "mail for it."),
		ROWS_RULES),
	.actions = actions,
};
