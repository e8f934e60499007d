#include "host/process_child.h"
#include "host/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#define DESCRIPTORS ((int)(sizeof(((struct launch *)0)->descriptors) / sizeof(int)))

static int place_descriptors(const struct launch *l)
{
	int high[DESCRIPTORS], n = 0;

	/* First out of the way of 0 to 3, any of which may hold another's source. */
	for (; n < DESCRIPTORS && l->descriptors[n] >= 0; n++) {
		high[n] = fcntl(l->descriptors[n], F_DUPFD_CLOEXEC, DESCRIPTORS);
		if (high[n] < 0)
			return -1;
	}
	for (int i = 0; i < n; i++)
		if (dup2(high[i], i) < 0)
			return -1;
	child_close_from(n);
	return 0;
}

static __attribute__((noreturn)) void child_main(const struct launch *l)
{
	setpgid(0, 0);
	umask(022);
	if (place_descriptors(l) == 0 && chdir("/") == 0) {
		child_reset_signals();
		execve(l->path, (char *const *)l->argv, l->environment);
	}
	dprintf(STDERR_FILENO, "cannot execute %s: %s\n", l->path, strerror(errno));
	_exit(127);
}

struct error *child_launch(const struct launch *l, pid_t *ret)
{
	sigset_t all, before;

	/* No handler of ours may run in the child. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid == 0)
		child_main(l);
	int wrong = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return fail_errno(wrong, "cannot start %s", l->argv[0]);
	/* In both processes, so that the group exists whoever comes first; fails after the execve. */
	setpgid(pid, pid);
	*ret = pid;
	return NULL;
}

char *signal_name(int number)
{
	static const struct {
		int number;
		const char *name;
	} names[] = {
		{ SIGHUP, "SIGHUP" }, { SIGINT, "SIGINT" }, { SIGQUIT, "SIGQUIT" }, { SIGILL, "SIGILL" },
		{ SIGTRAP, "SIGTRAP" }, { SIGABRT, "SIGABRT" }, { SIGBUS, "SIGBUS" }, { SIGFPE, "SIGFPE" },
		{ SIGKILL, "SIGKILL" }, { SIGSEGV, "SIGSEGV" }, { SIGPIPE, "SIGPIPE" }, { SIGALRM, "SIGALRM" },
		{ SIGTERM, "SIGTERM" }, { SIGXCPU, "SIGXCPU" }, { SIGXFSZ, "SIGXFSZ" }, { SIGSYS, "SIGSYS" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].number == number)
			return text_copy(names[i].name);
	return text("%d", number);
}
