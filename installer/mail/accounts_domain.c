#include "mail/accounts_parts.h"

static struct error *collect(struct accounts *a, const char *sql, const char *domain, const char *what, struct list *ret)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;
	CLEAN(free) char *end = text("@%s", domain);
	bool row;

	TRY(accounts_prepare(a, &statement, "%s", sql));
	accounts_bind(statement, 1, end);
	for (;;) {
		TRY(accounts_step(a, statement, &row));
		if (!row)
			return NULL;
		list_addf(ret, "%s %s", what, accounts_column(statement, 0));
	}
}

struct error *accounts_domain_users(struct accounts *a, const char *domain, struct list *ret)
{
	TRY(collect(a, "SELECT utilisateur FROM postfix_utilisateurs WHERE lower(substr(utilisateur, -length(?1))) = ?1 ORDER BY 1",
		domain, "account", ret));
	TRY(collect(a,
		"SELECT courriel FROM postfix_alias_virtuels WHERE lower(substr(courriel, -length(?1))) = ?1"
		" OR instr(lower(replace(destination, ' ', '')) || ',', ?1 || ',') ORDER BY 1",
		domain, "virtual alias", ret));
	return collect(a,
		"SELECT alias FROM postfix_alias WHERE instr(lower(replace(destination, ' ', '')) || ',', ?1 || ',') ORDER BY 1",
		domain, "alias", ret);
}
