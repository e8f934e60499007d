#include "base/i18n.h"
#include "cli/aliases.h"
#include "cli/json.h"
#include "cli/prompt.h"
#include "cli/user_hash.h"
#include "host/file.h"
#include "host/process.h"
#include "mail/mailbox.h"
#include "mail/name.h"
#include "mail/password.h"

#define NAME_MAX_BYTES 200

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

static const struct row_field fields[] = {
	[USER_ADDRESS] = { "address", "utilisateur", true, NULL },
	[USER_NAME] = { "name", "nom_complet", false, "" },
	[USER_PRIVILEGE] = { "privilege", "privilege", false, "utilisateur" },
	[USER_HASH] = { "hash", "mot_de_passe", false, NULL },
	[USER_PASSWORD] = { "password", NULL, false, NULL },
	[USER_ACTIVE] = { "active", "active", false, "1" },
	{ 0 },
};
/* What follows from the address, and what the guide sets the same for all. */
static const char *const ignored[] = { "id", "rep_perso", "uid", "gid", "prefixe", NULL };

/* An empty cell of a file gives nothing. */
static void drop_empty(char **value)
{
	if (*value && !**value)
		free(TAKE(*value));
}

static struct error *prepare(struct row_input *in)
{
	CLEAN(free) char *address = TAKE(in->value[USER_ADDRESS]);
	const char *privilege;

	TRY(address_normalise(address, &in->value[USER_ADDRESS]));
	if (in->value[USER_NAME])
		TRY(line_check(_("name"), in->value[USER_NAME], NAME_MAX_BYTES));
	drop_empty(&in->value[USER_PRIVILEGE]);
	drop_empty(&in->value[USER_HASH]);
	drop_empty(&in->value[USER_PASSWORD]);
	privilege = in->value[USER_PRIVILEGE];
	if (privilege && strcmp(privilege, "utilisateur") != 0 && strcmp(privilege, "administrateur") != 0)
		return fail(ERR_USAGE, "the privilege is utilisateur or administrateur");
	return in->value[USER_HASH] ? password_hash_check(in->value[USER_HASH]) : NULL;
}

static const struct row_kind kind;

static struct error *insert(struct accounts *a, const struct row_input *in)
{
	return accounts_user_add(a, in->value[USER_ADDRESS], in->value[USER_HASH], row_value(&kind, in, USER_NAME),
		row_value(&kind, in, USER_PRIVILEGE), strcmp(row_value(&kind, in, USER_ACTIVE), "1") == 0);
}

/* The names of the server itself take no mailboxes: their mail goes to local(8). */
static struct error *check_domain(struct accounts *a, const char *address)
{
	return domain_served(a, "", address);
}

static struct error *check(struct cli *cli, struct accounts *a, const char *key, enum row_change change)
{
	const char *admin = cli->params.admin;

	switch (change) {
	case ROW_IS_ADDED:
		TRY(check_domain(a, key));
		return aliases_shadow(a, key);
	case ROW_IS_ENABLED:
		return aliases_shadow(a, key);
	case ROW_IS_DELETED:
		if (admin && strcmp(key, admin) == 0)
			return fail(ERR_CONFLICT,
				"%s is the administrator of this server, who gets the mail of postmaster; name another one first: "
				"`mailsetup install --admin ADDRESS`",
				key);
		break;
	case ROW_IS_DISABLED:
		break;
	}
	return aliases_left(cli, a, key, change);
}

static const struct row_kind kind = {
	.noun = N_("account"),
	.plural = "accounts",
	.table = "postfix_utilisateurs",
	.key_column = "utilisateur",
	.columns = columns,
	.normalise = address_normalise,
	.check = check,
	.fields = fields,
	.ignored = ignored,
	.prepare = prepare,
	.complete = users_hash,
	.insert = insert,
	.added = N_("%s has a mailbox"),
};

/* --- passwords --- */

static bool password_stdin;

/* address as printable() has it. */
static struct error *obtain_hash(const struct cli *cli, const char *question, const char *address, char **ret)
{
	CLEAN(free) char *whose = text("%s %s", cli->command->name, address);
	CLEAN(secret) struct bytes password = { 0 };

	TRY(password_obtain(password_stdin, question, whose, &password));
	return password_hash(&password, ret);
}

static const char *full_name, *privilege_given;

/* Nobody types a password for an account that cannot be. */
static struct error *check_before(struct accounts *a, const char *address)
{
	TRY(rows_refuse_existing(&kind, a, address));
	return check_domain(a, address);
}

static struct error *run_add(struct cli *cli)
{
	CLEAN(session) struct session s = SESSION_CLOSED;
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(row_input) struct row_input in = { 0 };

	in.value[USER_ADDRESS] = text_copy(cli->operands.v[0]);
	in.value[USER_NAME] = text_copy(full_name);
	in.value[USER_PRIVILEGE] = text_copy(privilege_given);
	TRY(wrap(prepare(&in), "user add"));
	TRY(rows_open(cli, &s, &a));
	TRY(wrap(check_before(a, in.value[USER_ADDRESS]), "user add"));
	CLEAN(free) char *shown = printable(in.value[USER_ADDRESS]);
	CLEAN(free) char *question = text(_("Password for the new mailbox %s: "), shown);
	TRY(obtain_hash(cli, question, shown, &in.value[USER_HASH]));
	TRY(wrap(rows_add_input(cli, &kind, a, &in), "user add"));
	note_letters(&cli->screen, in.value[USER_ADDRESS]);
	rows_done(cli, &kind, in.value[USER_ADDRESS], true, translated(kind.added));
	return NULL;
}

/* Sessions that are open outlive a password and an account: Dovecot asks once, when they begin. */
static void end_sessions(struct session *s, const char *address)
{
	CLEAN(free) char *normal = NULL;
	struct error *e = address_normalise(address, &normal); /* no wildcard comes through */

	if (!e)
		e = process_simple(s->host, NULL, "doveadm", "kick", normal, NULL);
	error_free(e); /* none was open, or Dovecot does not run */
}

static struct error *run_passwd(struct cli *cli)
{
	CLEAN(session) struct session s = SESSION_CLOSED;
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(free) char *key = NULL, *hash = NULL;

	TRY(rows_open(cli, &s, &a));
	TRY(wrap(rows_find(&kind, a, cli->operands.v[0], &key), "user passwd"));
	CLEAN(free) char *shown = printable(key);
	CLEAN(free) char *question = text(_("New password for %s: "), shown);
	TRY(obtain_hash(cli, question, shown, &hash));
	TRY(wrap(accounts_user_set_hash(a, key, hash), "user passwd"));
	end_sessions(&s, key);
	rows_done(cli, &kind, key, true, _("%s has a new password"));
	return NULL;
}

static struct error *run_disable(struct cli *cli)
{
	CLEAN(session) struct session s = SESSION_CLOSED;
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(free) char *key = NULL;
	bool changed;

	TRY(rows_open(cli, &s, &a));
	TRY(wrap(rows_change(cli, a, ROW_IS_DISABLED, &key, &changed), "user disable"));
	end_sessions(&s, key);
	rows_done(cli, &kind, key, changed, changed ? _("%s is off") : _("%s was off already"));
	return NULL;
}

/* --- delete --- */

static bool purge_mail;

/* Under the address as Dovecot spells it, unless another row is of the same mailbox. */
static struct error *mailbox_of(struct host *h, struct accounts *a, const char *key, char **ret_address, bool *ret_exists)
{
	struct file_info info;
	bool other;

	TRY(address_normalise(key, ret_address));
	TRY(accounts_user_exists(a, *ret_address, &other));
	CLEAN(free) char *directory = mailbox_directory(*ret_address);
	TRY(file_stat(h, directory, &info));
	*ret_exists = info.exists && !other;
	return NULL;
}

static struct error *delete_row(struct cli *cli, struct session *s, struct accounts *a, char **ret_key, bool *ret_changed)
{
	CLEAN(free) char *address = NULL;
	struct error *e = rows_change(cli, a, ROW_IS_DELETED, ret_key, ret_changed);
	bool mail = false;

	if (error_code(e) != ERR_USAGE || !purge_mail)
		return e;
	/* The row went, and the mail did not: an earlier purge was killed between the two. */
	struct error *other = mailbox_of(s->host, a, cli->operands.v[0], &address, &mail);
	if (other || !mail) {
		error_free(other);
		return e;
	}
	error_free(e);
	*ret_key = TAKE(address);
	*ret_changed = true;
	return NULL;
}

static struct error *deal_with_mail(struct cli *cli, struct session *s, struct accounts *a, const char *key, bool *ret_mail)
{
	CLEAN(free) char *address = NULL;

	*ret_mail = false;
	error_free(mailbox_of(s->host, a, key, &address, ret_mail));
	if (!*ret_mail)
		return NULL;
	CLEAN(free) char *directory = mailbox_directory(address);
	if (purge_mail)
		return mailbox_remove(s->host, address);
	if (!cli->quiet)
		fprintf(cli->screen.talk, _("note: its mail stays in %s; `mailsetup user delete --purge-mail %s` removes it\n"), directory,
			address);
	return NULL;
}

static struct error *run_delete(struct cli *cli)
{
	CLEAN(session) struct session s = SESSION_CLOSED;
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(free) char *key = NULL;
	bool changed, mail;

	TRY(rows_open(cli, &s, &a));
	TRY(wrap(delete_row(cli, &s, a, &key, &changed), "user delete"));
	end_sessions(&s, key);
	TRY(wrap(deal_with_mail(cli, &s, a, key, &mail), "user delete"));
	rows_done(cli, &kind, key, changed, purge_mail && mail ? _("%s is deleted, with its mail") : _("%s is deleted"));
	return NULL;
}

/* --- the commands --- */

#define PASSWORD_STDIN                                                                                       \
	{                                                                                                    \
		"password-stdin", 0, NULL, N_("read the password from standard input, one line"), &password_stdin, NULL, NULL \
	}

static const struct option_spec add_options[] = {
	{ "name", 0, N_("TEXT"), N_("the full name of whom the mailbox is for"), NULL, &full_name, NULL },
	{ "privilege", 0, N_("NAME"), N_("`utilisateur`, or `administrateur`, as the guide's web portal reads it"), NULL,
		&privilege_given, NULL },
	PASSWORD_STDIN,
	{ 0 },
};

static const struct command add = {
	.name = "user add",
	.operands = N_("ADDRESS"),
	.operands_min = 1,
	.operands_max = 1,
	.summary = N_("make an account, with its mailbox"),
	.help = PARAGRAPHS(
		N_("The account is live at once. The password is asked for twice, or read from standard input with "
		   "--password-stdin; it is stored as {SHA512-CRYPT}.")),
	.examples = "mailsetup user add jean@exemple.fr --name 'Jean Dupont'",
	.flags = NEEDS_ROOT | CHANGES,
	.options = add_options,
	.run = run_add,
};

static const struct option_spec passwd_options[] = { PASSWORD_STDIN, { 0 } };

static const struct command passwd = {
	.name = "user passwd",
	.operands = N_("ADDRESS"),
	.operands_min = 1,
	.operands_max = 1,
	.summary = N_("give an account a new password"),
	.help = PARAGRAPHS(
		N_("The password is asked for twice, or read from standard input with --password-stdin. IMAP sessions "
		   "that are open end.")),
	.flags = NEEDS_ROOT | CHANGES,
	.options = passwd_options,
	.words = rows_words,
	.run = run_passwd,
	.subject = &kind,
};

static const struct command disable = {
	.name = "user disable",
	.operands = N_("ADDRESS"),
	.operands_min = 1,
	.operands_max = 1,
	.summary = N_("switch it off; row and mail stay"),
	.help = PARAGRAPHS(
		N_("No login and no mail any more, at once; IMAP sessions that are open end. Row and mail stay for "
		   "`mailsetup user enable`.")),
	.flags = NEEDS_ROOT | CHANGES,
	.words = rows_words,
	.run = run_disable,
	.subject = &kind,
};

static const struct option_spec delete_options[] = {
	{ "purge-mail", 0, NULL, N_("remove its mail as well; there is no way back"), &purge_mail, NULL, NULL },
	{ 0 },
};

static const struct command delete = {
	.name = "user delete",
	.operands = N_("ADDRESS"),
	.operands_min = 1,
	.operands_max = 1,
	.summary = N_("remove an account; its mail stays, unless --purge-mail"),
	.help = PARAGRAPHS(
		N_("An account of the same address that is made later finds the mail that stayed. An account that "
		   "aliases lead to, and the administrator, are not deleted.")),
	.flags = NEEDS_ROOT | CHANGES,
	.options = delete_options,
	.words = rows_words,
	.run = run_delete,
	.subject = &kind,
};

ROW_LIST("user", kind);
ROW_SHOW("user", kind, N_("ADDRESS"));
ROW_ENABLE("user", kind, N_("ADDRESS"));
ROW_IMPORT("user", kind, N_("Columns: address, password or hash ({SHA512-CRYPT}), and name, privilege, active if need be."));

static const struct command *const actions[] = { &add, &row_list, &row_show, &passwd, &row_enable, &disable, &delete, &row_import,
	NULL };

const struct command command_user = {
	.name = "user",
	.summary = N_("accounts, each with a mailbox"),
	.help = PARAGRAPHS(
		N_("Accounts are rows of the guide's table postfix_utilisateurs."),
		ROWS_RULES),
	.actions = actions,
};
