/* A file that another hand has changed: what a plan says of it, and what a change of something else does with it. */
#include "tests/unit/unit.h"

#include "base/interrupt.h"
#include "engine/graph.h"
#include "ensure/ensure.h"
#include "host/file.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
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
	static const char *const folders[] = { "/etc", "/var", "/var/lib", "/var/backups" };
	CLEAN(free) char *passwd = text("us:x:%u:%u::/:/bin/sh\n", getuid(), getgid());
	CLEAN(free) char *group = text("us:x:%u:\n", getgid());

	(void)state;
	snprintf(root, sizeof(root), "/tmp/mailsetup-ensure-XXXXXX");
	assert_non_null(mkdtemp(root));
	must(host_open(root, &host));
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		CLEAN(free) char *path = text("%s%s", root, folders[i]);

		assert_int_equal(mkdir(path, 0755), 0);
	}
	write_text("/etc/passwd", passwd);
	write_text("/etc/group", group);
	run = (struct run){ .host = host, .events = &no_events, .step = &step };
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
		cmocka_unit_test_setup_teardown(a_signal_ends_the_prechecks, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
