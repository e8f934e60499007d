#include "base/i18n.h"
#include "cli/change.h"
#include "cli/dkim_keys.h"
#include "cli/records.h"
#include "cli/rows.h"
#include "ensure/ensure.h"
#include "mail/dkim.h"
#include "host/process.h"
#include "mail/name.h"
#include "steps/steps.h"

#include <strings.h>

#define DOMAINS "postfix_domaines"
#define VIRTUAL "postfix_alias_virtuels"
#define NAMED_MAX 10 /* uses that a refusal names */

static bool make_default;

static const struct option_spec options[] = {
	{ "default", 0, NULL, N_("as the default domain, where there is none: the guide's web portal offers it first; mail does not ask"),
		&make_default, NULL, NULL },
	DRIFT_OPTIONS,
	{ 0 },
};

static const struct row_column columns[] = {
	{ "domaine", N_("DOMAIN"), "domain", CELL_TEXT, false },
	{ "defaut", N_("DEFAULT"), "default", CELL_FLAG, false },
	{ "active", N_("ACTIVE"), "active", CELL_FLAG, false },
	{ 0 },
};

/* Mail to root, postmaster and the host itself rests on it. */
static struct error *check_change(struct cli *cli, struct accounts *a, const char *domain, enum row_change change)
{
	(void)a;
	if (change == ROW_IS_DISABLED && strcasecmp(domain, cli->params.domain) == 0)
		return fail(ERR_CONFLICT, "%s is the main domain of this server, which its own mail needs; it stays on", domain);
	return NULL;
}

/* smtpd(8) remembers for as long as it lives where the mail of a domain goes (smtpd_resolve.c); told to reload, it ends with its client. */
static void tell_postfix(struct cli *cli, struct session *s)
{
	struct error *e = process_simple(s->host, NULL, "postfix", "reload", NULL);

	if (e && !cli->quiet)
		fprintf(cli->screen.talk, _("note: Postfix could not be told (%s); it will know when it is started\n"), error_message(e));
	error_free(e);
}

static const struct row_kind kind = {
	.noun = N_("domain"),
	.plural = "domains",
	.table = DOMAINS,
	.key_column = "domaine",
	.columns = columns,
	.normalise = domain_normalise,
	.check = check_change,
	.changed = tell_postfix,
};

/* --- add --- */

/* What the table has of the domain, and the name of the default domain, "" where there is none. */
struct known {
	bool exists, is_default, active;
	char *default_domain;
	char *other; /* the domain in another letter case, where it has no row of its own */
};
static void known_cleanup(struct known *k)
{
	free(k->default_domain);
	free(k->other);
}

static struct error *look_up(struct session *s, const char *domain, struct known *ret)
{
	static const char *const wanted[] = { "domaine", "defaut", "active", NULL };
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(list) struct list cells = { 0 };

	TRY(accounts_open(s->host, true, &a));
	TRY(accounts_rows_read(a, DOMAINS, wanted, "domaine", NULL, &cells));
	for (size_t i = 0; i + 2 < cells.n; i += 3) {
		bool is_default = strcmp(cells.v[i + 1], "1") == 0;

		if (is_default && !ret->default_domain)
			ret->default_domain = text_copy(cells.v[i]);
		if (strcmp(cells.v[i], domain) == 0) {
			ret->exists = true;
			ret->is_default = is_default;
			ret->active = strcmp(cells.v[i + 2], "1") == 0;
		} else if (strcasecmp(cells.v[i], domain) == 0 && !ret->other) {
			ret->other = text_copy(cells.v[i]);
		}
	}
	return NULL;
}

static struct error *refuse_other(const char *domain, const struct known *known)
{
	if (known->exists || !known->other)
		return NULL;
	return fail(ERR_CONFLICT, "domain add: %s exists already, written %s; nothing was changed. `mailsetup domain delete %s` first",
		domain, known->other, known->other);
}

static struct error *take_default(struct cli *cli, const char *domain, const struct known *known)
{
	if (!make_default || known->is_default)
		return NULL;
	if (known->default_domain)
		return fail(ERR_CONFLICT,
			"domain add %s --default: %s is the default domain, and there is one at most; nothing was changed. Only the "
			"guide's web portal asks for it",
			domain, known->default_domain);
	if (known->exists)
		return fail(ERR_CONFLICT, "domain add %s --default: the domain has its row already, which stays as it is", domain);
	return params_set(&cli->params, "default-domain", domain);
}

static struct error *exists_already(const char *domain)
{
	return fail(ERR_CONFLICT, "domain add: %s is a domain of this server already; nothing was changed. `mailsetup dns %s` shows its records",
		domain, domain);
}

static void tell_added(struct cli *cli, struct session *s, const char *domain, const struct known *known, bool adopted)
{
	FILE *f = cli->screen.out;

	if (cli->json) {
		records_json_to_publish(cli, s->host, domain);
		change_done_json(cli, true, "domain", domain);
		return;
	}
	if (cli->quiet)
		return;
	fprintf(f, dkim_key_signs(cli, s, domain, params_signing_selector(&cli->params, domain)) ?
			   _("%s is a mail domain of this server: what is sent from it is signed\n") :
			   _("%s is a mail domain of this server\n"),
		domain);
	if (adopted)
		fprintf(f, _("Its row in %s was there already and stays; it has got what was missing.\n"), DOMAINS);
	if (known->exists && !known->active)
		fprintf(f, _("It is off: `mailsetup domain enable %s` switches it on.\n"), domain);
	fprintf(f, _("\nDNS records to publish\n"));
	records_show_to_publish(&cli->screen, s->host, &cli->params, domain);
}

static struct error *add_run(struct cli *cli)
{
	CLEAN(session) struct session s = SESSION_CLOSED;
	CLEAN(known) struct known known = { 0 };
	CLEAN(list) struct list domains = { 0 };
	CLEAN(free) char *domain = NULL;
	bool unfinished;

	TRY(wrap(domain_normalise(cli->operands.v[0], &domain), "domain add"));
	TRY(change_open(cli, &s));
	params_domains(&cli->params, &domains);
	bool remembered = list_has(&domains, domain);
	TRY(change_check_unfinished(cli, &s, remembered, &unfinished));
	TRY(look_up(&s, domain, &known));
	if (!remembered)
		TRY(refuse_other(domain, &known));
	TRY(take_default(cli, domain, &known));
	TRY(params_set(&cli->params, "extra-domain", domain));
	TRY(wrap(change_run(cli, &s), "domain add %s", domain));
	if (s.run.changes)
		tell_postfix(cli, &s);
	if (remembered && !unfinished && !s.run.changes)
		return exists_already(domain);
	note_letters(&cli->screen, domain);
	tell_added(cli, &s, domain, &known, known.exists && !remembered);
	return NULL;
}

static const struct command add = {
	.name = "domain add",
	.operands = N_("DOMAIN"),
	.operands_min = 1,
	.operands_max = 1,
	.summary = N_("one more mail domain, with its DKIM key"),
	.help = PARAGRAPHS(
		N_("Makes the row, the DKIM key, the signing tables, the spam filter's list and the aliases of "
		   "postmaster and abuse, and has the daemons read them: no mail is refused meanwhile, and none leaves "
		   "unsigned; then prints the DNS records to publish."),
		N_("It is an install with one domain more: it goes on after it was stopped, and `mailsetup rollback` "
		   "takes it back with the rest. A domain whose row another hand has written gets what it lacks. A key "
		   "that is there is kept.")),
	.examples = "mailsetup domain add toto.fr",
	.flags = NEEDS_ROOT | CHANGES,
	.options = options,
	.run = add_run,
};

/* --- delete --- */

#define OURS "virtual alias "

/* The aliases that a step made, and nobody has changed, go with the domain. */
static struct error *leave_out_ours(struct session *s, const char *domain, const struct list *users, struct list *ret)
{
	for (size_t i = 0; i < users->n; i++) {
		const char *address = users->v[i] + strlen(OURS);
		bool ours = false;

		if (starts_with(users->v[i], OURS) && strcmp(address_domain(address), domain) == 0)
			TRY(row_stands(&s->run, VIRTUAL, "courriel", address, &ours));
		if (!ours)
			list_add(ret, users->v[i]);
	}
	return NULL;
}

/* "virtual alias ADDRESS" with its kind in the reader's language. */
static char *in_words(const char *user)
{
	static const char *const kinds[] = { N_("virtual alias"), N_("alias"), N_("account") };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t length = strlen(kinds[i]);

		if (starts_with(user, kinds[i]) && user[length] == ' ')
			return text("%s%s", translated(kinds[i]), user + length);
	}
	return text_copy(user);
}

static struct error *refuse_used(struct session *s, struct accounts *a, const char *domain)
{
	CLEAN(list) struct list all = { 0 }, users = { 0 }, named = { 0 };

	TRY(accounts_domain_users(a, domain, &all));
	TRY(leave_out_ours(s, domain, &all, &users));
	if (!users.n)
		return NULL;
	for (size_t i = 0; i < users.n && i < NAMED_MAX; i++) {
		CLEAN(free) char *words = in_words(users.v[i]);

		list_add(&named, words);
	}
	CLEAN(free) char *joined = list_join(&named, ", "), *shown = printable(joined);
	return fail(ERR_CONFLICT, "domain delete %s: it is used by %zu: %s%s; nothing was changed. Delete those first", domain, users.n, shown,
		users.n > NAMED_MAX ? ", ..." : "");
}

static struct error *forget_domain(struct params *p, const char *domain)
{
	struct list kept = { 0 };
	struct error *e;

	for (size_t i = 0; i < p->extra_domains.n; i++)
		if (strcmp(p->extra_domains.v[i], domain) != 0)
			list_add(&kept, p->extra_domains.v[i]);
	e = params_set(p, "extra-domain", "none");
	for (size_t i = 0; i < kept.n && !e; i++)
		e = params_set(p, "extra-domain", kept.v[i]);
	list_free(&kept);
	if (!e && p->default_domain && strcmp(p->default_domain, domain) == 0)
		e = params_set(p, "default-domain", "none");
	return e;
}

/* The domain's own row last, by its key: while it is there, the same command goes on. */
static struct error *remove_rows(struct session *s, const char *domain, const char *key)
{
	CLEAN(list) struct list targets = { 0 };
	CLEAN(free) char *below = text("@%s", domain);

	s->run.mode = RUN_APPLY;
	s->run.step = &step_administrator;
	TRY(journal_targets(s->run.state, s->run.step->name, "row", &targets));
	for (size_t i = 0; i < targets.n; i++)
		if (starts_with(targets.v[i], VIRTUAL "/") && ends_with(targets.v[i], below))
			TRY(ensure_taken_back(&s->run, "row", targets.v[i]));
	s->run.step = &step_database;
	return ensure_no_row(&s->run, DOMAINS, "domaine", key);
}

static void tell_deleted(struct cli *cli, struct session *s, const char *domain)
{
	CLEAN(free) char *keys = text(DKIM_KEYS "/%s", domain);
	FILE *f = cli->screen.out;
	bool has_keys = false;

	if (cli->json) {
		change_done_json(cli, true, "domain", domain);
		return;
	}
	if (cli->quiet)
		return;
	error_free(machine_file_exists(&s->run, keys, &has_keys));
	if (!has_keys) {
		fprintf(f, _("%s is no mail domain of this server any more; its mail stays where it is.\n"), domain);
		return;
	}
	fprintf(f, _("%s is no mail domain of this server any more\n"
		     "These DNS records of it may go: MX and TXT of %s, TXT of _dmarc.%s and below _domainkey.%s, SRV below _tcp.%s.\n"), domain, domain,
		domain, domain, domain);
	fprintf(f, _("Its DKIM keys stay in /etc/dkimkeys/clefs/%s, and its mail where it is: `mailsetup domain add %s` takes them up again.\n"),
		domain, domain);
}

/* As the table has it; a domain whose row is gone already may still be remembered. */
static struct error *find_key(struct cli *cli, struct accounts *a, char **ret)
{
	struct error *e = rows_find(&kind, a, cli->operands.v[0], ret);
	CLEAN(list) struct list domains = { 0 };
	CLEAN(free) char *normal = NULL;

	if (error_code(e) != ERR_USAGE)
		return e;
	params_domains(&cli->params, &domains);
	error_free(domain_normalise(cli->operands.v[0], &normal));
	if (!normal || !list_has(&domains, normal))
		return e;
	error_free(e);
	*ret = TAKE(normal);
	return NULL;
}

static struct error *delete_run(struct cli *cli)
{
	CLEAN(session) struct session s = SESSION_CLOSED;
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(list) struct list domains = { 0 };
	CLEAN(free) char *key = NULL, *domain = NULL;
	bool unfinished, stray = false;

	TRY(change_open(cli, &s));
	TRY(accounts_open(s.host, true, &a));
	TRY(wrap(find_key(cli, a, &key), "domain delete"));
	/* What another hand has written may have no normal form. */
	error_free(domain_normalise(key, &domain));
	if (!domain)
		domain = text_copy(key);
	if (strcmp(key, cli->params.domain) == 0)
		return fail(ERR_CONFLICT,
			"domain delete %s: it is the main domain, of which the server has its name and its own mail; `mailsetup rollback` "
			"removes the whole server",
			key);
	params_domains(&cli->params, &domains);
	TRY(change_check_unfinished(cli, &s, !list_has(&domains, domain), &unfinished));
	/* One row more, in another letter case: the domain itself stays. */
	if (strcmp(key, domain) != 0)
		TRY(accounts_row_exists(a, DOMAINS, "domaine", domain, &stray));
	if (!stray) {
		TRY(refuse_used(&s, a, domain));
		TRY(forget_domain(&cli->params, domain));
	}
	accounts_close(TAKE(a));
	TRY(wrap(change_run(cli, &s), "domain delete %s", key));
	TRY(wrap(remove_rows(&s, stray ? key : domain, key), "domain delete %s", key));
	tell_postfix(cli, &s);
	if (stray)
		rows_done(cli, &kind, key, true, _("%s is deleted"));
	else
		tell_deleted(cli, &s, domain);
	return NULL;
}

static const struct option_spec delete_options[] = { DRIFT_OPTIONS, { 0 } };

static const struct command delete = {
	.name = "domain delete",
	.operands = N_("DOMAIN"),
	.operands_min = 1,
	.operands_max = 1,
	.summary = N_("stop serving a domain that nobody uses"),
	.help = PARAGRAPHS(
		N_("Refused while accounts, aliases or virtual aliases use the domain, and always for the main one. The "
		   "aliases of postmaster and abuse that were made with it go too. Its DKIM keys stay: a key that is "
		   "published is never made anew.")),
	.examples = "mailsetup domain delete toto.fr",
	.flags = NEEDS_ROOT | CHANGES,
	.options = delete_options,
	.words = rows_words,
	.run = delete_run,
	.subject = &kind,
};

ROW_LIST("domain", kind);
ROW_SHOW("domain", kind, N_("DOMAIN"));
ROW_ENABLE("domain", kind, N_("DOMAIN"));
ROW_DISABLE("domain", kind, N_("DOMAIN"));
static const struct command *const actions[] = { &add, &row_list, &row_show, &row_enable, &row_disable, &delete, NULL };

const struct command command_domain = {
	.name = "domain",
	.summary = N_("mail domains"),
	.help = PARAGRAPHS(
		N_("Domains are rows of the guide's table postfix_domaines, each with a DKIM key. A domain that is off "
		   "gets no mail; its accounts stay."),
		ROWS_RULES),
	.actions = actions,
};
