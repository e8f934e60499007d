#include "mail/accounts_parts.h"
#include "mail/name.h"

#define USERS	"postfix_utilisateurs"
#define DOMAINS "postfix_domaines"
#define TEXT_(n) #n
#define TEXT(n)	TEXT_(n)

/* "a", "b": the columns, quoted. */
static char *column_list(const struct cell *cells)
{
	CLEAN(bytes) struct bytes b = { 0 };

	bytes_add_text(&b, "");
	for (const struct cell *c = cells; c->column; c++) {
		CLEAN(sqlite3_free) char *name = sqlite3_mprintf("%s\"%w\"", c == cells ? "" : ", ", c->column);

		bytes_add_text(&b, name);
	}
	return TAKE(b.data);
}

struct error *accounts_row_find(struct accounts *a, const char *table, const char *key_column, const char *key,
	const struct cell *want, struct list *ret)
{
	CLEAN(free) char *columns = column_list(want);
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;
	bool row;

	TRY(accounts_prepare(
		a, &statement, "SELECT %s FROM \"%w\" WHERE \"%w\" = ? LIMIT 1", columns, table, key_column));
	accounts_bind(statement, 1, key);
	TRY(accounts_step(a, statement, &row));
	for (int i = 0; row && want[i].column; i++)
		list_addf(ret, "%s=%s", want[i].column, accounts_column(statement, i));
	return NULL;
}

struct error *accounts_row_exists(
	struct accounts *a, const char *table, const char *key_column, const char *key, bool *ret)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;

	TRY(accounts_prepare(a, &statement, "SELECT 1 FROM \"%w\" WHERE \"%w\" = ?", table, key_column));
	accounts_bind(statement, 1, key);
	return accounts_step(a, statement, ret);
}

struct error *accounts_rows_read(struct accounts *a, const char *table, const char *const *columns,
	const char *key_column, const char *key, struct list *ret)
{
	CLEAN(bytes) struct bytes wanted = { 0 };
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;
	bool row;

	for (const char *const *c = columns; *c; c++) {
		CLEAN(sqlite3_free) char *name = sqlite3_mprintf("%s\"%w\"", c == columns ? "" : ", ", *c);

		bytes_add_text(&wanted, name);
	}
	TRY(accounts_prepare(a, &statement, key ? "SELECT %s FROM \"%w\" WHERE \"%w\" = ?" : "SELECT %s FROM \"%w\" ORDER BY \"%w\"",
		bytes_text(&wanted), table, key_column));
	if (key)
		accounts_bind(statement, 1, key);
	for (;;) {
		TRY(accounts_step(a, statement, &row));
		if (!row)
			return NULL;
		for (int i = 0; columns[i]; i++)
			list_add(ret, accounts_column(statement, i));
	}
}

struct error *accounts_row_spellings(
	struct accounts *a, const char *table, const char *key_column, const char *key, struct list *ret)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;
	bool row;

	TRY(accounts_prepare(a, &statement, "SELECT \"%w\" FROM \"%w\" WHERE \"%w\" = ? COLLATE NOCASE ORDER BY 1", key_column, table,
		key_column));
	accounts_bind(statement, 1, key);
	for (;;) {
		TRY(accounts_step(a, statement, &row));
		if (!row)
			return NULL;
		list_add(ret, accounts_column(statement, 0));
	}
}

struct error *accounts_row_switch(struct accounts *a, const char *table, const char *key_column, const char *key,
	bool on, bool *ret_changed)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;

	TRY(accounts_prepare(a, &statement, "UPDATE \"%w\" SET active = %d WHERE \"%w\" = ? AND active IS %s 1", table, on,
		key_column, on ? "NOT" : ""));
	accounts_bind(statement, 1, key);
	TRY(accounts_change(a, statement));
	*ret_changed = sqlite3_changes(a->db) > 0;
	return NULL;
}

struct error *accounts_row_insert(struct accounts *a, const char *table, const struct cell *cells)
{
	CLEAN(free) char *columns = column_list(cells);
	CLEAN(bytes) struct bytes marks = { 0 };
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;

	for (size_t i = 0; cells[i].column; i++)
		bytes_add_text(&marks, i ? ", ?" : "?");
	TRY(accounts_prepare(
		a, &statement, "INSERT INTO \"%w\" (%s) VALUES (%s)", table, columns, bytes_text(&marks)));
	for (int i = 0; cells[i].column; i++)
		accounts_bind(statement, i + 1, cells[i].value);
	return accounts_change(a, statement);
}

struct error *accounts_row_delete(
	struct accounts *a, const char *table, const char *key_column, const char *key)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;

	TRY(accounts_prepare(a, &statement, "DELETE FROM \"%w\" WHERE \"%w\" = ?", table, key_column));
	accounts_bind(statement, 1, key);
	return accounts_change(a, statement);
}

void accounts_user_row(const char *address, const char *hash, const char *full_name, const char *privilege, bool active,
	struct account_row *ret)
{
	const char *domain = address_domain(address);
	char *home = text("%s/%.*s/", domain, (int)(domain - address - 1), address);

	*ret = (struct account_row){
		.cells = {
			{ "utilisateur", address },
			{ "mot_de_passe", hash },
			{ "nom_complet", full_name },
			{ "rep_perso", home },
			{ "uid", TEXT(MAILBOX_ID) },
			{ "gid", TEXT(MAILBOX_ID) },
			{ "privilege", privilege },
			{ "prefixe", "" },
			{ "active", active ? "1" : "0" },
		},
		.home = home,
	};
}

struct error *accounts_user_add(
	struct accounts *a, const char *address, const char *hash, const char *full_name, const char *privilege, bool active)
{
	CLEAN(account_row) struct account_row row = { 0 };
	bool exists;

	if (!*address_domain(address) || !starts_with(hash, "{SHA512-CRYPT}$6$"))
		return fail(ERR_USAGE, "an account needs an address and a {SHA512-CRYPT} hash");
	TRY(accounts_user_exists(a, address, &exists));
	if (exists)
		return fail(ERR_CONFLICT, "the account %s exists already in %s", address, a->path);
	accounts_user_row(address, hash, full_name, privilege, active, &row);
	return accounts_row_insert(a, USERS, row.cells);
}

struct error *accounts_user_hash(struct accounts *a, const char *address, char **ret)
{
	CLEAN(list) struct list cells = { 0 };

	TRY(accounts_rows_read(
		a, USERS, (const char *const[]){ "mot_de_passe", NULL }, "utilisateur", address, &cells));
	*ret = cells.n ? text_copy(cells.v[0]) : NULL;
	return NULL;
}

struct error *accounts_user_set_hash(struct accounts *a, const char *address, const char *hash)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;

	TRY(accounts_prepare(a, &statement, "UPDATE " USERS " SET mot_de_passe = ? WHERE utilisateur = ?"));
	accounts_bind(statement, 1, hash);
	accounts_bind(statement, 2, address);
	return accounts_change(a, statement);
}

struct error *accounts_user_exists(struct accounts *a, const char *address, bool *ret)
{
	return accounts_row_exists(a, USERS, "utilisateur", address, ret);
}

struct error *accounts_user_delete(struct accounts *a, const char *address)
{
	return accounts_row_delete(a, USERS, "utilisateur", address);
}

/* The first column of every row. */
static struct error *column_of_all(struct accounts *a, const char *sql, struct list *ret)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;
	bool row;

	TRY(accounts_prepare(a, &statement, "%s", sql));
	for (;;) {
		TRY(accounts_step(a, statement, &row));
		if (!row)
			return NULL;
		list_add(ret, accounts_column(statement, 0));
	}
}

struct error *accounts_users(struct accounts *a, struct list *ret)
{
	return column_of_all(a, "SELECT utilisateur FROM " USERS " ORDER BY utilisateur", ret);
}

struct error *accounts_domains(struct accounts *a, struct list *ret)
{
	return column_of_all(
		a, "SELECT domaine FROM " DOMAINS " WHERE active = 1 ORDER BY defaut DESC, id", ret);
}

static struct error *count_table(struct accounts *a, const char *table, uint64_t *total)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;
	bool row;

	TRY(accounts_prepare(a, &statement, "SELECT count(*) FROM \"%w\"", table));
	TRY(accounts_step(a, statement, &row));
	*total += row ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
	return NULL;
}

struct error *accounts_count(struct accounts *a, uint64_t *ret_rows)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;
	uint64_t total = 0;
	bool row;

	TRY(accounts_prepare(a, &statement,
		"SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'postfix_*'"));
	for (;;) {
		TRY(accounts_step(a, statement, &row));
		if (!row)
			break;
		TRY(count_table(a, accounts_column(statement, 0), &total));
	}
	*ret_rows = total;
	return NULL;
}
