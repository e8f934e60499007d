/*
 * The few SQLite helpers that the state store and the journal share. A failure names the file and what SQLite says.
 */
#pragma once

#include "base/error.h"
#include "base/memory.h"
#include <sqlite3.h>

DEFINE_CLEANUP(sqlite3_stmt *, sqlite3_finalize)

struct error *database_error(sqlite3 *db) MUST_USE;
struct error *database_run(sqlite3 *db, const char *sql) MUST_USE;
struct error *database_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret) MUST_USE;
/* Steps to the end: for statements that give no row. */
struct error *database_finish(sqlite3 *db, sqlite3_stmt *statement) MUST_USE;
/* *ret_row: is there a row? */
struct error *database_step(sqlite3 *db, sqlite3_stmt *statement, bool *ret_row) MUST_USE;
void bind_text(sqlite3_stmt *statement, int index, const char *value); /* NULL binds NULL */
void bind_blob(sqlite3_stmt *statement, int index, const void *data, size_t size);
char *column_text(sqlite3_stmt *statement, int index); /* a copy; NULL for NULL */
