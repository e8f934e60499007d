/*
 * What the files of accounts.h share: statements on the database.
 */
#pragma once

#include "mail/accounts.h"
#include <sqlite3.h>

struct accounts {
	sqlite3 *db;
	char *path;
};

DEFINE_CLEANUP(sqlite3_stmt *, sqlite3_finalize)
DEFINE_CLEANUP(char *, sqlite3_free)

/* What SQLite said about the last call, with the database's path; ERR_BUSY and ERR_CONFLICT where it means that. */
struct error *accounts_fail(struct accounts *a, int status, const char *doing) MUST_USE;
/* sql through sqlite3_mprintf, so %w in double quotes quotes a name. */
struct error *accounts_prepare(struct accounts *a, sqlite3_stmt **ret, const char *sql, ...) MUST_USE;
void accounts_bind(sqlite3_stmt *statement, int index, const char *value);
/* True while there is a row. */
struct error *accounts_step(struct accounts *a, sqlite3_stmt *statement, bool *ret_row) MUST_USE;
/* A statement that changes the database and gives no row. */
struct error *accounts_change(struct accounts *a, sqlite3_stmt *statement) MUST_USE;
struct error *accounts_execute(struct accounts *a, const char *sql) MUST_USE;
const char *accounts_column(sqlite3_stmt *statement, int index); /* "" for NULL */
