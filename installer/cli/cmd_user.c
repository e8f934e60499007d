#include "base/i18n.h"
#include "cli/prompt.h"
#include "cli/rows.h"
#include "mail/name.h"
#include "mail/password.h"

#include <unistd.h>

static const struct row_column columns[] = {
	{ "utilisateur", N_("ADDRESS"), "address", CELL_TEXT, false },
	{ "nom_complet", N_("NAME"), "name", CELL_TEXT, false },
	{ "privilege", N_("PRIVILEGE"), "privilege", CELL_TEXT, false },
	{ "rep_perso", N_("DIRECTORY"), "directory", CELL_TEXT, true },
	{ "uid", N_("UID"), "uid", CELL_NUMBER, true },
	{ "gid", N_("GID"), "gid", CELL_NUMBER, true },
	{ "prefixe", N_("PREFIX"), "prefix", CELL_TEXT, true },
	{ "active", N_("ACTIVE"), "active", CELL_FLAG, false },
	{ 0 },
};

static const struct row_kind kind = {
	.noun = N_("account"),
	.plural = "accounts",
	.table = "postfix_utilisateurs",
	.key_column = "utilisateur",
	.columns = columns,
	.normalise = address_normalise,
};

ROW_LIST("user", kind);
ROW_SHOW("user", kind, N_("ADDRESS"));
ROW_ENABLE("user", kind, N_("ADDRESS"));
ROW_DISABLE("user", kind, N_("ADDRESS"));

static const char *full_name, *privilege = "utilisateur";
static bool password_stdin;

static const struct option_spec options[] = {
	{ "name", 0, N_("TEXT"), N_("the full name of whom the mailbox is for"), NULL, &full_name, NULL },
	{ "privilege", 0, N_("NAME"), N_("`utilisateur`, or `administrateur`, as the guide's web portal reads it"), NULL, &privilege, NULL },
	{ "password-stdin", 0, NULL, N_("read the password from standard input, one line"), &password_stdin, NULL, NULL },
	{ 0 },
};

static struct error *check_usage(const struct cli *cli, char **ret_address)
{
	if (strcmp(privilege, "utilisateur") != 0 && strcmp(privilege, "administrateur") != 0)
		return fail(ERR_USAGE, _("--privilege: it is utilisateur or administrateur"));
	return wrap(address_normalise(cli->operands.v[0], ret_address), "user add");
}

static struct error *check_domain(struct accounts *a, const char *address)
{
	CLEAN(list) struct list domains = { 0 };
	const char *domain = address_domain(address);

	TRY(accounts_domains(a, &domains));
	return list_has(&domains, domain) ? NULL :
					    fail(ERR_USAGE,
						    _("user add %s: %s is no domain of this server; `mailsetup install --extra-domain %s` makes it one"),
						    address, domain, domain);
}

static struct error *read_hash(const char *address, char **ret)
{
	struct bytes password = { 0 };
	struct error *e;

	if (password_stdin && !isatty(STDIN_FILENO)) {
		e = wrap(line_read(STDIN_FILENO, 512, &password), "--password-stdin");
		if (!e)
			e = wrap(password_check(&password), "--password-stdin");
	} else {
		e = password_ask(address, &password);
	}
	if (!e)
		e = password_hash(&password, ret);
	bytes_wipe(&password);
	return e;
}

static struct error *run(struct cli *cli)
{
	CLEAN(session) struct session s = SESSION_CLOSED;
	CLEAN(accounts_close) struct accounts *accounts = NULL;
	CLEAN(free) char *address = NULL, *hash = NULL;
	bool exists;

	TRY(check_usage(cli, &address));
	TRY(rows_open(cli, &s, &accounts));
	TRY(check_domain(accounts, address));
	TRY(accounts_user_exists(accounts, address, &exists));
	if (exists)
		return fail(ERR_CONFLICT, _("user add: the account %s exists already; nothing was changed"), address);
	TRY(read_hash(address, &hash));
	TRY(accounts_user_add(accounts, address, hash, full_name ? full_name : "", privilege));
	rows_done(cli, &kind, address, true, _("%s has a mailbox"));
	return NULL;
}

static const struct command add = {
	.name = "user add",
	.operands = N_("ADDRESS"),
	.operands_min = 1,
	.operands_max = 1,
	.summary = N_("make an account, with its mailbox"),
	.help = N_("Adds a row to the guide's table of accounts, live at once. The password is asked for twice, or read from standard input "
		   "with --password-stdin; it is stored as {SHA512-CRYPT}."),
	.examples = "mailsetup user add jean@exemple.fr --name 'Jean Dupont'",
	.flags = NEEDS_ROOT | CHANGES,
	.options = options,
	.run = run,
};

static const struct command *const actions[] = { &add, &row_list, &row_show, &row_enable, &row_disable, NULL };

const struct command command_user = {
	.name = "user",
	.summary = N_("accounts, each with a mailbox"),
	.help = N_("Accounts are rows of the guide's table postfix_utilisateurs. What is changed counts at once, without a restart."),
	.actions = actions,
};
