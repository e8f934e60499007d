#include "mail/accounts_parts.h"

static struct error *add_uses(struct accounts *a, const char *sql, const char *domain, struct list *ret)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;
	bool row;

	TRY(accounts_prepare(a, &statement, "%s", sql));
	accounts_bind(statement, 1, domain);
	for (;;) {
		TRY(accounts_step(a, statement, &row));
		if (!row)
			return NULL;
		list_add(ret, accounts_column(statement, 0));
	}
}

/* The list of destinations, without blanks and between commas. A domain holds neither of LIKE's wildcards. */
#define LEADS_THERE "(',' || replace(destination, ' ', '') || ',') LIKE '%@' || ?1 || ',%'"

struct error *accounts_domain_uses(struct accounts *a, const char *domain, struct domain_uses *ret)
{
	TRY(add_uses(a, "SELECT utilisateur FROM postfix_utilisateurs WHERE utilisateur LIKE '%@' || ?1 ORDER BY 1", domain, &ret->accounts));
	TRY(add_uses(a, "SELECT alias FROM postfix_alias WHERE " LEADS_THERE " ORDER BY 1", domain, &ret->aliases));
	return add_uses(a,
		"SELECT courriel FROM postfix_alias_virtuels WHERE courriel LIKE '%@' || ?1 OR courriel LIKE '@' || ?1 OR " LEADS_THERE
		" ORDER BY 1",
		domain, &ret->virtual_aliases);
}

void domain_uses_free(struct domain_uses *u)
{
	list_free(&u->accounts);
	list_free(&u->aliases);
	list_free(&u->virtual_aliases);
}
