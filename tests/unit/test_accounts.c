/* The accounts database: the guide's schema and INSERT, the file that is opened, and what others do to it
 * meanwhile. */
#include "tests/unit/unit.h"

#include "mail/accounts.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#define HASH "{SHA512-CRYPT}$6$salt$hash"

/* The guide's: one table has no IF NOT EXISTS. */
static const char schema[] = "CREATE TABLE IF NOT EXISTS postfix_alias_virtuels (\n"
			     "	id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
			     "	courriel TEXT NOT NULL UNIQUE,\n"
			     "	destination TEXT NOT NULL,\n"
			     "	active INTEGER\n"
			     ");\n"
			     "CREATE TABLE IF NOT EXISTS postfix_domaines (\n"
			     "	id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
			     "	domaine TEXT NOT NULL UNIQUE,\n"
			     "	defaut BOOLEAN NOT NULL CHECK (defaut IN (0, 1)),\n"
			     "	active INTEGER\n"
			     ");\n"
			     "CREATE TABLE postfix_utilisateurs (\n"
			     "	id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
			     "	utilisateur TEXT NOT NULL UNIQUE,\n"
			     "	mot_de_passe TEXT NOT NULL,\n"
			     "	nom_complet TEXT,\n"
			     "	rep_perso TEXT NOT NULL,\n"
			     "	uid INTEGER NOT NULL,\n"
			     "	gid INTEGER NOT NULL,\n"
			     "	privilege TEXT NOT NULL,\n"
			     "	prefixe TEXT,\n"
			     "	active INTEGER\n"
			     ");\n";

struct fixture {
	char root[64];
	char *path;
	struct host *host;
	struct accounts *accounts;
};

static int set_up(void **state)
{
	struct fixture *f = allocate(sizeof(*f));

	strncpy(f->root, "/tmp/test-accounts-XXXXXX", sizeof(f->root) - 1);
	assert_non_null(mkdtemp(f->root));
	put(f->root, ACCOUNTS_PATH, "", 0600);
	f->path = text("%s%s", f->root, ACCOUNTS_PATH);
	must(host_open(f->root, &f->host));
	must(accounts_open(f->host, false, &f->accounts));
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const left[] = { ACCOUNTS_PATH, ACCOUNTS_PATH "-journal", ACCOUNTS_PATH ".2",
		"/etc/postfix/bdd", "/etc/postfix", "/etc", "" };
	struct fixture *f = *state;

	accounts_close(f->accounts);
	host_close(f->host);
	for (size_t i = 0; i < sizeof(left) / sizeof(*left); i++) {
		CLEAN(free) char *path = text("%s%s", f->root, left[i]);

		remove(path);
	}
	assert_int_equal(access(f->root, F_OK), -1);
	free(f->path);
	free(f);
	return 0;
}

/* Another program at work on the file. */
static sqlite3 *other(struct fixture *f, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	return db;
}

static void execute(struct fixture *f, const char *sql)
{
	sqlite3_close(other(f, sql));
}

static char *query(struct fixture *f, const char *sql)
{
	sqlite3 *db = other(f, "");
	sqlite3_stmt *statement;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	char *result = text_copy((const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return result;
}

static void expect_query(struct fixture *f, const char *sql, const char *expected)
{
	CLEAN(free) char *result = query(f, sql);

	assert_string_equal(result, expected);
}

static void schema_from_nothing(void **state)
{
	struct fixture *f = *state;
	CLEAN(list) struct list missing = { 0 }, after = { 0 };

	must(accounts_schema_missing(f->accounts, schema, &missing));
	assert_int_equal(missing.n, 3);
	assert_string_equal(missing.v[0], "postfix_alias_virtuels");
	assert_string_equal(missing.v[2], "postfix_utilisateurs");

	must(accounts_create_schema(f->accounts, schema));
	must(accounts_schema_missing(f->accounts, schema, &after));
	assert_int_equal(after.n, 0);
	expect_query(f, "PRAGMA journal_mode", "delete");
	expect_query(f, "SELECT count(*) FROM sqlite_master WHERE name = 'postfix_utilisateurs'", "1");
}

static void schema_again_keeps_rows(void **state)
{
	struct fixture *f = *state;

	must(accounts_create_schema(f->accounts, schema));
	must(accounts_user_add(f->accounts, "test@exemple.fr", HASH, "Test Dupont", "administrateur", true));
	execute(f, "DROP TABLE postfix_domaines");
	must(accounts_create_schema(f->accounts, schema));
	expect_query(f, "SELECT count(*) FROM postfix_utilisateurs", "1");
	expect_query(f, "SELECT count(*) FROM postfix_domaines", "0");
}

static void schema_of_another_layout(void **state)
{
	struct fixture *f = *state;
	CLEAN(list) struct list missing = { 0 };

	execute(f, "CREATE TABLE postfix_domaines (id INTEGER PRIMARY KEY, domaine TEXT, extra TEXT)");
	must(accounts_schema_missing(f->accounts, schema, &missing));
	assert_true(list_has(&missing, "postfix_domaines.defaut"));
	assert_true(list_has(&missing, "postfix_domaines.active"));
	assert_true(list_has(&missing, "postfix_utilisateurs"));
	assert_false(list_has(&missing, "postfix_domaines"));

	fails_with(accounts_create_schema(f->accounts, schema), ERR_CONFLICT, "postfix_domaines.defaut");
	/* All or nothing. */
	expect_query(f, "SELECT count(*) FROM sqlite_master WHERE name = 'postfix_utilisateurs'", "0");
}

static void schema_that_is_wrong(void **state)
{
	struct fixture *f = *state;
	CLEAN(list) struct list missing = { 0 };

	fails_with(accounts_create_schema(f->accounts, "CREATE TABLE ("), ERR_STOPPED, "schema");
	fails_with(accounts_schema_missing(f->accounts, "nonsense", &missing), ERR_STOPPED, "syntax error");
}

/* The guide's INSERT, column by column. */
static void user_as_in_the_guide(void **state)
{
	struct fixture *f = *state;

	must(accounts_create_schema(f->accounts, schema));
	must(accounts_user_add(f->accounts, "test@exemple.fr", HASH, "Test Dupont", "administrateur", true));
	expect_query(f,
		"SELECT utilisateur || '|' || mot_de_passe || '|' || nom_complet || '|' || rep_perso || '|' || "
		"uid || '|' || gid "
		"|| '|' || privilege || '|' || prefixe || '|' || active FROM postfix_utilisateurs",
		"test@exemple.fr|" HASH "|Test Dupont|exemple.fr/test/|3000|3000|administrateur||1");
	expect_query(f, "SELECT typeof(uid) || typeof(active) FROM postfix_utilisateurs", "integerinteger");
}

static void users(void **state)
{
	struct fixture *f = *state;
	bool exists = true;

	must(accounts_create_schema(f->accounts, schema));
	must(accounts_user_exists(f->accounts, "a@exemple.fr", &exists));
	assert_false(exists);
	must(accounts_user_add(f->accounts, "a@exemple.fr", HASH, NULL, "utilisateur", true));
	must(accounts_user_exists(f->accounts, "a@exemple.fr", &exists));
	assert_true(exists);
	expect_query(f, "SELECT nom_complet IS NULL FROM postfix_utilisateurs", "1");

	fails_with(accounts_user_add(f->accounts, "a@exemple.fr", HASH, NULL, "utilisateur", true), ERR_CONFLICT,
		"the account a@exemple.fr exists already");
	fails_with(accounts_user_add(f->accounts, "b@exemple.fr", "{PLAIN}secret12", NULL, "utilisateur", true),
		ERR_USAGE, "hash");
	fails_with(accounts_user_add(f->accounts, "nobody", HASH, NULL, "utilisateur", true), ERR_USAGE, "address");

	must(accounts_user_delete(f->accounts, "a@exemple.fr"));
	must(accounts_user_delete(f->accounts, "a@exemple.fr"));
	must(accounts_user_exists(f->accounts, "a@exemple.fr", &exists));
	assert_false(exists);
}

/* Values are data, whatever they look like. */
static void hostile_values(void **state)
{
	static const char *const values[] = { "'; DROP TABLE postfix_utilisateurs;--", "' OR '1'='1",
		"x' UNION SELECT 1", "\"", "%s%n%w", "été\n" };
	struct fixture *f = *state;

	must(accounts_create_schema(f->accounts, schema));
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		CLEAN(list) struct list found = { 0 }, none = { 0 };
		const struct cell cells[] = { { "courriel", values[i] }, { "destination", values[i] },
			{ "active", "1" }, { 0 } };
		CLEAN(free) char *expected = text("destination=%s", values[i]);

		must(accounts_row_find(
			f->accounts, "postfix_alias_virtuels", "courriel", values[i], cells, &none));
		assert_int_equal(none.n, 0);
		must(accounts_row_insert(f->accounts, "postfix_alias_virtuels", cells));
		must(accounts_row_find(
			f->accounts, "postfix_alias_virtuels", "courriel", values[i], cells, &found));
		assert_int_equal(found.n, 3);
		assert_string_equal(found.v[1], expected);
		assert_string_equal(found.v[2], "active=1");
		must(accounts_row_delete(f->accounts, "postfix_alias_virtuels", "courriel", values[i]));
	}
	expect_query(f, "SELECT count(*) FROM postfix_alias_virtuels", "0");
	expect_query(f, "SELECT count(*) FROM postfix_utilisateurs", "0");
}

static void spellings(void **state)
{
	struct fixture *f = *state;
	CLEAN(list) struct list found = { 0 }, none = { 0 };

	must(accounts_create_schema(f->accounts, schema));
	must(accounts_user_add(f->accounts, "jean@exemple.fr", HASH, "", "utilisateur", true));
	must(accounts_user_add(f->accounts, "Jean@Exemple.FR", HASH, "", "utilisateur", true));
	must(accounts_row_spellings(f->accounts, "postfix_utilisateurs", "utilisateur", "JEAN@exemple.fr", &found));
	assert_int_equal(found.n, 2);
	assert_string_equal(found.v[0], "Jean@Exemple.FR");
	must(accounts_row_spellings(f->accounts, "postfix_utilisateurs", "utilisateur", "%", &none));
	assert_int_equal(none.n, 0);
}

static void hostile_names(void **state)
{
	struct fixture *f = *state;
	CLEAN(list) struct list found = { 0 };
	const struct cell cells[] = { { "a\"b", "1" }, { 0 } };

	execute(f, "CREATE TABLE \"t\"\"x\" (\"a\"\"b\" TEXT UNIQUE)");
	must(accounts_row_insert(f->accounts, "t\"x", cells));
	must(accounts_row_find(f->accounts, "t\"x", "a\"b", "1", cells, &found));
	assert_int_equal(found.n, 1);
	fails_with(accounts_row_insert(f->accounts, "nowhere", cells), ERR_STOPPED, "no such table");
}

static void refused_rows(void **state)
{
	struct fixture *f = *state;
	const struct cell row[] = { { "domaine", "exemple.fr" }, { "defaut", "1" }, { "active", "1" }, { 0 } };
	const struct cell bad[] = { { "domaine", "autre.fr" }, { "defaut", "2" }, { "active", "1" }, { 0 } };

	must(accounts_create_schema(f->accounts, schema));
	must(accounts_row_insert(f->accounts, "postfix_domaines", row));
	fails_with(accounts_row_insert(f->accounts, "postfix_domaines", row), ERR_CONFLICT, "UNIQUE");
	fails_with(accounts_row_insert(f->accounts, "postfix_domaines", bad), ERR_CONFLICT, "CHECK");
	expect_query(f, "SELECT count(*) FROM postfix_domaines", "1");
}

static void domains(void **state)
{
	struct fixture *f = *state;
	CLEAN(list) struct list found = { 0 };

	must(accounts_create_schema(f->accounts, schema));
	execute(f, "INSERT INTO postfix_domaines (domaine,defaut,active) VALUES "
		   "('deux.fr',0,1), ('eteint.fr',0,0), ('exemple.fr',1,1), ('trois.fr',0,1)");
	must(accounts_domains(f->accounts, &found));
	assert_int_equal(found.n, 3);
	assert_string_equal(found.v[0], "exemple.fr");
	assert_string_equal(found.v[1], "deux.fr");
	assert_string_equal(found.v[2], "trois.fr");
}

/* Killed after its first pages are in the file: the journal beside it is the truth. */
static void write_and_die(const char *path)
{
	sqlite3 *db;
	pid_t pid = fork();

	if (pid == 0) {
		if (sqlite3_open(path, &db) != SQLITE_OK ||
			sqlite3_exec(db, "PRAGMA cache_size = 1; BEGIN IMMEDIATE; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000)"
					 " INSERT INTO postfix_domaines (domaine, defaut, active) SELECT 'd' || i || '.fr', 0, 1 FROM n", NULL, NULL, NULL) != SQLITE_OK)
			_exit(1);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void a_reader_plays_back_what_a_killed_writer_left(void **state)
{
	struct fixture *f = *state;
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(list) struct list domains = { 0 };

	must(accounts_create_schema(f->accounts, schema));
	must(accounts_row_insert(f->accounts, "postfix_domaines",
		(const struct cell[]){ { "domaine", "exemple.fr" }, { "defaut", "1" }, { "active", "1" }, { 0 } }));
	write_and_die(f->path);
	must(accounts_open(f->host, true, &a));
	must(accounts_domains(a, &domains));
	assert_int_equal(domains.n, 1);
	assert_string_equal(domains.v[0], "exemple.fr");
}

static void read_only(void **state)
{
	struct fixture *f = *state;
	CLEAN(accounts_close) struct accounts *a = NULL;
	bool exists;

	must(accounts_create_schema(f->accounts, schema));
	must(accounts_open(f->host, true, &a));
	must(accounts_user_exists(a, "a@exemple.fr", &exists));
	fails_with(accounts_user_add(a, "a@exemple.fr", HASH, NULL, "utilisateur", true), ERR_STOPPED, "readonly");
}

static void locked(void **state)
{
	struct fixture *f = *state;
	bool exists;

	must(accounts_create_schema(f->accounts, schema));
	sqlite3 *writer = other(f, "BEGIN EXCLUSIVE");
	fails_with(accounts_user_exists(f->accounts, "a@exemple.fr", &exists), ERR_BUSY,
		"is locked by another program");
	sqlite3_close(writer);
	must(accounts_user_exists(f->accounts, "a@exemple.fr", &exists));
}

/* A WAL that nobody else holds open is left; one that is in use is a conflict. */
static void write_ahead_log(void **state)
{
	struct fixture *f = *state;
	CLEAN(accounts_close) struct accounts *a = NULL;

	must(accounts_create_schema(f->accounts, schema));
	accounts_close(TAKE(f->accounts));
	execute(f, "PRAGMA journal_mode = WAL");
	must(accounts_open(f->host, false, &a));
	expect_query(f, "PRAGMA journal_mode", "delete");
}

static void open_refusals(void **state)
{
	struct fixture *f = *state;
	CLEAN(free) char *second = text("%s.2", f->path);
	struct accounts *a = NULL;

	accounts_close(TAKE(f->accounts));
	assert_int_equal(link(f->path, second), 0);
	fails_with(accounts_open(f->host, false, &a), ERR_STOPPED, "hard links");
	assert_int_equal(unlink(f->path), 0);
	fails_with(accounts_open(f->host, true, &a), ERR_STOPPED, "there is no accounts database");
	assert_int_equal(symlink(second, f->path), 0);
	fails_with(accounts_open(f->host, false, &a), ERR_STOPPED, "no regular file");
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(mkfifo(f->path, 0600), 0);
	fails_with(accounts_open(f->host, false, &a), ERR_STOPPED, "no regular file");
	assert_int_equal(unlink(f->path), 0);
	put(f->root, ACCOUNTS_PATH, "", 0600);
	assert_int_equal(truncate(f->path, 4096), 0);
	fails_with(accounts_open(f->host, false, &a), ERR_STOPPED, "damaged or no SQLite database");
	assert_null(a);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(schema_from_nothing),
		TEST(schema_again_keeps_rows),
		TEST(schema_of_another_layout),
		TEST(schema_that_is_wrong),
		TEST(user_as_in_the_guide),
		TEST(users),
		TEST(hostile_values),
		TEST(hostile_names),
		TEST(spellings),
		TEST(refused_rows),
		TEST(domains),
		TEST(read_only),
		TEST(a_reader_plays_back_what_a_killed_writer_left),
		TEST(locked),
		TEST(write_ahead_log),
		TEST(open_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
