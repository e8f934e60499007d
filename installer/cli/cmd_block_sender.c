#include "base/i18n.h"
#include "cli/rows.h"
#include "mail/name.h"

#include <ctype.h>
#include <limits.h>

#define MESSAGE_MAX 400 /* a reply line has 512 bytes, with the code and the address in front */

enum { ADDRESS, CODE, MESSAGE, ACTIVE };

static const struct row_column columns[] = {
	{ "courriel", N_("ADDRESS"), "address", CELL_TEXT, false },
	{ "code_retour", N_("CODE"), "code", CELL_NUMBER, false },
	{ "message", N_("MESSAGE"), "message", CELL_TEXT, false },
	{ "active", N_("ACTIVE"), "active", CELL_FLAG, false },
	{ 0 },
};

static const struct row_field fields[] = {
	[ADDRESS] = { "address", "courriel", true, NULL },
	[CODE] = { "code", "code_retour", true, NULL },
	[MESSAGE] = { "message", "message", true, NULL },
	[ACTIVE] = { "active", "active", false, "1" },
	{ 0 },
};

static struct error *normalise_key(const char *s, char **ret)
{
	return access_key_normalise(s, true, ret);
}

static struct error *check_code(const char *s)
{
	CLEAN(free) char *shown = printable(s);

	if (strlen(s) != 3 || strspn(s, "0123456789") != 3 || (*s != '4' && *s != '5'))
		return fail(ERR_USAGE, "“%s” is no code of a refusal: 4xx (try again later) or 5xx (never), such as 554", shown);
	return NULL;
}

static struct error *prepare(struct row_input *in)
{
	CLEAN(free) char *address = TAKE(in->value[ADDRESS]);

	TRY(normalise_key(address, &in->value[ADDRESS]));
	if (in->value[CODE])
		TRY(check_code(in->value[CODE]));
	if (!in->value[MESSAGE][strspn(in->value[MESSAGE], " ")])
		return fail(ERR_USAGE, "the message is empty; the sender's server shows it to its user");
	return line_check(_("message"), in->value[MESSAGE], MESSAGE_MAX);
}

static bool is_ascii(const char *s)
{
	while (*s && isascii((unsigned char)*s))
		s++;
	return !*s;
}

static struct error *check(struct cli *cli, struct accounts *a, const char *key, enum row_change change)
{
	static bool told; /* once for a whole file */
	CLEAN(list) struct list message = { 0 };

	if (change == ROW_IS_DELETED || change == ROW_IS_DISABLED)
		return NULL;
	if (strcmp(key, "<>") == 0)
		return fail(ERR_CONFLICT,
			"<> is the sender of every bounce, which no server may refuse (RFC 5321, 4.5.5): your users would no longer hear of "
			"mail that could not be delivered");
	TRY(accounts_rows_read(a, "postfix_liste_noire_expediteurs", (const char *const[]){ "message", NULL }, "courriel", key, &message));
	if (message.n && !is_ascii(message.v[0]) && !told && !cli->quiet) {
		fputs(_("note: Postfix sends a blank for each byte of a letter that is not ASCII\n"), cli->screen.talk);
		told = true;
	}
	return NULL;
}

static const char *const ignored[] = { "id", NULL };

static const struct row_kind kind = {
	.noun = N_("blocked sender"),
	.plural = "blocked_senders",
	.table = "postfix_liste_noire_expediteurs",
	.key_column = "courriel",
	.columns = columns,
	.normalise = normalise_key,
	.check = check,
	.fields = fields,
	.ignored = ignored,
	.prepare = prepare,
	.added = N_("%s is in the list of senders now"),
};

static const struct command add = {
	.name = "block-sender add",
	.operands = N_("ADDRESS CODE MESSAGE"),
	.operands_min = 3,
	.operands_max = UINT_MAX,
	.summary = N_("refuse mail from an address, with a code and a text"),
	.help = PARAGRAPHS(
		N_("ADDRESS is user@domain, user@ (in any domain) or a domain with all below it. CODE is 4xx or 5xx. MESSAGE is "
		   "what the other server is told; several words are one message.")),
	.examples = "mailsetup block-sender add tata@tata.fr 554 Not wanted here",
	.flags = NEEDS_ROOT | CHANGES,
	.run = rows_add,
	.subject = &kind,
};

ROW_LIST("block-sender", kind);
ROW_SHOW("block-sender", kind, N_("ADDRESS"));
ROW_ENABLE("block-sender", kind, N_("ADDRESS"));
ROW_DISABLE("block-sender", kind, N_("ADDRESS"));
ROW_DELETE("block-sender", kind, N_("ADDRESS"));
ROW_IMPORT("block-sender", kind, N_("Columns: address, code, message, and active if need be."));

static const struct command *const actions[] = { &add, &row_list, &row_show, &row_enable, &row_disable, &row_delete, &row_import,
	NULL };

const struct command command_block_sender = {
	.name = "block-sender",
	.summary = N_("senders whose mail is refused"),
	.help = PARAGRAPHS(
		N_("Rows of the guide's table postfix_liste_noire_expediteurs: an address, a code and the text that its "
		   "server is told."),
		ROWS_RULES),
	.actions = actions,
};
