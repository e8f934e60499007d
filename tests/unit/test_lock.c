#include "tests/unit/unit.h"

#include "host/lock.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char root[64], run[80], path[96];
static struct host *host;

static int setup(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/mailsetup-lock.XXXXXX");
	assert_non_null(mkdtemp(root));
	snprintf(run, sizeof(run), "%s/run", root);
	snprintf(path, sizeof(path), "%s/mailsetup.lock", run);
	assert_int_equal(mkdir(run, 0755), 0);
	must(host_open(root, &host));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_close(host);
	unlink(path);
	rmdir(run);
	assert_int_equal(rmdir(root), 0);
	return 0;
}

static void is_busy(pid_t holder)
{
	int fd = -1;
	struct error *e = lock_take(host, &fd);
	CLEAN(free) char *expected = text("another mailsetup (pid %d) is at work; wait for it, or see what it does with "
					  "`mailsetup status`", (int)holder);

	assert_non_null(e);
	assert_int_equal(error_code(e), ERR_BUSY);
	assert_string_equal(error_message(e), expected);
	assert_int_equal(fd, -1);
	error_free(e);
}

static void one_holder_at_a_time(void **state)
{
	struct stat st;
	int fd = -1, again = -1;

	(void)state;
	must(lock_take(host, &fd));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	is_busy(getpid()); /* even within one process */
	close(fd);
	must(lock_take(host, &again));
	close(again);
}

/* The kernel drops the lock of a killed holder, whatever pid the file still names. */
static void a_killed_holder_leaves_it_free(void **state)
{
	int ready[2], fd = -1;
	char byte;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct error *e = lock_take(host, &fd);
		if (e || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	is_busy(pid);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	must(lock_take(host, &fd));
	is_busy(getpid());
	close(fd);
	close(ready[0]);
	close(ready[1]);
}

static void a_longer_pid_leaves_no_trace(void **state)
{
	int fd = -1;

	(void)state;
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs("99999999999999999999\nrubbish", f);
	fclose(f);
	must(lock_take(host, &fd));
	is_busy(getpid());
	close(fd);
}

static void a_link_is_refused(void **state)
{
	int fd = -1;

	(void)state;
	assert_int_equal(symlink("elsewhere", path), 0);
	struct error *e = lock_take(host, &fd);
	assert_int_equal(error_code(e), ERR_STOPPED);
	assert_non_null(strstr(error_message(e), "/run/mailsetup.lock is a symbolic link"));
	error_free(e);
	CLEAN(free) char *elsewhere = text("%s/elsewhere", run);
	assert_int_not_equal(access(elsewhere, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_holder_at_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(a_killed_holder_leaves_it_free, setup, teardown),
		cmocka_unit_test_setup_teardown(a_longer_pid_leaves_no_trace, setup, teardown),
		cmocka_unit_test_setup_teardown(a_link_is_refused, setup, teardown),
	};

	return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
