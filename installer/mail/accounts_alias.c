#include "mail/accounts_parts.h"
#include "mail/name.h"

#include <ctype.h>
#include <search.h>

#define USERS	"postfix_utilisateurs"
#define ALIASES "postfix_alias"
#define VIRTUAL "postfix_alias_virtuels"
#define DEPTH_MAX 100 /* no chain that people make is as long; bounds the recursion */

/* The walk from one alias: what stands on the way to here, and what was walked to its end. */
struct walk {
	struct accounts *accounts;
	const char *hostname;
	const char *path[DEPTH_MAX];
	size_t depth;
	void *finished; /* tsearch(3) of addresses */
};

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Postfix folds what it looks up, and finds user@domain for user+detail@domain. A name alone is one of the server itself. */
static char *folded(const char *address, const char *hostname)
{
	const char *at = strrchr(address, '@');
	size_t local = at ? (size_t)(at - address) : strlen(address);
	const char *plus = memchr(address, '+', local);
	size_t kept = plus && plus != address ? (size_t)(plus - address) : local;
	char *s = text("%.*s@%s", (int)kept, address, at ? at + 1 : hostname);

	for (char *p = s; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return s;
}

static bool domain_is_local(const char *domain, const char *hostname)
{
	return strcmp(domain, hostname) == 0 || strcmp(domain, "localhost") == 0 || starts_with(domain, "localhost.");
}

static struct error *active_cell(struct accounts *a, const char *table, const char *column, const char *key_column,
	const char *key, char **ret)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;
	bool row;

	TRY(accounts_prepare(a, &statement, "SELECT \"%w\" FROM \"%w\" WHERE \"%w\" = ? AND active = 1", column, table,
		key_column));
	accounts_bind(statement, 1, key);
	TRY(accounts_step(a, statement, &row));
	*ret = row ? text_copy(accounts_column(statement, 0)) : NULL;
	return NULL;
}

struct error *accounts_virtual_alias(struct accounts *a, const char *address, struct list *ret)
{
	CLEAN(free) char *destination = NULL;

	TRY(active_cell(a, VIRTUAL, "destination", "courriel", address, &destination));
	if (destination)
		list_split(ret, destination, ", \t");
	return NULL;
}

/* Where mail for a folded address is sent on to; none where it is no alias. */
static struct error *destinations(struct accounts *a, const char *hostname, const char *address, struct list *ret)
{
	const char *domain = address_domain(address);
	CLEAN(free) char *local = text_copy_n(address, (size_t)(domain - 1 - address)), *destination = NULL;

	TRY(accounts_virtual_alias(a, address, ret));
	if (ret->n || !domain_is_local(domain, hostname))
		return NULL;
	TRY(active_cell(a, ALIASES, "destination", "alias", local, &destination));
	if (destination)
		list_split(ret, destination, ", \t");
	return NULL;
}

struct error *accounts_user_is_active(struct accounts *a, const char *address, bool *ret)
{
	CLEAN(free) char *found = NULL;

	TRY(active_cell(a, USERS, "utilisateur", "utilisateur", address, &found));
	*ret = found;
	return NULL;
}

struct error *accounts_domain_is_ours(struct accounts *a, const char *hostname, const char *domain, bool *ret)
{
	CLEAN(free) char *found = NULL;

	TRY(active_cell(a, "postfix_domaines", "domaine", "domaine", domain, &found));
	*ret = found || domain_is_local(domain, hostname);
	return NULL;
}

struct error *accounts_reaches(struct accounts *a, const char *hostname, const char *address, bool *ret)
{
	CLEAN(free) char *key = folded(address, hostname);
	CLEAN(list) struct list next = { 0 };
	bool ours;

	TRY(accounts_domain_is_ours(a, hostname, address_domain(key), &ours));
	if (ours)
		TRY(accounts_user_is_active(a, key, ret));
	if (!ours || *ret) {
		*ret = true;
		return NULL;
	}
	TRY(destinations(a, hostname, key, &next));
	/* The copy that an alias of the address keeps at the address itself needs the account. */
	for (size_t i = 0; i < next.n; i++) {
		CLEAN(free) char *itself = folded(next.v[i], hostname);

		if (strcmp(itself, key) == 0)
			return NULL;
	}
	/* A name alone may be a user of the machine, whom local(8) knows. */
	*ret = next.n || !strchr(address, '@');
	return NULL;
}

static struct error *loop(const struct walk *w, const char *address)
{
	CLEAN(bytes) struct bytes chain = { 0 };
	size_t first = 0;

	while (first < w->depth && strcmp(w->path[first], address) != 0)
		first++;
	for (size_t i = first; i < w->depth; i++)
		bytes_printf(&chain, "%s -> ", w->path[i]);
	return fail(ERR_CONFLICT, "mail would go in a loop: %s%s", bytes_text(&chain), address);
}

static struct error *follow(struct walk *w, const char *address);

static struct error *follow_next(struct walk *w, const char *address, const char *next)
{
	CLEAN(free) char *key = folded(next, w->hostname);
	bool keeps_copy = false;

	if (strcmp(key, address) == 0)
		TRY(accounts_user_is_active(w->accounts, key, &keeps_copy));
	return keeps_copy ? NULL : follow(w, key);
}

static struct error *follow(struct walk *w, const char *address)
{
	CLEAN(list) struct list next = { 0 };

	for (size_t i = 0; i < w->depth; i++)
		if (strcmp(w->path[i], address) == 0)
			return loop(w, address);
	if (tfind(address, &w->finished, compare))
		return NULL;
	if (w->depth == DEPTH_MAX)
		return fail(ERR_CONFLICT, "more than %d aliases lead one to the next from %s on", DEPTH_MAX, w->path[0]);
	TRY(destinations(w->accounts, w->hostname, address, &next));
	w->path[w->depth++] = address;
	for (size_t i = 0; i < next.n; i++)
		TRY(follow_next(w, address, next.v[i]));
	w->depth--;
	if (!tsearch(text_copy(address), &w->finished, compare))
		abort();
	return NULL;
}

struct error *accounts_alias_check(struct accounts *a, const char *hostname, const char *address)
{
	struct walk w = { .accounts = a, .hostname = hostname };
	CLEAN(free) char *key = folded(address, hostname);
	CLEAN(list) struct list next = { 0 };
	struct error *e = follow(&w, key);

	tdestroy(w.finished, free);
	TRY(e);
	TRY(destinations(a, hostname, key, &next));
	for (size_t i = 0; i < next.n; i++) {
		CLEAN(free) char *shown = printable(next.v[i]);
		bool reaches;

		TRY(accounts_reaches(a, hostname, next.v[i], &reaches));
		if (!reaches)
			return fail(ERR_CONFLICT,
				"its mail would go nowhere: %s is in a domain of this server, but no active account or "
				"alias; `mailsetup user add %s` makes the account",
				shown, shown);
	}
	return NULL;
}

/* One table's rows whose destination lists the address: few statements ask, so a scan is right. */
static struct error *listing(struct accounts *a, const char *table, const char *key_column, const char *hostname,
	const char *address, struct list *ret)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;
	bool row;

	TRY(accounts_prepare(a, &statement,
		"SELECT \"%w\", destination FROM \"%w\" WHERE active = 1 AND instr(lower(destination), lower(?)) ORDER BY 1",
		key_column, table));
	CLEAN(free) char *local = text_copy_n(address, strcspn(address, "@"));
	accounts_bind(statement, 1, local);
	for (;;) {
		CLEAN(list) struct list parts = { 0 };

		TRY(accounts_step(a, statement, &row));
		if (!row)
			return NULL;
		list_split(&parts, accounts_column(statement, 1), ", \t");
		for (size_t i = 0; i < parts.n; i++) {
			CLEAN(free) char *key = folded(parts.v[i], hostname);

			if (strcmp(key, address) == 0) {
				list_add(ret, accounts_column(statement, 0));
				break;
			}
		}
	}
}

struct error *accounts_aliases_of(struct accounts *a, const char *hostname, const char *address, struct list *ret)
{
	CLEAN(free) char *key = folded(address, hostname);

	TRY(listing(a, VIRTUAL, "courriel", hostname, key, ret));
	return listing(a, ALIASES, "alias", hostname, key, ret);
}
