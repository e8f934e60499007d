#include "host/child.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int child_wait(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

void child_end(pid_t pid)
{
	kill(pid, SIGKILL);
	child_wait(pid);
}

void child_reset_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL); /* fails for SIGKILL and SIGSTOP, which cannot be changed anyway */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void child_close_from(int first)
{
	struct rlimit limit;

#ifdef __NR_close_range
	if (syscall(__NR_close_range, (unsigned)first, ~0U, 0U) == 0)
		return;
#endif
	/* An old kernel; ours are all close-on-exec, so this is for what we inherited. */
	rlim_t last = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 65536 ? limit.rlim_cur : 65536;
	for (int fd = first; fd < (int)last; fd++)
		close(fd);
}

int child_become(uid_t user)
{
	return setgroups(0, NULL) < 0 || setresgid(user, user, user) < 0 || setresuid(user, user, user) < 0 ? -1 : 0;
}

int child_confine(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ? -1 : 0;
}
