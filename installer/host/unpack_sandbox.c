#include "host/unpack_frames.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define OWN_ID	     65533 /* nobody's: Debian gives out none above 65000 but 65534, nobody */
#define NOBODY	     65534
#define MEMORY	     (112UL << 20) /* xz -9 needs 65 MB */
#define SECONDS	     300
#define SECONDS_LONG 86400 /* of a pipe, whose size is not known */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_UNDEFINED__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

static void close_others(int a, int b)
{
	DIR *d = opendir("/proc/self/fd");
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd < 3 && nothing >= 0; fd++)
		if (fd != a && fd != b)
			dup2(nothing, fd);
	for (struct dirent *entry; d && (entry = readdir(d));) {
		int fd = atoi(entry->d_name);

		if (fd > 2 && fd != a && fd != b && fd != dirfd(d))
			close(fd);
	}
	if (d)
		closedir(d);
}

static bool limit(int what, rlim_t value)
{
	return setrlimit(what, &(struct rlimit){ value, value }) == 0;
}

static bool set_limits(uint64_t size)
{
	rlim_t seconds = size ? SECONDS + size / (1 << 20) : SECONDS_LONG;

	return limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_CPU, seconds) && limit(RLIMIT_NPROC, 0) &&
	       (SANITIZED || limit(RLIMIT_DATA, MEMORY));
}

static bool change_user(void)
{
	uid_t id = getpwuid(OWN_ID) ? NOBODY : OWN_ID;

	return geteuid() != 0 || (setgroups(0, NULL) == 0 && setresgid(id, id, id) == 0 && setresuid(id, id, id) == 0);
}

/* Memory, the two descriptors, the clock. What is not named answers EPERM. */
static bool shut(int archive, int out)
{
	static const int calls[] = {
		SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(exit), SCMP_SYS(exit_group),
		SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(futex), SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),
		SCMP_SYS(time), SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(restart_syscall), SCMP_SYS(sched_yield),
		SCMP_SYS(close),
	};
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	bool good = c != NULL;

	for (size_t i = 0; good && i < sizeof(calls) / sizeof(*calls); i++)
		good = seccomp_rule_add(c, SCMP_ACT_ALLOW, calls[i], 0) == 0;
	good = good && seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(read), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)archive)) == 0 &&
	       seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)out)) == 0 &&
	       seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0 &&
	       seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
	/* The sanitizers look at their own memory map, and say what they find. */
	if (SANITIZED)
		good = good && seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(sigaltstack), 0) == 0 &&
		       seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, SCMP_A0(SCMP_CMP_EQ, STDERR_FILENO)) == 0;
	good = good && seccomp_load(c) == 0;
	if (c)
		seccomp_release(c);
	return good;
}

bool unpack_sandbox(int archive, int out, uint64_t size)
{
	close_others(archive, out);
	/* Death with the parent after the change of user, which undoes it. */
	return set_limits(size) && change_user() && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 0) == 0 &&
	       prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && shut(archive, out);
}
