/* Aliases as Postfix follows them, over rows of any hand. */
#include "tests/unit/unit.h"

#include "mail/accounts.h"

#include <sqlite3.h>
#include <unistd.h>

#define HOST "mail.exemple.fr"

struct fixture {
	char root[64];
	sqlite3 *db;
	struct host *host;
	struct accounts *accounts;
};

static void execute(struct fixture *f, const char *sql)
{
	if (sqlite3_exec(f->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(f->db));
}

static int set_up(void **state)
{
	struct fixture *f = allocate(sizeof(*f));

	strncpy(f->root, "/tmp/test-aliases-XXXXXX", sizeof(f->root) - 1);
	assert_non_null(mkdtemp(f->root));
	put_folder(f->root, "/etc/postfix/bdd");
	CLEAN(free) char *path = text("%s%s", f->root, ACCOUNTS_PATH);
	assert_int_equal(sqlite3_open(path, &f->db), SQLITE_OK);
	execute(f, "CREATE TABLE postfix_alias (id INTEGER PRIMARY KEY, alias TEXT NOT NULL UNIQUE, destination TEXT NOT NULL, active INTEGER);"
		   "CREATE TABLE postfix_alias_virtuels (id INTEGER PRIMARY KEY, courriel TEXT NOT NULL UNIQUE, destination TEXT NOT NULL, active INTEGER);"
		   "CREATE TABLE postfix_domaines (id INTEGER PRIMARY KEY, domaine TEXT NOT NULL UNIQUE, active INTEGER);"
		   "CREATE TABLE postfix_utilisateurs (id INTEGER PRIMARY KEY, utilisateur TEXT NOT NULL UNIQUE, active INTEGER);"
		   "INSERT INTO postfix_domaines (domaine, active) VALUES ('exemple.fr', 1), ('toto.fr', 1), ('eteint.fr', 0);"
		   "INSERT INTO postfix_utilisateurs (utilisateur, active) VALUES ('jean@exemple.fr', 1), ('off@exemple.fr', 0), ('nul@exemple.fr', NULL)");
	must(host_open(f->root, &f->host));
	must(accounts_open(f->host, false, &f->accounts));
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	accounts_close(f->accounts);
	host_close(f->host);
	sqlite3_close(f->db);
	CLEAN(free) char *path = text("%s%s", f->root, ACCOUNTS_PATH);
	unlink(path);
	for (char *end = strrchr(path, '/'); end && strlen(path) > strlen(f->root); end = strrchr(path, '/')) {
		*end = '\0';
		rmdir(path);
	}
	free(f);
	return 0;
}

static void add(struct fixture *f, const char *address, const char *destination)
{
	CLEAN(free) char *sql = text("INSERT INTO postfix_alias_virtuels (courriel, destination, active) VALUES ('%s', '%s', 1)", address, destination);

	execute(f, sql);
}

static void expect(struct fixture *f, const char *address, const char *reason)
{
	struct error *e = accounts_alias_check(f->accounts, HOST, address);

	if (!reason) {
		must(e);
		return;
	}
	assert_int_equal(error_code(e), ERR_CONFLICT);
	if (!strstr(error_message(e), reason))
		fail_msg("\"%s\" does not say \"%s\"", error_message(e), reason);
	error_free(e);
}

static void somewhere(void **state)
{
	struct fixture *f = *state;

	add(f, "a@exemple.fr", "jean@exemple.fr");
	expect(f, "a@exemple.fr", NULL);
	add(f, "b@exemple.fr", "ailleurs@dehors.example");
	expect(f, "b@exemple.fr", NULL);
	add(f, "c@exemple.fr", " a@exemple.fr ,  b@exemple.fr");
	expect(f, "c@exemple.fr", NULL);
	add(f, "d@exemple.fr", "Jean+liste@Exemple.FR");
	expect(f, "d@exemple.fr", NULL);
	add(f, "e@exemple.fr", "x@eteint.fr"); /* not ours while it is off */
	expect(f, "e@exemple.fr", NULL);
	expect(f, "jean@exemple.fr", NULL); /* no alias at all */
}

static void nowhere(void **state)
{
	struct fixture *f = *state;

	add(f, "a@exemple.fr", "jean@exemple.fr,personne@toto.fr");
	expect(f, "a@exemple.fr", "personne@toto.fr is in a domain of this server");
	add(f, "b@exemple.fr", "off@exemple.fr");
	expect(f, "b@exemple.fr", "off@exemple.fr");
	add(f, "c@exemple.fr", "nul@exemple.fr");
	expect(f, "c@exemple.fr", "nul@exemple.fr");
	add(f, "d@exemple.fr", "rien@" HOST);
	expect(f, "d@exemple.fr", "rien@" HOST);
}

static void loops(void **state)
{
	struct fixture *f = *state;

	add(f, "soi@exemple.fr", "soi@exemple.fr");
	expect(f, "soi@exemple.fr", "loop: soi@exemple.fr -> soi@exemple.fr");
	add(f, "a@exemple.fr", "B@exemple.fr");
	add(f, "b@exemple.fr", "jean@exemple.fr,c+x@exemple.fr");
	add(f, "c@exemple.fr", "a@exemple.fr");
	expect(f, "a@exemple.fr", "loop: a@exemple.fr -> b@exemple.fr -> c@exemple.fr -> a@exemple.fr");
	add(f, "entree@exemple.fr", "a@exemple.fr");
	expect(f, "entree@exemple.fr", "loop: a@exemple.fr -> b@exemple.fr -> c@exemple.fr -> a@exemple.fr");
	execute(f, "UPDATE postfix_alias_virtuels SET active = NULL WHERE courriel = 'c@exemple.fr'");
	expect(f, "a@exemple.fr", NULL); /* what is off is not followed; c is another's nowhere */
	expect(f, "b@exemple.fr", "c+x@exemple.fr");
}

/* Both tables, and a name alone, as the guide writes it. */
static void local_names(void **state)
{
	struct fixture *f = *state;

	execute(f, "INSERT INTO postfix_alias (alias, destination, active) VALUES ('toto', 'test', 1), ('test', 'jean@exemple.fr', 1),"
		   "('tourne', 'rond@exemple.fr', 1), ('systeme', 'backup', 1)");
	expect(f, "toto@" HOST, NULL);
	expect(f, "systeme@" HOST, NULL); /* local(8) may know the user */
	add(f, "rond@exemple.fr", "tourne@localhost");
	expect(f, "tourne@" HOST, "loop: rond@exemple.fr -> tourne@localhost -> rond@exemple.fr");
	add(f, "toto@exemple.fr", "toto@" HOST);
	expect(f, "toto@exemple.fr", NULL);
}

static void copies(void **state)
{
	struct fixture *f = *state;

	add(f, "jean@exemple.fr", "jean@exemple.fr,copie@dehors.example");
	expect(f, "jean@exemple.fr", NULL);
	add(f, "off@exemple.fr", "off@exemple.fr,copie@dehors.example");
	expect(f, "off@exemple.fr", "loop: off@exemple.fr -> off@exemple.fr");
}

static void leading(void **state)
{
	struct fixture *f = *state;
	CLEAN(list) struct list found = { 0 };

	add(f, "b@exemple.fr", "x@dehors.example, JEAN@exemple.fr");
	add(f, "a@exemple.fr", "jean+tag@exemple.fr");
	add(f, "c@exemple.fr", "grandjean@exemple.fr,jean@exemple.fr.example");
	add(f, "off@exemple.fr", "jean@exemple.fr");
	execute(f, "UPDATE postfix_alias_virtuels SET active = 0 WHERE courriel = 'off@exemple.fr';"
		   "INSERT INTO postfix_alias (alias, destination, active) VALUES ('cron', 'jean@exemple.fr', 1)");
	must(accounts_aliases_of(f->accounts, HOST, "jean@exemple.fr", &found));
	assert_int_equal(found.n, 3);
	assert_string_equal(found.v[0], "a@exemple.fr");
	assert_string_equal(found.v[1], "b@exemple.fr");
	assert_string_equal(found.v[2], "cron");
}

/* Every node is walked once, or 2^40 ways would be. */
static void many_ways(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 40; i++) {
		CLEAN(free) char *address = text("n%d@exemple.fr", i);
		CLEAN(free) char *next = text("n%d@exemple.fr,m%d@exemple.fr", i + 1, i + 1);
		CLEAN(free) char *twin = text("m%d@exemple.fr", i);

		add(f, address, next);
		add(f, twin, next);
	}
	add(f, "n40@exemple.fr", "jean@exemple.fr");
	add(f, "m40@exemple.fr", "jean@exemple.fr");
	expect(f, "n0@exemple.fr", NULL);
	for (int i = 0; i < 120; i++) {
		CLEAN(free) char *address = text("l%d@exemple.fr", i);
		CLEAN(free) char *next = text("l%d@exemple.fr", i + 1);

		add(f, address, next);
	}
	expect(f, "l0@exemple.fr", "more than 100 aliases");
}

static void rows(void **state)
{
	struct fixture *f = *state;
	CLEAN(list) struct list cells = { 0 };
	bool changed;

	must(accounts_rows_read(f->accounts, "postfix_utilisateurs", (const char *const[]){ "utilisateur", "active", NULL }, "utilisateur", NULL, &cells));
	assert_int_equal(cells.n, 6);
	assert_string_equal(cells.v[0], "jean@exemple.fr");
	assert_string_equal(cells.v[3], "");
	must(accounts_row_switch(f->accounts, "postfix_utilisateurs", "utilisateur", "nul@exemple.fr", false, &changed));
	assert_false(changed); /* NULL is off */
	must(accounts_row_switch(f->accounts, "postfix_utilisateurs", "utilisateur", "nul@exemple.fr", true, &changed));
	assert_true(changed);
	must(accounts_row_switch(f->accounts, "postfix_utilisateurs", "utilisateur", "nul@exemple.fr", true, &changed));
	assert_false(changed);
	must(accounts_row_switch(f->accounts, "postfix_utilisateurs", "utilisateur", "' OR 1=1 --", false, &changed));
	assert_false(changed);
}

static void transactions(void **state)
{
	struct fixture *f = *state;
	bool exists;

	must(accounts_begin(f->accounts));
	must(accounts_user_delete(f->accounts, "jean@exemple.fr"));
	struct error *e = accounts_end(f->accounts, fail_errno(ENOENT, "no"));
	assert_int_equal(error_errno(e), ENOENT);
	error_free(e);
	must(accounts_user_exists(f->accounts, "jean@exemple.fr", &exists));
	assert_true(exists);
	must(accounts_begin(f->accounts));
	must(accounts_user_delete(f->accounts, "jean@exemple.fr"));
	must(accounts_end(f->accounts, NULL));
	must(accounts_user_exists(f->accounts, "jean@exemple.fr", &exists));
	assert_false(exists);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(somewhere),
		TEST(nowhere),
		TEST(loops),
		TEST(local_names),
		TEST(copies),
		TEST(leading),
		TEST(many_ways),
		TEST(rows),
		TEST(transactions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
