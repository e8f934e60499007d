#include "engine/database.h"
#include "base/i18n.h"

struct error *database_error(sqlite3 *db)
{
	const char *file = sqlite3_db_filename(db, "main");

	return fail(ERR_STOPPED, "%s: %s", file ? file : _("state store"), sqlite3_errmsg(db));
}

struct error *database_run(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? NULL : database_error(db);
}

struct error *database_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret)
{
	return sqlite3_prepare_v2(db, sql, -1, ret, NULL) == SQLITE_OK ? NULL : database_error(db);
}

struct error *database_step(sqlite3 *db, sqlite3_stmt *statement, bool *ret_row)
{
	int result = sqlite3_step(statement);

	if (result != SQLITE_ROW && result != SQLITE_DONE)
		return database_error(db);
	*ret_row = result == SQLITE_ROW;
	return NULL;
}

struct error *database_finish(sqlite3 *db, sqlite3_stmt *statement)
{
	return sqlite3_step(statement) == SQLITE_DONE ? NULL : database_error(db);
}

void bind_text(sqlite3_stmt *statement, int index, const char *value)
{
	sqlite3_bind_text(statement, index, value, -1, SQLITE_TRANSIENT);
}

void bind_blob(sqlite3_stmt *statement, int index, const void *data, size_t size)
{
	sqlite3_bind_blob64(statement, index, data ? data : "", size, SQLITE_TRANSIENT);
}

char *column_text(sqlite3_stmt *statement, int index)
{
	return text_copy((const char *)sqlite3_column_text(statement, index));
}
