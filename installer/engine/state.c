#include "engine/state.h"
#include "base/i18n.h"
#include "engine/database.h"
#include "host/file.h"
#include "host/seam.h"

#include <time.h>

#define APPLICATION_ID 0x4d534554 /* "MSET" */
#define SCHEMA_VERSION 1
#define REBUILD_ADVICE N_("restore it from a backup, or run `mailsetup status --rebuild`")
#define ASIDE_MAX      9

struct state {
	sqlite3 *db;
};

static const char schema[] =
	"CREATE TABLE step (seq INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
	"  status INTEGER NOT NULL, revision INTEGER NOT NULL, seconds REAL NOT NULL, finished INTEGER NOT NULL);"
	"CREATE TABLE param (name TEXT NOT NULL, position INTEGER NOT NULL, value TEXT NOT NULL,"
	"  PRIMARY KEY (name, position));"
	"CREATE TABLE note (name TEXT PRIMARY KEY, value TEXT NOT NULL);"
	"CREATE TABLE undo (seq INTEGER PRIMARY KEY AUTOINCREMENT, step TEXT NOT NULL, verb TEXT NOT NULL,"
	"  target TEXT NOT NULL, existed INTEGER NOT NULL, mode INTEGER, uid INTEGER, gid INTEGER,"
	"  mtime_seconds INTEGER, mtime_nanoseconds INTEGER, content BLOB, xattrs BLOB,"
	"  data TEXT, wrote TEXT, prior TEXT, UNIQUE (step, verb, target));"
	"PRAGMA user_version = 1;";

void step_record_free(struct step_record *r)
{
	free(r->name);
	*r = (struct step_record){ 0 };
}

static struct error *pragma_number(sqlite3 *db, const char *pragma, int64_t *ret)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;
	bool row;

	TRY(database_prepare(db, pragma, &statement));
	TRY(database_step(db, statement, &row));
	*ret = row ? sqlite3_column_int64(statement, 0) : 0;
	return NULL;
}

static struct error *check_integrity(sqlite3 *db)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;
	bool row;

	TRY(database_prepare(db, "PRAGMA quick_check", &statement));
	TRY(database_step(db, statement, &row));
	const char *verdict = row ? (const char *)sqlite3_column_text(statement, 0) : _("no answer");
	/* The first of its findings is headed by the name of the database. */
	if (starts_with(verdict, "*** ") && strchr(verdict, '\n'))
		verdict = strchr(verdict, '\n') + 1;
	if (strcmp(verdict, "ok") != 0)
		return fail(ERR_CONFLICT, "%.*s", (int)strcspn(verdict, "\n"), verdict);
	return NULL;
}

static struct error *check_identity(sqlite3 *db, bool fresh)
{
	int64_t id, version;

	if (fresh) {
		CLEAN(free) char *sql = text("BEGIN IMMEDIATE; PRAGMA application_id = %d; %s COMMIT;", APPLICATION_ID,
			schema);
		return database_run(db, sql);
	}
	TRY(pragma_number(db, "PRAGMA application_id", &id));
	TRY(pragma_number(db, "PRAGMA user_version", &version));
	if (id != APPLICATION_ID)
		return fail(ERR_CONFLICT, "no state store of mailsetup; %s", translated(REBUILD_ADVICE));
	if (version > SCHEMA_VERSION)
		return fail(ERR_CONFLICT, "written by a newer mailsetup (format %lld, this one knows %d); use that one",
			(long long)version, SCHEMA_VERSION);
	return recode(wrap(check_integrity(db), "damaged (%s)", translated(REBUILD_ADVICE)), ERR_CONFLICT);
}

/* The file is made by us first, so that SQLite's own files beside it inherit mode 0600. */
static struct error *make_files(struct host *h)
{
	TRY(directory_make(h, STATE_DIRECTORY, 0, 0, 0700));
	return file_write(h, STATE_PATH, "", 0, 0, 0, 0600);
}

static struct error *open_database(struct host *h, bool fresh, sqlite3 **ret)
{
	CLEAN(free) char *path = text("%s%s", strcmp(host_root(h), "/") == 0 ? "" : host_root(h), STATE_PATH);
	int result = sqlite3_open_v2(path, ret, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL);

	if (result != SQLITE_OK)
		return database_error(*ret);
	sqlite3_busy_timeout(*ret, 5000);
	sqlite3_extended_result_codes(*ret, 1);
	struct error *e = database_run(*ret, "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;");
	if (!e)
		e = check_identity(*ret, fresh);
	int code = sqlite3_errcode(*ret) & 0xff;
	if (e && (code == SQLITE_NOTADB || code == SQLITE_CORRUPT))
		return recode(wrap(e, "damaged (%s)", translated(REBUILD_ADVICE)), ERR_CONFLICT);
	return e;
}

struct error *state_open(struct host *h, bool create, struct state **ret)
{
	struct file_info info;
	CLEAN(state_close) struct state *s = NULL;

	*ret = NULL;
	TRY(file_stat(h, STATE_PATH, &info));
	/* An empty file is what a kill left between make_files() and the first commit. */
	bool fresh = !info.exists || info.size == 0;
	if (fresh && !create)
		return NULL;
	if (fresh)
		TRY(make_files(h));
	s = allocate(sizeof(*s));
	TRY(wrap(open_database(h, fresh, &s->db), "state store %s", STATE_PATH));
	*ret = TAKE(s);
	return NULL;
}

static bool is_newer(struct host *h)
{
	CLEAN(free) char *path = text("%s%s", strcmp(host_root(h), "/") == 0 ? "" : host_root(h), STATE_PATH);
	int64_t id = 0, version = 0;
	sqlite3 *db = NULL;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW, NULL) == SQLITE_OK) {
		error_free(pragma_number(db, "PRAGMA application_id", &id));
		error_free(pragma_number(db, "PRAGMA user_version", &version));
	}
	sqlite3_close(db);
	return id == APPLICATION_ID && version > SCHEMA_VERSION;
}

static struct error *free_name(struct host *h, char **ret)
{
	for (unsigned i = 1; i <= ASIDE_MAX; i++) {
		CLEAN(free) char *path = text(STATE_PATH ".damaged-%u", i);
		struct file_info info;

		TRY(file_stat(h, path, &info));
		if (info.exists)
			continue;
		*ret = TAKE(path);
		return NULL;
	}
	return fail(ERR_CONFLICT, "%u damaged stores are in %s already; remove those that are of no use", ASIDE_MAX, STATE_DIRECTORY);
}

struct error *state_set_aside(struct host *h, char **ret)
{
	CLEAN(file_image) struct file_image image = { 0 };
	CLEAN(free) char *path = NULL;

	*ret = NULL;
	if (is_newer(h))
		return fail(ERR_CONFLICT, "state store %s was written by a newer mailsetup; use that one", STATE_PATH);
	TRY(file_capture(h, STATE_PATH, &image));
	if (!image.info.exists)
		return NULL;
	TRY(free_name(h, &path));
	TRY(file_restore(h, path, &image));
	TRY(file_remove(h, STATE_PATH "-journal"));
	TRY(file_remove(h, STATE_PATH));
	*ret = TAKE(path);
	return NULL;
}

void state_close(struct state *s)
{
	if (!s)
		return;
	sqlite3_close(s->db);
	free(s);
}

/* Of imports of mail (migrate/record.h), which stays. */
static struct error *remove_lists(struct host *h)
{
	CLEAN(list) struct list names = { 0 };

	TRY(directory_list(h, STATE_DIRECTORY, &names));
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *path = text(STATE_DIRECTORY "/%s", names.v[i]);

		if (ends_with(names.v[i], ".list"))
			TRY(file_remove(h, path));
	}
	return NULL;
}

struct error *state_destroy(struct host *h, struct state *s)
{
	TRY(remove_lists(h));
	state_close(s);
	TRY(file_remove(h, STATE_PATH "-journal"));
	TRY(file_remove(h, STATE_PATH));
	return directory_remove(h, STATE_DIRECTORY);
}

struct error *state_sweep(struct host *h)
{
	struct file_info directory, store;

	TRY(file_stat(h, STATE_DIRECTORY, &directory));
	if (!directory.exists)
		return NULL;
	TRY(file_stat(h, STATE_PATH, &store));
	if (store.exists && store.size)
		return NULL;
	TRY(file_sweep(h, STATE_PATH));
	TRY(file_remove(h, STATE_PATH "-journal"));
	TRY(file_remove(h, STATE_PATH));
	return directory_remove(h, STATE_DIRECTORY);
}

sqlite3 *state_database(struct state *s)
{
	return s->db;
}

struct error *state_step_set(struct state *s, const char *name, enum step_status status, unsigned revision, double seconds)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;

	TRY(seam("commit-step", name));
	TRY(database_prepare(s->db,
		"INSERT INTO step (name, status, revision, seconds, finished) VALUES (?1, ?2, ?3, ?4, ?5)"
		" ON CONFLICT (name) DO UPDATE SET status = ?2, revision = ?3, seconds = ?4, finished = ?5",
		&statement));
	bind_text(statement, 1, name);
	sqlite3_bind_int(statement, 2, (int)status);
	sqlite3_bind_int(statement, 3, (int)revision);
	sqlite3_bind_double(statement, 4, seconds);
	sqlite3_bind_int64(statement, 5, (int64_t)time(NULL));
	return database_finish(s->db, statement);
}

struct error *state_step_get(struct state *s, const char *name, struct step_record *ret)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;
	bool row;

	*ret = (struct step_record){ .status = STEP_NONE };
	TRY(database_prepare(s->db, "SELECT status, revision, seconds, finished FROM step WHERE name = ?", &statement));
	bind_text(statement, 1, name);
	TRY(database_step(s->db, statement, &row));
	if (row)
		*ret = (struct step_record){
			.name = text_copy(name),
			.status = (enum step_status)sqlite3_column_int(statement, 0),
			.revision = (unsigned)sqlite3_column_int(statement, 1),
			.seconds = sqlite3_column_double(statement, 2),
			.finished = sqlite3_column_int64(statement, 3),
		};
	return NULL;
}

static struct error *delete_named(struct state *s, const char *sql, const char *name)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;

	TRY(seam("commit-delete", name));
	TRY(database_prepare(s->db, sql, &statement));
	bind_text(statement, 1, name);
	return database_finish(s->db, statement);
}

static struct error *select_texts(struct state *s, const char *sql, const char *argument, struct list *ret)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;
	bool row;

	TRY(database_prepare(s->db, sql, &statement));
	if (argument)
		bind_text(statement, 1, argument);
	for (;;) {
		TRY(database_step(s->db, statement, &row));
		if (!row)
			return NULL;
		list_add(ret, (const char *)sqlite3_column_text(statement, 0));
	}
}

struct error *state_step_forget(struct state *s, const char *name)
{
	return delete_named(s, "DELETE FROM step WHERE name = ?", name);
}

struct error *state_steps(struct state *s, struct list *ret)
{
	return select_texts(s, "SELECT name FROM step ORDER BY seq DESC", NULL, ret);
}

static struct error *remembered_values(struct state *s, const char *name, struct list *ret)
{
	return select_texts(s, "SELECT value FROM param WHERE name = ? ORDER BY position", name, ret);
}

static bool list_equal(const struct list *a, const struct list *b)
{
	for (size_t i = 0; i < a->n && i < b->n; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return a->n == b->n;
}

static struct error *store_param(struct state *s, const char *name, const struct list *values)
{
	TRY(delete_named(s, "DELETE FROM param WHERE name = ?", name));
	for (size_t i = 0; i < values->n; i++) {
		CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;

		TRY(database_prepare(s->db, "INSERT INTO param (name, position, value) VALUES (?, ?, ?)", &statement));
		bind_text(statement, 1, name);
		sqlite3_bind_int(statement, 2, (int)i);
		bind_text(statement, 3, values->v[i]);
		TRY(database_finish(s->db, statement));
	}
	return NULL;
}

static struct error *store_params(struct state *s, const struct params *p)
{
	for (size_t i = 0; i < param_count; i++) {
		CLEAN(list) struct list values = { 0 }, remembered = { 0 };

		params_get(p, param_specs[i].name, &values);
		TRY(remembered_values(s, param_specs[i].name, &remembered));
		if (!list_equal(&values, &remembered))
			TRY(store_param(s, param_specs[i].name, &values));
	}
	return NULL;
}

void notes_add(struct notes *n, const char *name, const char *value)
{
	list_add(&n->names, name);
	list_add(&n->values, value);
}

const char *notes_get(const struct notes *n, const char *name)
{
	for (size_t i = 0; i < n->names.n; i++)
		if (strcmp(n->names.v[i], name) == 0)
			return n->values.v[i];
	return NULL;
}

void notes_free(struct notes *n)
{
	for (size_t i = 0; i < n->values.n; i++)
		explicit_bzero(n->values.v[i], strlen(n->values.v[i]));
	list_free(&n->names);
	list_free(&n->values);
}

static struct error *store_notes(struct state *s, const struct notes *notes)
{
	for (size_t i = 0; notes && i < notes->names.n; i++)
		TRY(state_note_set(s, notes->names.v[i], notes->values.v[i]));
	return NULL;
}

struct error *state_params_store(struct state *s, const struct params *p, const struct notes *notes)
{
	TRY(database_run(s->db, "BEGIN IMMEDIATE"));
	struct error *e = store_params(s, p);
	if (!e)
		e = store_notes(s, notes);
	if (e) {
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
		return e;
	}
	return database_run(s->db, "COMMIT");
}

struct error *state_params_load(struct state *s, struct params *p)
{
	for (size_t i = 0; i < param_count; i++) {
		const char *name = param_specs[i].name;
		CLEAN(list) struct list given = { 0 }, remembered = { 0 };

		params_get(p, name, &given);
		if (given.n)
			continue;
		TRY(remembered_values(s, name, &remembered));
		for (size_t k = 0; k < remembered.n; k++)
			TRY(params_restore(p, name, remembered.v[k]));
	}
	return NULL;
}

struct error *state_note_get(struct state *s, const char *name, char **ret)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;
	bool row;

	*ret = NULL;
	TRY(database_prepare(s->db, "SELECT value FROM note WHERE name = ?", &statement));
	bind_text(statement, 1, name);
	TRY(database_step(s->db, statement, &row));
	/* It may be a key: no copy of it but the caller's. */
	if (row)
		*ret = text_copy((const char *)sqlite3_column_text(statement, 0));
	return NULL;
}

static void wiped_cleanup(char **s)
{
	if (*s)
		explicit_bzero(*s, strlen(*s));
	free(*s);
}

struct error *state_note_set(struct state *s, const char *name, const char *value)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;
	CLEAN(wiped) char *known = NULL;

	TRY(state_note_get(s, name, &known));
	if (!value)
		return known ? delete_named(s, "DELETE FROM note WHERE name = ?", name) : NULL;
	/* SQLite would write nothing, either. */
	if (known && strcmp(known, value) == 0)
		return NULL;
	TRY(seam("commit-note", name));
	TRY(database_prepare(s->db,
		"INSERT INTO note (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2", &statement));
	bind_text(statement, 1, name);
	bind_text(statement, 2, value);
	return database_finish(s->db, statement);
}

struct error *state_notes(struct state *s, const char *prefix, struct list *ret)
{
	return select_texts(s, "SELECT name FROM note WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name", prefix, ret);
}
