#include "base/i18n.h"
#include "ensure/ensure.h"
#include "steps/steps.h"

static struct error *ensure_mailbox(struct run *run)
{
	CLEAN(account_row) struct account_row row = { 0 };

	accounts_user_row(run->params->admin, run->params->admin_hash, "", "administrateur", true, &row);
	return ensure_row(run, "postfix_utilisateurs", "utilisateur", run->params->admin, row.cells);
}

static struct error *lead(struct run *run, const char *name, const char *domain)
{
	CLEAN(free) char *alias = text("%s@%s", name, domain);
	const struct cell cells[] = {
		{ "courriel", alias },
		{ "destination", run->params->admin },
		{ "active", "1" },
		{ NULL, NULL },
	};

	/* An administrator whose own address is postmaster@ needs no alias, which would be a loop. */
	if (strcmp(alias, run->params->admin) == 0)
		return NULL;
	return ensure_row_follows(run, "postfix_alias_virtuels", "courriel", alias, cells);
}

static struct error *administrator_apply(struct run *run)
{
	CLEAN(list) struct list domains = { 0 };

	if (!run->params->admin)
		return NULL;
	TRY(ensure_mailbox(run));
	params_domains(run->params, &domains);
	/* Mail of the machine itself goes to root@HOSTNAME; RFC 5321 and RFC 2142 want the other two. */
	list_add(&domains, run->params->hostname);
	for (size_t i = 0; i < domains.n; i++) {
		TRY(lead(run, "postmaster", domains.v[i]));
		TRY(lead(run, "abuse", domains.v[i]));
		TRY(lead(run, "root", domains.v[i]));
	}
	return NULL;
}

const struct step step_administrator = {
	.name = "administrator",
	.title = N_("First mailbox, postmaster, abuse, root"),
	.why = N_("every mail domain must have a postmaster that somebody reads"),
	.needs = NEEDS(&step_database),
	.revision = 1,
	.apply = administrator_apply,
};
