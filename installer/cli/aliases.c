#include "cli/aliases.h"
#include "base/i18n.h"
#include "mail/name.h"

/* The command that takes the first of them away. */
static char *remedy(const char *alias)
{
	CLEAN(free) char *shown = printable(alias);

	return text("mailsetup %s delete %s", strchr(alias, '@') ? "virtual-alias" : "alias", shown);
}

struct error *aliases_left(struct cli *cli, struct accounts *a, const char *address, enum row_change change)
{
	CLEAN(list) struct list aliases = { 0 };
	bool reached;

	TRY(accounts_reaches(a, cli->params.hostname, address, &reached));
	if (reached)
		return NULL;
	TRY(accounts_aliases_of(a, cli->params.hostname, address, &aliases));
	if (!aliases.n)
		return NULL;
	CLEAN(free) char *joined = list_join(&aliases, ", "), *names = printable(joined), *first = remedy(aliases.v[0]);
	if (change == ROW_IS_DELETED)
		return fail(ERR_CONFLICT,
			"aliases still lead to it (%s), and their mail would be refused; delete them first, such as with `%s`, or "
			"disable it instead",
			names, first);
	if (!cli->quiet)
		fprintf(cli->screen.talk, _("note: aliases still lead to it (%s); their mail is refused while it is off\n"), names);
	return NULL;
}

struct error *domain_served(struct accounts *a, const char *hostname, const char *address)
{
	const char *domain = address_domain(address);
	bool ours, known;

	TRY(accounts_domain_is_ours(a, hostname, domain, &ours));
	if (ours)
		return NULL;
	TRY(accounts_row_exists(a, "postfix_domaines", "domaine", domain, &known));
	if (known)
		return fail(ERR_USAGE, "%s: the domain %s is off; `mailsetup domain enable %s` switches it on", address, domain, domain);
	return fail(ERR_USAGE, "%s: %s is no domain of this server; `mailsetup domain add %s` makes it one", address, domain, domain);
}

struct error *aliases_shadow(struct accounts *a, const char *address)
{
	CLEAN(list) struct list destinations = { 0 };
	bool exists;

	TRY(accounts_virtual_alias(a, address, &destinations));
	if (!destinations.n || list_has(&destinations, address))
		return NULL;
	TRY(accounts_user_is_active(a, address, &exists));
	return exists ? fail(ERR_CONFLICT,
				"%s would be an account and a virtual alias at once, and its mailbox would get nothing; an alias "
				"that lists %s among its destinations keeps a copy there",
				address, address)
		      : NULL;
}
