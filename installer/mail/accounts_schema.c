#include "base/i18n.h"
#include "mail/accounts_parts.h"

/* The schema as SQLite understands it: built in memory, then read back. */
static struct error *reference_open(const char *schema, struct accounts **ret)
{
	CLEAN(accounts_close) struct accounts *a = allocate(sizeof(*a));

	a->path = text(_("the schema of %s"), ACCOUNTS_PATH);
	int status = sqlite3_open_v2(":memory:", &a->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
	if (status != SQLITE_OK)
		return accounts_fail(a, status, _("cannot open it"));
	TRY(accounts_execute(a, schema));
	*ret = TAKE(a);
	return NULL;
}

static struct error *columns_read(struct accounts *a, const char *table, struct list *ret)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;
	bool row;

	TRY(accounts_prepare(a, &statement, "PRAGMA table_info(\"%w\")", table));
	for (;;) {
		TRY(accounts_step(a, statement, &row));
		if (!row)
			return NULL;
		list_add(ret, accounts_column(statement, 1));
	}
}

static struct error *table_compare(
	struct accounts *a, struct accounts *reference, const char *table, struct list *ret)
{
	CLEAN(list) struct list wanted = { 0 }, present = { 0 };

	TRY(columns_read(reference, table, &wanted));
	TRY(columns_read(a, table, &present));
	if (!present.n) {
		list_add(ret, table);
		return NULL;
	}
	for (size_t i = 0; i < wanted.n; i++)
		if (!list_has(&present, wanted.v[i]))
			list_addf(ret, "%s.%s", table, wanted.v[i]);
	return NULL;
}

static struct error *schema_compare(struct accounts *a, struct accounts *reference, struct list *ret)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *tables = NULL;
	bool row;

	TRY(accounts_prepare(reference, &tables,
		"SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%%' ORDER BY "
		"rowid"));
	for (;;) {
		TRY(accounts_step(reference, tables, &row));
		if (!row)
			return NULL;
		TRY(table_compare(a, reference, accounts_column(tables, 0), ret));
	}
}

struct error *accounts_schema_missing(struct accounts *a, const char *schema, struct list *ret)
{
	CLEAN(accounts_close) struct accounts *reference = NULL;

	TRY(reference_open(schema, &reference));
	return schema_compare(a, reference, ret);
}

static struct error *object_exists(struct accounts *a, const char *type, const char *name, bool *ret)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;

	TRY(accounts_prepare(a, &statement, "SELECT 1 FROM sqlite_master WHERE type = ? AND name = ?"));
	accounts_bind(statement, 1, type);
	accounts_bind(statement, 2, name);
	return accounts_step(a, statement, ret);
}

static struct error *objects_create(struct accounts *a, struct accounts *reference)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *objects = NULL;
	CLEAN(list) struct list lacking = { 0 };
	bool row, exists;

	TRY(accounts_prepare(reference, &objects,
		"SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%%' "
		"ORDER BY rowid"));
	for (;;) {
		TRY(accounts_step(reference, objects, &row));
		if (!row)
			break;
		TRY(object_exists(a, accounts_column(objects, 0), accounts_column(objects, 1), &exists));
		if (!exists)
			TRY(accounts_execute(a, accounts_column(objects, 2)));
	}
	TRY(schema_compare(a, reference, &lacking));
	if (lacking.n)
		return fail(ERR_CONFLICT,
			"%s has a table of another layout, without %s; add the column (ALTER TABLE) or move "
			"the file away",
			a->path, lacking.v[0]);
	return NULL;
}

struct error *accounts_create_schema(struct accounts *a, const char *schema)
{
	CLEAN(accounts_close) struct accounts *reference = NULL;

	TRY(reference_open(schema, &reference));
	TRY(accounts_begin(a));
	return accounts_end(a, objects_create(a, reference));
}
