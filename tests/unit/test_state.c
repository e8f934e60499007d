
#include "tests/unit/unit.h"

#include "engine/journal.h"

#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/mailsetup-state-XXXXXX";
static struct host *host;

static char *path_of(const char *path)
{
	return text("%s%s", root, path);
}

static int begin(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(root));
	put_folder(root, "/var/lib");
	must(host_open(root, &host));
	return 0;
}

static int finish(void **state)
{
	(void)state;
	must(directory_remove_tree(host, "/var"));
	host_close(host);
	return rmdir(root);
}

static int forget(void **state)
{
	(void)state;
	must(directory_remove_tree(host, STATE_DIRECTORY));
	return 0;
}

static void absent_until_created(void **state)
{
	CLEAN(state_close) struct state *s = NULL;
	struct file_info info;

	(void)state;
	must(state_open(host, false, &s));
	assert_null(s);
	must(file_stat(host, STATE_DIRECTORY, &info));
	assert_false(info.exists);
	must(state_open(host, true, &s));
	assert_non_null(s);
	must(file_stat(host, STATE_DIRECTORY, &info));
	assert_int_equal(info.mode & 07777, 0700);
	must(file_stat(host, STATE_PATH, &info));
	assert_int_equal(info.mode & 07777, 0600);
}

static void steps(void **state)
{
	CLEAN(state_close) struct state *s = NULL;
	CLEAN(step_record) struct step_record r = { 0 };
	CLEAN(list) struct list names = { 0 };

	(void)state;
	must(state_open(host, true, &s));
	must(state_step_get(s, "one", &r));
	assert_int_equal(r.status, STEP_NONE);
	must(state_step_set(s, "one", STEP_APPLYING, 1, 0));
	must(state_step_set(s, "two", STEP_APPLYING, 1, 0));
	must(state_step_set(s, "one", STEP_DONE, 2, 1.5));
	must(state_step_get(s, "one", &r));
	assert_int_equal(r.status, STEP_DONE);
	assert_int_equal(r.revision, 2);
	/* The order of starting, the newest first, whatever was updated since. */
	must(state_steps(s, &names));
	assert_int_equal(names.n, 2);
	assert_string_equal(names.v[0], "two");
	must(state_step_forget(s, "two"));
	step_record_free(&r);
	must(state_step_get(s, "two", &r));
	assert_int_equal(r.status, STEP_NONE);
}

static void remembers_parameters(void **state)
{
	CLEAN(state_close) struct state *s = NULL;
	CLEAN(params) struct params given, known;

	(void)state;
	params_init(&given);
	params_init(&known);
	must(state_open(host, true, &s));
	must(params_set(&given, "domain", "exemple.fr"));
	must(params_set(&given, "extra-domain", "toto.fr"));
	must(params_set(&given, "extra-domain", "tata.fr"));
	must(state_params_store(s, &given, NULL));
	/* What is given now wins over what is remembered. */
	must(params_set(&known, "selector", "autre"));
	must(state_params_load(s, &known));
	assert_string_equal(known.domain, "exemple.fr");
	assert_int_equal(known.extra_domains.n, 2);
	assert_string_equal(known.extra_domains.v[1], "tata.fr");
	assert_string_equal(known.selector, "autre");
}

static void intend(struct state *s, const char *content, const char *wrote)
{
	must(journal_intend(s, &(struct undo_record){
		.step = (char *)"step", .verb = (char *)"file", .target = (char *)"/etc/x", .wrote = (char *)wrote,
		.image = { .info = { .exists = true, .mode = S_IFREG | 0644 },
			.content = { .data = (char *)content, .size = strlen(content) } },
	}));
}

static void first_image_wins(void **state)
{
	CLEAN(state_close) struct state *s = NULL;
	CLEAN(undo_record) struct undo_record r = { 0 };

	(void)state;
	must(state_open(host, true, &s));
	intend(s, "original", "digest one");
	intend(s, "our own work", "digest two");
	must(journal_find(s, "file", "/etc/x", &r));
	assert_string_equal(r.image.content.data, "original");
	assert_string_equal(r.wrote, "digest two");
	assert_string_equal(r.prior, "digest one");
	undo_record_free(&r);
	/* The same intent again, by a resumed run, forgets nothing. */
	intend(s, "our own work", "digest two");
	must(journal_last(s, "step", &r));
	assert_string_equal(r.prior, "digest one");
	must(journal_forget(s, r.seq));
	undo_record_free(&r);
	must(journal_last(s, "step", &r));
	assert_int_equal(r.seq, 0);
}

static void survives_binary(void **state)
{
	CLEAN(state_close) struct state *s = NULL;
	CLEAN(undo_record) struct undo_record r = { 0 };
	static const char data[] = "a\0b\xff";

	(void)state;
	must(state_open(host, true, &s));
	must(journal_intend(s, &(struct undo_record){
		.step = (char *)"step", .verb = (char *)"file", .target = (char *)"/bin", .image = {
			.info = { .exists = true, .mode = S_IFREG | 0600, .uid = 7, .gid = 8,
				.mtime = { .tv_sec = -5, .tv_nsec = 999999999 } },
			.content = { .data = (char *)data, .size = sizeof(data) } } }));
	must(journal_find(s, "file", "/bin", &r));
	assert_int_equal(r.image.content.size, sizeof(data));
	assert_memory_equal(r.image.content.data, data, sizeof(data));
	assert_int_equal(r.image.info.uid, 7);
	assert_int_equal(r.image.info.mtime.tv_sec, -5);
	assert_int_equal(r.image.info.mtime.tv_nsec, 999999999);
	assert_null(r.wrote);
}

static void run_sql(const char *sql)
{
	CLEAN(free) char *path = path_of(STATE_PATH);
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void make_store(void)
{
	CLEAN(state_close) struct state *s = NULL;

	must(state_open(host, true, &s));
	must(state_step_set(s, "one", STEP_DONE, 1, 0));
}

static void refuses_foreign_files(void **state)
{
	CLEAN(state_close) struct state *s = NULL;

	(void)state;
	make_store();
	run_sql("PRAGMA user_version = 99");
	fails_with(state_open(host, true, &s), ERR_CONFLICT, "newer mailsetup");
	run_sql("PRAGMA user_version = 1; PRAGMA application_id = 42");
	fails_with(state_open(host, true, &s), ERR_CONFLICT, "no state store");
	must(file_write(host, STATE_PATH, "no database at all", 18, 0, 0, 0600));
	fails_with(state_open(host, true, &s), ERR_CONFLICT, STATE_PATH);
	assert_null(s);
}

static void refuses_damage(void **state)
{
	CLEAN(state_close) struct state *s = NULL;
	CLEAN(bytes) struct bytes content = { 0 };

	(void)state;
	make_store();
	must(file_read(host, STATE_PATH, 1 << 20, &content));
	memset(content.data + 4096, 0x5a, content.size - 4096);
	must(file_write(host, STATE_PATH, content.data, content.size, 0, 0, 0600));
	fails_with(state_open(host, false, &s), ERR_CONFLICT, STATE_PATH);
}

/* Killed between making the file and its first commit. */
static void empty_file_is_fresh(void **state)
{
	CLEAN(state_close) struct state *s = NULL;

	(void)state;
	must(directory_make(host, STATE_DIRECTORY, 0, 0, 0700));
	must(file_write(host, STATE_PATH, "", 0, 0, 0, 0600));
	must(state_open(host, false, &s));
	assert_null(s);
	must(state_open(host, true, &s));
	must(state_step_set(s, "one", STEP_DONE, 1, 0));
}

static void notes(void **state)
{
	CLEAN(state_close) struct state *s = NULL;
	CLEAN(free) char *value = NULL;
	CLEAN(list) struct list names = { 0 };

	(void)state;
	must(state_open(host, true, &s));
	must(state_note_set(s, "unit:a", "1"));
	must(state_note_set(s, "unit:b", "2"));
	must(state_note_set(s, "other", "3"));
	must(state_notes(s, "unit:", &names));
	assert_int_equal(names.n, 2);
	must(state_note_set(s, "unit:a", NULL));
	must(state_note_get(s, "unit:a", &value));
	assert_null(value);
}

static void destroyed(void **state)
{
	struct state *s = NULL;
	struct file_info info;

	(void)state;
	must(state_open(host, true, &s));
	must(state_destroy(host, s));
	must(file_stat(host, STATE_DIRECTORY, &info));
	assert_false(info.exists);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(absent_until_created, forget),
		cmocka_unit_test_teardown(steps, forget),
		cmocka_unit_test_teardown(remembers_parameters, forget),
		cmocka_unit_test_teardown(first_image_wins, forget),
		cmocka_unit_test_teardown(survives_binary, forget),
		cmocka_unit_test_teardown(refuses_foreign_files, forget),
		cmocka_unit_test_teardown(refuses_damage, forget),
		cmocka_unit_test_teardown(empty_file_is_fresh, forget),
		cmocka_unit_test_teardown(notes, forget),
		cmocka_unit_test_teardown(destroyed, forget),
	};

	return cmocka_run_group_tests(tests, begin, finish);
}
