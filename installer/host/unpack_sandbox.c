#include "base/i18n.h"
#include "host/child.h"
#include "host/unpack_child.h"
#include "base/memory.h"

#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <pwd.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define OWN_USER       65533
#define NOBODY	       65534
#define DESCRIPTORS    8
#define SECONDS_LEAST  300
#define SECONDS_AT_ALL (24 * 3600)

DEFINE_CLEANUP(scmp_filter_ctx, seccomp_release)

uint64_t unpack_seconds(uint64_t size)
{
	return size ? SECONDS_LEAST + (size >> 20) : SECONDS_AT_ALL;
}

static void keep_two(int archive, int out)
{
	/* First out of the way of 0 to 4, any of which may be one of them. */
	int high_archive = fcntl(archive, F_DUPFD_CLOEXEC, UNPACK_OUT + 1);
	int high_out = fcntl(out, F_DUPFD_CLOEXEC, UNPACK_OUT + 1);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	bool kept = high_archive >= 0 && high_out >= 0 && null >= 0;

	for (int fd = 0; kept && fd <= STDERR_FILENO; fd++)
		kept = dup2(null, fd) >= 0;
	/* Whoever waits at the other end of out sees that it is closed: an error could go to any file. */
	if (!kept || dup2(high_archive, UNPACK_ARCHIVE) < 0 || dup2(high_out, UNPACK_OUT) < 0)
		_exit(1);
	child_close_from(UNPACK_OUT + 1);
}

static struct error *drop_privileges(pid_t parent)
{
	uid_t user = getpwuid(OWN_USER) ? NOBODY : OWN_USER;

	if (geteuid() == 0 && child_become(user) < 0)
		return fail_errno(errno, "cannot become the user %u", user);
	if (child_confine() < 0)
		return fail_errno(errno, "cannot give up privileges");
	return getppid() == parent ? NULL : fail(ERR_STOPPED, "the process that wants the archive has ended");
}

static struct error *limit_to(int resource, uint64_t most, const char *what)
{
	struct rlimit limit = { .rlim_cur = most, .rlim_max = most }, now;

	/* A lower one that is there already stays. */
	if (getrlimit(resource, &now) == 0 && now.rlim_max < most)
		limit.rlim_cur = limit.rlim_max = now.rlim_max;
	return setrlimit(resource, &limit) < 0 ? fail_errno(errno, "cannot limit %s", what) : NULL;
}

static struct error *set_limits(uint64_t size)
{
#ifndef __SANITIZE_ADDRESS__ /* its shadow is larger than any memory */
	TRY(limit_to(RLIMIT_DATA, UNPACK_MEMORY, _("memory")));
#endif
	TRY(limit_to(RLIMIT_CORE, 0, _("core dumps")));
	TRY(limit_to(RLIMIT_FSIZE, 0, _("files")));
	TRY(limit_to(RLIMIT_NOFILE, DESCRIPTORS, _("descriptors")));
	return limit_to(RLIMIT_CPU, unpack_seconds(size), _("processor time"));
}

static const int allowed[] = {
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(lseek), SCMP_SYS(close),
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(brk), SCMP_SYS(madvise),
	SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(futex),
	SCMP_SYS(clock_gettime), SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(restart_syscall),
	SCMP_SYS(sched_yield),
#ifdef __SANITIZE_ADDRESS__
	SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigaction),
#endif
};

/* These only for memory that cannot be executed. */
static const int allowed_without_exec[] = { SCMP_SYS(mmap), SCMP_SYS(mprotect) };

static struct error *filter_calls(void)
{
	CLEAN(seccomp_release) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int wrong = filter ? 0 : -ENOMEM;

	for (size_t i = 0; !wrong && i < sizeof(allowed) / sizeof(*allowed); i++)
		wrong = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; !wrong && i < sizeof(allowed_without_exec) / sizeof(*allowed_without_exec); i++)
		wrong = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_without_exec[i], 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (!wrong)
		wrong = seccomp_load(filter);
	return wrong ? fail_errno(-wrong, "cannot load the filter of system calls") : NULL;
}

struct error *unpack_sandbox(int archive, int out, uint64_t size, pid_t parent)
{
	/* Not in the terminal's group: an interrupt is the parent's to answer. */
	setpgid(0, 0);
	child_reset_signals();
	keep_two(archive, out);
	TRY(drop_privileges(parent));
	/* What is said stays in the letters of whoever asked. */
	bind_textdomain_codeset(textdomain(NULL), nl_langinfo(CODESET));
	/* Where names are bytes: with UTF-8, libarchive would compose the characters of a pax header (NFC). */
	setlocale(LC_CTYPE, "C");
	TRY(set_limits(size));
	return filter_calls();
}
