/* A file that another hand has changed: what a plan says of it, and what a change of something else does with it. */
#include "tests/unit/unit.h"

#include "base/interrupt.h"
#include "engine/graph.h"
#include "ensure/ensure.h"
#include "ensure/verbs.h"
#include "host/file.h"
#include "steps/steps.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define FILE_OURS "/etc/ours"

static const struct step step = { .name = "step" };
static const struct events no_events;
static char root[sizeof("/tmp/mailsetup-ensure-XXXXXX")];
static struct host *host;
static struct run run;

static void write_text(const char *path, const char *content)
{
	must(file_write(host, path, content, strlen(content), getuid(), getgid(), 0644));
}

static void expect_text(const char *path, const char *content)
{
	CLEAN(bytes) struct bytes now = { 0 };

	must(file_read(host, path, 4096, &now));
	assert_string_equal(bytes_text(&now), content);
}

static struct error *ensure(enum run_mode mode, const char *content)
{
	run_free_differences(&run);
	list_free(&run.changed);
	run.mode = mode;
	return ensure_file(&run, FILE_OURS, content, strlen(content), OWNED("us", "us", 0644));
}

static int set_up(void **state)
{
	CLEAN(free) char *passwd = text("us:x:%u:%u::/:/bin/sh\n", getuid(), getgid());
	CLEAN(free) char *group = text("us:x:%u:\n", getgid());

	(void)state;
	snprintf(root, sizeof(root), "/tmp/mailsetup-ensure-XXXXXX");
	assert_non_null(mkdtemp(root));
	must(host_open(root, &host));
	put_folder(root, "/var/lib");
	put_folder(root, "/var/backups");
	put(root, "/etc/passwd", passwd, 0644);
	put(root, "/etc/group", group, 0644);
	run = (struct run){ .host = host, .events = &no_events, .step = &step, .verbs = all_verbs };
	must(state_open(host, true, &run.state));
	must(ensure(RUN_APPLY, "one\n"));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	run_free_differences(&run);
	list_free(&run.changed);
	list_free(&run.adopt);
	list_free(&run.overwrite);
	state_close(run.state);
	must(directory_remove_tree(host, "/etc"));
	must(directory_remove_tree(host, "/var"));
	host_close(host);
	return rmdir(root);
}

static void expect_drift(const char *wanted, bool drift)
{
	must(ensure(RUN_PLAN, wanted));
	assert_int_equal(run.difference_count, 1);
	assert_int_equal(run.differences[0].drift, drift);
}

static void drift_is_told(void **state)
{
	(void)state;
	expect_drift("two\n", false);
	write_text(FILE_OURS, "theirs\n");
	expect_drift("one\n", true);
	expect_drift("two\n", true);
}

static void nothing_new_is_wanted(void **state)
{
	(void)state;
	write_text(FILE_OURS, "theirs\n");
	run.leave_theirs = true;
	must(ensure(RUN_PLAN, "one\n"));
	assert_int_equal(run.difference_count, 0);
	must(ensure(RUN_APPLY, "one\n"));
	assert_int_equal(run.changed.n, 0);
	expect_text(FILE_OURS, "theirs\n");
	/* The next install sees it as before. */
	run.leave_theirs = false;
	expect_drift("one\n", true);
}

static void something_new_is_wanted(void **state)
{
	(void)state;
	write_text(FILE_OURS, "theirs\n");
	run.leave_theirs = true;
	expect_drift("two\n", true);
	/* Only what was changed is left; what is gone comes back. */
	must(file_remove(host, FILE_OURS));
	must(ensure(RUN_APPLY, "one\n"));
	expect_text(FILE_OURS, "one\n");
}

static void decided(void **state)
{
	(void)state;
	run.leave_theirs = true;
	write_text(FILE_OURS, "theirs\n");
	list_add(&run.adopt, FILE_OURS);
	expect_drift("one\n", true);
	must(ensure(RUN_APPLY, "one\n"));
	expect_text(FILE_OURS, "theirs\n");
	list_free(&run.adopt);
	must(ensure(RUN_PLAN, "two\n"));
	assert_int_equal(run.difference_count, 0);
}

/* More than may be written: the intent is there, the file stays. */
static void fail_to_write(char c)
{
	const size_t size = 8 << 20;
	CLEAN(free) char *content = allocate(size + 1);
	struct rlimit before, little;

	memset(content, c, size);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	little = (struct rlimit){ .rlim_cur = size / 2, .rlim_max = before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	struct error *e = ensure(RUN_APPLY, content);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_non_null(e);
	error_free(e);
}

static void what_never_came_to_be(void **state)
{
	(void)state;
	fail_to_write('b');
	expect_drift("two\n", false);
	fail_to_write('c');
	expect_text(FILE_OURS, "one\n");
	expect_drift("two\n", false);
	fail_to_write('d');
	must(ensure(RUN_APPLY, "two\n"));
	must(ensure(RUN_PLAN, "two\n"));
	assert_int_equal(run.difference_count, 0);
	write_text(FILE_OURS, "theirs\n");
	expect_drift("two\n", true);
	/* Theirs is not ours, even where it was to be overwritten and was not. */
	list_add(&run.overwrite, FILE_OURS);
	fail_to_write('e');
	list_free(&run.overwrite);
	expect_drift("two\n", true);
}

/* --hosts-entry */

static void hosts(enum run_mode mode, char *entry)
{
	struct params params = { .hostname = (char *)"mail.exemple.fr", .hosts_entry = entry };

	run_free_differences(&run);
	run.mode = mode;
	run.step = &step_hosts;
	run.params = &params;
	must(step_hosts.apply(&run));
	run.params = NULL;
}

#define ENTRY "192.0.2.10\tmail.exemple.fr mail\n"

static void hosts_of_the_own_line(void **state)
{
	static const struct {
		const char *before, *after;
	} cases[] = {
		{ "127.0.0.1\tlocalhost\n", "127.0.0.1\tlocalhost\n" ENTRY },
		{ "127.0.1.1\tmail.exemple.fr mail\n::1\tlocalhost\n", ENTRY "::1\tlocalhost\n" },
		{ "127.0.1.1 mail.exemple.fr # ours\n", ENTRY },
		{ "127.0.1.1\tmail.exemple.fr mail base.exemple.fr  base\n::1\tlocalhost\n",
			"127.0.1.1\tbase.exemple.fr base\n::1\tlocalhost\n" ENTRY },
		{ "127.0.1.1 base Mail.exemple.fr #mail\n", "127.0.1.1\tbase\t#mail\n" ENTRY },
		{ "127.0.1.1 webmail.exemple.fr mail.exemple.fr mail\n", "127.0.1.1\twebmail.exemple.fr\n" ENTRY },
		{ "127.0.1.1 base mail.exemple.fr # mail.exemple.fr: by the installer\n",
			"127.0.1.1\tbase\t# mail.exemple.fr: by the installer\n" ENTRY },
		{ "127.0.1.1 base\n127.0.1.1 xmail.exemple.fr\n", "127.0.1.1 base\n127.0.1.1 xmail.exemple.fr\n" ENTRY },
		{ "127.0.1.1 base # mail.exemple.fr\n", "127.0.1.1 base # mail.exemple.fr\n" ENTRY },
		{ "192.0.2.1 mail.exemple.fr a.b\n", "192.0.2.1 mail.exemple.fr a.b\n" ENTRY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		write_text("/etc/hosts", cases[i].before);
		hosts(RUN_APPLY, (char *)"192.0.2.10");
		expect_text("/etc/hosts", cases[i].after);
		hosts(RUN_PLAN, (char *)"192.0.2.10");
		assert_int_equal(run.difference_count, 0);
		hosts(RUN_APPLY, (char *)"192.0.2.77");
		hosts(RUN_APPLY, (char *)"192.0.2.10");
		expect_text("/etc/hosts", cases[i].after);
		hosts(RUN_APPLY, NULL);
		expect_text("/etc/hosts", cases[i].before);
	}
}

/* A version of Dovecot whose files nobody has written yet. */
static void dovecot_of_an_unknown_tree(void **state)
{
	struct params params = { .hostname = (char *)"mail.exemple.fr", .domain = (char *)"exemple.fr" };

	(void)state;
	run.mode = RUN_PLAN;
	run.step = &step_dovecot;
	run.params = &params;
	run.release.dovecot_tree = "/dovecot-9";
	struct error *e = step_dovecot.apply(&run);
	run.params = NULL;
	assert_int_equal(error_code(e), ERR_STOPPED);
	assert_non_null(strstr(error_message(e), "/dovecot-9"));
	error_free(e);
}

static struct error *is_interrupted(struct run *r)
{
	(void)r;
	raise(SIGTERM);
	return NULL;
}

static struct error *is_never_asked(struct run *r)
{
	(void)r;
	_exit(2);
}

/* In a process of its own: the flag of an interruption never falls again. */
static void a_signal_ends_the_prechecks(void **state)
{
	static const struct step first = { .name = "first", .precheck = is_interrupted };
	static const struct step second = { .name = "second", .precheck = is_never_asked };
	struct node nodes[] = { { .step = &first }, { .step = &second } };
	const struct graph graph = { .nodes = nodes, .n = 2 };
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		interrupt_install();
		snprintf(run.release.os.id, sizeof(run.release.os.id), "debian");
		struct error *e = run_check(&run, &graph);
		_exit(error_code(e) != ERR_STOPPED || !strstr(error_message(e), "interrupted"));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(drift_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_new_is_wanted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(something_new_is_wanted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(decided, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_never_came_to_be, set_up, tear_down),
		cmocka_unit_test_setup_teardown(dovecot_of_an_unknown_tree, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hosts_of_the_own_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_signal_ends_the_prechecks, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
