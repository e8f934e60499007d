#include "base/i18n.h"
#include "cli/apply.h"
#include "cli/json.h"
#include "cli/records.h"
#include "cli/rows.h"
#include "host/process.h"
#include "mail/name.h"

#define SHOWN_MAX 10

static const struct row_column columns[] = {
	{ "domaine", N_("DOMAIN"), "domain", CELL_TEXT, false },
	{ "defaut", N_("DEFAULT"), "default", CELL_FLAG, false },
	{ "active", N_("ACTIVE"), "active", CELL_FLAG, false },
	{ 0 },
};

/* Without the domain no mail would reach them, or their mail would leave this server. */
static struct error *refuse_used(struct accounts *a, const char *domain)
{
	CLEAN(list) struct list users = { 0 };
	CLEAN(bytes) struct bytes shown = { 0 };

	TRY(accounts_domain_users(a, domain, &users));
	if (!users.n)
		return NULL;
	for (size_t i = 0; i < users.n && i < SHOWN_MAX; i++)
		bytes_printf(&shown, "%s%s", i ? ", " : "", users.v[i]);
	if (users.n > SHOWN_MAX)
		bytes_printf(&shown, _(" and %zu more"), users.n - SHOWN_MAX);
	return fail(ERR_CONFLICT, _("%s is in use: %s; delete these first"), domain, bytes_text(&shown));
}

/* postmaster, abuse and root of the domain, as long as they lead to the administrator as the install has it. */
static struct error *drop_own_aliases(struct cli *cli, struct accounts *a, const char *domain)
{
	static const char *const names[] = { "postmaster", "abuse", "root" };

	for (size_t i = 0; cli->params.admin && i < sizeof(names) / sizeof(*names); i++) {
		CLEAN(free) char *alias = text("%s@%s", names[i], domain);
		CLEAN(list) struct list destinations = { 0 };

		TRY(accounts_virtual_alias(a, alias, &destinations));
		if (destinations.n == 1 && strcmp(destinations.v[0], cli->params.admin) == 0)
			TRY(accounts_row_delete(a, "postfix_alias_virtuels", "courriel", alias));
	}
	return NULL;
}

static struct error *check(struct cli *cli, struct accounts *a, const char *key, enum row_change change)
{
	if (change != ROW_IS_DELETED)
		return NULL;
	TRY(drop_own_aliases(cli, a, key));
	return refuse_used(a, key);
}

static const struct row_kind kind = {
	.noun = N_("domain"),
	.plural = "domains",
	.table = "postfix_domaines",
	.key_column = "domaine",
	.columns = columns,
	.normalise = domain_normalise,
	.check = check,
};

/* smtpd(8) remembers for as long as it lives where a domain's mail goes (smtpd_resolve.c); told to reload, it ends with its client. */
static void tell_postfix(struct cli *cli, struct session *s)
{
	struct error *e = process_simple(s->host, NULL, "postfix", "reload", NULL);

	if (e && !cli->quiet)
		fprintf(cli->screen.talk, _("note: Postfix could not be told (%s); it will know when it is started\n"), error_message(e));
	error_free(e);
}

static struct error *change_and_tell(struct cli *cli, enum row_change wanted, const char *done, const char *already)
{
	CLEAN(session) struct session s = SESSION_CLOSED;
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(free) char *key = NULL;
	bool changed;

	TRY(rows_open(cli, &s, &a));
	TRY(wrap(rows_change(cli, a, wanted, &key, &changed), "%s", cli->command->name));
	if (changed)
		tell_postfix(cli, &s);
	rows_done(cli, &kind, key, changed, changed ? done : already);
	return NULL;
}

static struct error *run_enable(struct cli *cli)
{
	return change_and_tell(cli, ROW_IS_ENABLED, _("%s is on"), _("%s was on already"));
}

static struct error *run_disable(struct cli *cli)
{
	return change_and_tell(cli, ROW_IS_DISABLED, _("%s is off: its mail is refused"), _("%s was off already"));
}

/* --- add --- */

static bool is_default;

/* What is remembered and what the table has, which may come from another hand. */
struct standing {
	bool known; /* a domain of the parameters */
	bool row;
	bool active;
};

static struct error *look(struct cli *cli, struct accounts *a, const char *domain, struct standing *ret)
{
	CLEAN(list) struct list domains = { 0 }, active = { 0 };

	params_domains(&cli->params, &domains);
	TRY(accounts_domains(a, &active));
	*ret = (struct standing){ .known = list_has(&domains, domain), .active = list_has(&active, domain) };
	return accounts_row_exists(a, kind.table, kind.key_column, domain, &ret->row);
}

static struct error *check_default(struct accounts *a, const char *domain)
{
	CLEAN(free) char *now = NULL;

	TRY(accounts_domain_default(a, &now));
	if (now && strcmp(now, domain) != 0)
		return fail(ERR_CONFLICT,
			_("--default: %s is the default domain, and there is one at most (only the guide's web portal asks for it); leave it out"),
			now);
	return NULL;
}

static struct error *check_new(struct cli *cli, struct accounts *a, const char *domain)
{
	struct standing now;

	if (is_default)
		TRY(check_default(a, domain));
	if (strcmp(domain, cli->params.hostname) == 0)
		return fail(ERR_USAGE, _("%s is the name of the server itself, whose mail goes to local accounts"), domain);
	TRY(look(cli, a, domain, &now));
	if (now.known && now.active)
		return fail(ERR_CONFLICT, _("%s is a domain of this server already; nothing was changed"), domain);
	if (now.row && !now.active)
		return fail(ERR_CONFLICT, _("%s is there, and off: `mailsetup domain enable %s`"), domain, domain);
	return NULL;
}

static void tell(struct cli *cli, struct session *s, const char *domain, bool changed)
{
	if (cli->json) {
		json_t *done = json_event("done");

		records_json_to_publish(cli, s->host, domain);
		json_object_set_new(done, "changed", json_boolean(changed));
		json_set_text(done, "domain", domain);
		json_write(cli->screen.out, done);
	} else if (!cli->quiet) {
		fprintf(cli->screen.out, _("%s is a domain of this server: its mail is accepted and signed. Publish in the DNS:\n"), domain);
		records_show_to_publish(&cli->screen, s->host, &cli->params, domain);
	}
}

static struct error *add(struct cli *cli, struct session *s, const char *domain)
{
	CLEAN(accounts_close) struct accounts *a = NULL;

	TRY(rows_open(cli, s, &a));
	TRY(check_new(cli, a, domain));
	accounts_close(TAKE(a)); /* the steps open it anew */
	if (!list_has(&cli->params.extra_domains, domain))
		TRY(params_set(&cli->params, "extra-domain", domain));
	if (is_default)
		TRY(params_set(&cli->params, "default-domain", domain));
	return apply_params(cli, s);
}

static struct error *run_add(struct cli *cli)
{
	CLEAN(session) struct session s = SESSION_CLOSED;
	CLEAN(free) char *domain = NULL;

	TRY(wrap(domain_normalise(cli->operands.v[0], &domain), "domain add"));
	TRY(wrap(add(cli, &s, domain), "domain add"));
	tell_postfix(cli, &s);
	tell(cli, &s, domain, s.run.changes > 0);
	return NULL;
}

/* --- delete --- */

static struct error *forget(struct params *p, const char *domain)
{
	CLEAN(list) struct list left = { 0 };

	for (size_t i = 0; i < p->extra_domains.n; i++)
		if (strcmp(p->extra_domains.v[i], domain) != 0)
			list_add(&left, p->extra_domains.v[i]);
	TRY(params_set(p, "extra-domain", "none"));
	for (size_t i = 0; i < left.n; i++)
		TRY(params_set(p, "extra-domain", left.v[i]));
	if (p->default_domain && strcmp(p->default_domain, domain) == 0)
		TRY(params_set(p, "default-domain", "none"));
	return NULL;
}

static struct error *check_deletable(struct cli *cli, struct accounts *a, const char *domain)
{
	struct standing now;

	if (strcmp(domain, cli->params.domain) == 0)
		return fail(ERR_CONFLICT, _("%s is the main domain, which the server is made for; `mailsetup rollback` takes the server back"),
			domain);
	TRY(look(cli, a, domain, &now));
	if (!now.known && !now.row)
		return fail(ERR_USAGE, _("there is no %s “%s”"), translated(kind.noun), domain);
	TRY(accounts_begin(a));
	return accounts_end(a, check(cli, a, domain, ROW_IS_DELETED));
}

static struct error *delete_row(struct cli *cli, struct accounts *a, const char *domain)
{
	TRY(accounts_row_delete(a, kind.table, kind.key_column, domain));
	return check(cli, a, domain, ROW_IS_DELETED);
}

/* First out of what is remembered, so that no later install makes the row again; the row, which makes its mail ours, last. */
static struct error *delete(struct cli *cli, struct session *s, const char *domain)
{
	CLEAN(accounts_close) struct accounts *before = NULL, *a = NULL;

	TRY(rows_open(cli, s, &before));
	TRY(check_deletable(cli, before, domain));
	accounts_close(TAKE(before)); /* the steps open it anew */
	TRY(forget(&cli->params, domain));
	TRY(apply_params(cli, s));
	TRY(accounts_open(s->host, false, &a));
	TRY(accounts_begin(a));
	return accounts_end(a, delete_row(cli, a, domain));
}

static struct error *run_delete(struct cli *cli)
{
	CLEAN(session) struct session s = SESSION_CLOSED;
	CLEAN(free) char *domain = NULL;

	TRY(wrap(domain_normalise(cli->operands.v[0], &domain), "domain delete"));
	TRY(wrap(delete(cli, &s, domain), "domain delete"));
	tell_postfix(cli, &s);
	if (!cli->quiet && !cli->json)
		fprintf(cli->screen.talk,
			_("note: its DKIM keys stay in /etc/dkimkeys/clefs/%s: a key that the DNS knows is never made anew. Its records may be "
			  "removed from the DNS.\n"),
			domain);
	rows_done(cli, &kind, domain, true, _("%s is no domain of this server any more"));
	return NULL;
}

/* --- the commands --- */

static const struct option_spec add_options[] = {
	{ "default", 0, NULL, N_("the guide's web portal proposes it first; one domain at most"), &is_default, NULL, NULL },
	{ 0 },
};

static const struct command add_command = {
	.name = "domain add",
	.operands = N_("DOMAIN"),
	.operands_min = 1,
	.operands_max = 1,
	.summary = N_("serve one more domain: its row, DKIM key, signing, and what to publish"),
	.help = N_("Does what `mailsetup install --extra-domain DOMAIN` does, for one more domain: the row, a DKIM key of its own, the tables "
		   "of OpenDKIM, which reads them again, postmaster and abuse, and what SpamAssassin trusts. Mail goes on meanwhile. Then it shows "
		   "the DNS records to publish. It can be gone on with after a kill, and taken back, like an install.\n\n"
		   "A row that another hand has put into the table is taken over."),
	.examples = "mailsetup domain add toto.fr",
	.flags = NEEDS_ROOT | CHANGES,
	.options = add_options,
	.run = run_add,
};

static const struct command delete_command = {
	.name = "domain delete",
	.operands = N_("DOMAIN"),
	.operands_min = 1,
	.operands_max = 1,
	.summary = N_("serve a domain no longer"),
	.help = N_("Refused while accounts or aliases use it. Its mail is no longer accepted nor signed; its postmaster, abuse and root go with "
		   "it, its DKIM keys stay. The main domain cannot be deleted."),
	.flags = NEEDS_ROOT | CHANGES,
	.run = run_delete,
	.subject = &kind,
};

ROW_LIST("domain", kind);
ROW_SHOW("domain", kind, N_("DOMAIN"));
ROW_ACTION(enable, "domain enable", kind, N_("DOMAIN"), NEEDS_ROOT | CHANGES, N_("accept its mail again"),
	N_("Counts from now on; Postfix reads it without a restart."), run_enable);
ROW_ACTION(disable, "domain disable", kind, N_("DOMAIN"), NEEDS_ROOT | CHANGES, N_("refuse its mail; the row stays"),
	N_("Counts from now on; Postfix reads it without a restart. Accounts, keys and mail stay for `mailsetup domain enable`."), run_disable);

static const struct command *const actions[] = { &add_command, &row_list, &row_show, &enable, &disable, &delete_command, NULL };

const struct command command_domain = {
	.name = "domain",
	.summary = N_("domains whose mail is delivered here"),
	.help = N_("Domains are rows of the guide's table postfix_domaines, each with a DKIM key of its own."),
	.actions = actions,
};
