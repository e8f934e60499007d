/* Children of our own: their parent's part, and what they do to themselves. */
#include "tests/unit/unit.h"

#include "host/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>

static void they_are_waited_for_and_ended(void **state)
{
	(void)state;
	int high = fcntl(STDOUT_FILENO, F_DUPFD, 20);

	pid_t pid = fork();
	if (pid == 0) {
		signal(SIGTERM, SIG_IGN);
		child_reset_signals();
		child_close_from(20);
		_exit(fcntl(high, F_GETFD) < 0 && signal(SIGTERM, SIG_DFL) == SIG_DFL ? 7 : 1);
	}
	close(high);
	int status = child_wait(pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);

	pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	child_end(pid);
	assert_int_equal(kill(pid, 0), -1); /* reaped, too */
	assert_int_equal(errno, ESRCH);
}

static void they_give_up_what_they_had(void **state)
{
	(void)state;
	const uid_t nobody = 65534;
	pid_t pid = fork();

	if (pid == 0) {
		bool root = geteuid() == 0, became = child_become(nobody) == 0;
		bool right = root ? became && getuid() == nobody && getgid() == nobody && getgroups(0, NULL) == 0 && setuid(0) < 0 :
				    !became && errno == EPERM;

		_exit(!(right && child_confine() == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && prctl(PR_GET_DUMPABLE) == 0));
	}
	assert_int_equal(child_wait(pid), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_are_waited_for_and_ended),
		cmocka_unit_test(they_give_up_what_they_had),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
