#include "base/i18n.h"
#include "ensure/asset.h"
#include "mail/layout.h"
#include "steps/steps.h"

#define SCHEMA "/etc/postfix/postfix.sql"

static struct error *ensure_domain(struct run *run, const char *domain, bool is_default)
{
	const struct cell cells[] = {
		{ "domaine", domain },
		{ "defaut", is_default ? "1" : "0" },
		{ "active", "1" },
		{ NULL, NULL },
	};

	return ensure_row(run, "postfix_domaines", "domaine", domain, cells);
}

static struct error *database_apply(struct run *run)
{
	CLEAN(bytes) struct bytes schema = { 0 };
	CLEAN(list) struct list domains = { 0 };
	const char *first = run->params->default_domain ? run->params->default_domain : run->params->domain;

	TRY(asset_render("", SCHEMA, NULL, &schema));
	TRY(ensure_asset(run, SCHEMA, NULL, ROOT_FILE));
	/* Password hashes: nobody enters but root and Postfix. */
	TRY(ensure_directory(run, DATABASE_FOLDER, OWNED("root", "postfix", 0750)));
	TRY(ensure_schema(run, bytes_text(&schema), OWNED("root", "postfix", 0640)));
	/* First: a domain that is off on the other machine stays off. */
	TRY(ensure_moved_rows(run));
	params_domains(run->params, &domains);
	for (size_t i = 0; i < domains.n; i++)
		TRY(ensure_domain(run, domains.v[i], strcmp(domains.v[i], first) == 0));
	return NULL;
}

static struct error *database_postcheck(struct run *run)
{
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(list) struct list domains = { 0 };

	TRY(accounts_open(run->host, true, &a));
	TRY(accounts_domains(a, &domains));
	if (!list_has(&domains, run->params->domain))
		return fail(ERR_STOPPED, "%s has no active row for %s; see `mailsetup status`", ACCOUNTS_PATH,
			run->params->domain);
	return NULL;
}

const struct step step_database = {
	.name = "database",
	.title = N_("Accounts database and its domains"),
	.why = N_("users, domains, aliases and blocklists stand in one SQLite file"),
	.needs = NEEDS(&step_accounts),
	.revision = 1,
	.apply = database_apply,
	.postcheck = database_postcheck,
};
