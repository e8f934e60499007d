#include "checks/published.h"
#include "checks/tally.h"
#include "mail/accounts.h"

#define HOPS 8

/* The value of one column of the row, NULL where there is no active row. */
static struct error *lookup(struct accounts *a, const char *table, const char *key_column, const char *key,
	const char *column, char **ret)
{
	const struct cell want[] = { { "active", NULL }, { column, NULL }, { 0 } };
	CLEAN(list) struct list row = { 0 };

	free(TAKE(*ret));
	TRY(accounts_row_find(a, table, key_column, key, want, &row));
	if (row.n == 2 && strcmp(row.v[0], "active=1") == 0)
		*ret = text_copy(strchr(row.v[1], '=') + 1);
	return NULL;
}

/* Follows the first destination of each virtual alias, as far as a mailbox. */
static struct error *follow(struct accounts *a, const char *address, bool *ret_alias, char **ret_mailbox)
{
	CLEAN(free) char *at = text_copy(address);
	CLEAN(free) char *found = NULL;

	for (unsigned hops = 0; hops < HOPS; hops++) {
		TRY(lookup(a, "postfix_alias_virtuels", "courriel", at, "destination", &found));
		if (found && strcmp(found, at) != 0) {
			*ret_alias = true;
			free(at);
			at = text_copy_n(found, strcspn(found, ", "));
			continue;
		}
		TRY(lookup(a, "postfix_utilisateurs", "utilisateur", at, "utilisateur", &found));
		*ret_mailbox = TAKE(found);
		return NULL;
	}
	return fail(ERR_STOPPED, "the alias %s goes round in circles", address);
}

/* made: the domains whose postmaster the install leads to the administrator. */
static void judge(const struct check_context *c, struct accounts *a, const char *domain,
	const struct list *made, struct tally *t)
{
	CLEAN(free) char *address = text("postmaster@%s", domain);
	CLEAN(free) char *mailbox = NULL;
	static const char remedy[] = "mailsetup install --admin ADDRESS";
	bool alias = false;

	if (tally_error(t, follow(a, address, &alias, &mailbox), remedy, "%s", address))
		return;
	if (mailbox)
		tally_ok(t, "%s leads to %s", address, mailbox);
	else if (alias)
		tally_failed(t, remedy, "%s is an alias that leads to no mailbox", address);
	else if (c->params->admin && list_has(made, domain))
		tally_failed(t, "mailsetup install", "%s is nobody's, but should be %s's: mail to it is refused",
			address, c->params->admin);
	else
		tally_unknown(t, remedy, "%s is nobody's: mail to it is refused (RFC 5321 wants it accepted)",
			address);
}

static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(tally) struct tally t = { 0 };
	CLEAN(list) struct list domains = { 0 }, made = { 0 };

	if (finding_error(f, accounts_open(c->host, true, &a), "mailsetup install"))
		return;
	published_domains(c, &domains);
	params_domains(c->params, &made);
	for (size_t i = 0; i < domains.n; i++)
		judge(c, a, domains.v[i], &made, &t);
	tally_finding(&t, f);
}

const struct check check_postmaster = {
	.name = "postmaster",
	.title = N_("Mail to postmaster reaches somebody"),
	.run = run,
};
