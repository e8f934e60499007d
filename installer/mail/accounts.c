#include "base/i18n.h"
#include "mail/accounts_parts.h"
#include "host/file.h"
#include "host/seam.h"

#include <stdarg.h>
#include <sys/stat.h>

#define BUSY_MILLISECONDS 5000

struct error *accounts_fail(struct accounts *a, int status, const char *doing)
{
	switch (status & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return fail(ERR_BUSY, "%s is locked by another program (%s); try again when it has finished",
			a->path, doing);
	case SQLITE_CONSTRAINT:
		return fail(ERR_CONFLICT, "%s refuses the row: %s", a->path, sqlite3_errmsg(a->db));
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return fail(ERR_STOPPED, "%s is damaged or no SQLite database (%s); restore it from a backup",
			a->path, sqlite3_errmsg(a->db));
	default:
		return fail(ERR_STOPPED, "%s: %s: %s", a->path, doing, sqlite3_errmsg(a->db));
	}
}

struct error *accounts_prepare(struct accounts *a, sqlite3_stmt **ret, const char *sql, ...)
{
	va_list arguments;

	va_start(arguments, sql);
	CLEAN(sqlite3_free) char *statement = sqlite3_vmprintf(sql, arguments);
	va_end(arguments);
	if (!statement)
		abort();
	int status = sqlite3_prepare_v2(a->db, statement, -1, ret, NULL);
	return status == SQLITE_OK ? NULL : accounts_fail(a, status, _("cannot read its tables"));
}

void accounts_bind(sqlite3_stmt *statement, int index, const char *value)
{
	/* Fails only for want of memory, or for an index that our own SQL does not have. */
	if (sqlite3_bind_text(statement, index, value, -1, SQLITE_TRANSIENT) != SQLITE_OK)
		abort();
}

struct error *accounts_step(struct accounts *a, sqlite3_stmt *statement, bool *ret_row)
{
	int status = sqlite3_step(statement);

	*ret_row = status == SQLITE_ROW;
	if (status != SQLITE_ROW && status != SQLITE_DONE)
		return accounts_fail(a, status, _("cannot read it"));
	return NULL;
}

struct error *accounts_change(struct accounts *a, sqlite3_stmt *statement)
{
	TRY(seam("database", ACCOUNTS_PATH));
	int status = sqlite3_step(statement);
	return status == SQLITE_DONE ? NULL : accounts_fail(a, status, _("cannot change it"));
}

struct error *accounts_execute(struct accounts *a, const char *sql)
{
	int status = sqlite3_exec(a->db, sql, NULL, NULL, NULL);

	return status == SQLITE_OK ? NULL : accounts_fail(a, status, _("cannot change it"));
}

struct error *accounts_begin(struct accounts *a)
{
	return accounts_execute(a, "BEGIN IMMEDIATE");
}

struct error *accounts_end(struct accounts *a, struct error *e)
{
	if (!e)
		e = seam("database", ACCOUNTS_PATH);
	if (!e)
		e = accounts_execute(a, "COMMIT");
	if (e)
		sqlite3_exec(a->db, "ROLLBACK", NULL, NULL, NULL);
	return e;
}

const char *accounts_column(sqlite3_stmt *statement, int index)
{
	const unsigned char *s = sqlite3_column_text(statement, index);

	return s ? (const char *)s : "";
}

static struct error *check_file(struct host *h)
{
	struct file_info info;

	TRY(file_stat(h, ACCOUNTS_PATH, &info));
	if (!info.exists)
		return fail(ERR_STOPPED, "there is no accounts database %s yet; `mailsetup install` makes it",
			ACCOUNTS_PATH);
	if (!S_ISREG(info.mode))
		return fail(ERR_STOPPED, "%s is no regular file; move it away, then run `mailsetup resume`",
			ACCOUNTS_PATH);
	if (info.links != 1)
		return fail(ERR_STOPPED, "%s has %ju names (hard links); remove the others first",
			ACCOUNTS_PATH, (uintmax_t)info.links);
	return NULL;
}

/* Readers run beside us: a chrooted one needs the rollback journal, and triggers that another hand has put into
 * the file may not call anything. */
static struct error *configure(struct accounts *a, bool read_only)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;
	bool row;

	sqlite3_extended_result_codes(a->db, 1);
	sqlite3_busy_timeout(a->db, BUSY_MILLISECONDS);
	TRY(accounts_execute(
		a, "PRAGMA foreign_keys = ON; PRAGMA synchronous = EXTRA; PRAGMA trusted_schema = OFF"));
	TRY(accounts_prepare(
		a, &statement, read_only ? "PRAGMA journal_mode" : "PRAGMA journal_mode = DELETE"));
	TRY(accounts_step(a, statement, &row));
	if (!read_only && (!row || strcmp(accounts_column(statement, 0), "delete") != 0))
		return fail(ERR_CONFLICT,
			"%s cannot leave journal mode %s; close the programs that have it open", a->path,
			row ? accounts_column(statement, 0) : "?");
	/* The first real read: finds out here whether this is a database. */
	TRY(accounts_execute(a, "PRAGMA schema_version"));
	return read_only ? accounts_execute(a, "PRAGMA query_only = ON") : NULL;
}

struct error *accounts_open(struct host *h, bool read_only, struct accounts **ret)
{
	CLEAN(accounts_close) struct accounts *a = allocate(sizeof(*a));
	/* SQLite wants the real path, beside which its journal lies, and follows no link when told so. */
	CLEAN(free) char *root = realpath(host_root(h), NULL);

	TRY(check_file(h));
	if (!root)
		return fail_errno(errno, "cannot resolve %s", host_root(h));
	a->path = text("%s%s", strcmp(root, "/") == 0 ? "" : root, ACCOUNTS_PATH);
	/* Never SQLITE_OPEN_READONLY: a writer that was killed leaves a journal, which such a reader cannot play back, and fails. */
	int status = sqlite3_open_v2(a->path, &a->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL);
	if (status != SQLITE_OK)
		return accounts_fail(a, status, _("cannot open it"));
	TRY(configure(a, read_only));
	*ret = TAKE(a);
	return NULL;
}

void accounts_close(struct accounts *a)
{
	if (!a)
		return;
	sqlite3_close_v2(a->db);
	free(a->path);
	free(a);
}
