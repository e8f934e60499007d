#include "host/seam.h"

#ifdef MAILSETUP_SEAM

#include "base/memory.h"
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct {
	pid_t owner;
	unsigned long *count; /* shared with a child that inherits it; then whether it was killed */
	const char *log;
	unsigned long die;
	const char *die_at;
	unsigned long fail;
	bool fail_on;
	int fail_errno;
} state;

static int errno_of(const char *s)
{
	static const struct {
		const char *name;
		int number;
	} names[] = {
		{ "ENOSPC", ENOSPC }, { "EIO", EIO }, { "EROFS", EROFS }, { "EDQUOT", EDQUOT },
		{ "EACCES", EACCES }, { "EPERM", EPERM }, { "ENOMEM", ENOMEM }, { "EMFILE", EMFILE },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(s, names[i].name) == 0)
			return names[i].number;
	return atoi(s);
}

/* A matrix that believes it tested something must not run on a misspelt setting. */
static __attribute__((noreturn)) void refuse(const char *name, const char *value)
{
	fprintf(stderr, "mailsetup: %s=%s is malformed\n", name, value);
	_exit(ERR_USAGE);
}

static void read_environment(void)
{
	const char *die = getenv("MAILSETUP_SEAM_DIE"), *fails = getenv("MAILSETUP_SEAM_FAIL");
	char *end;

	state.owner = getpid();
	state.count = mmap(NULL, 2 * sizeof(*state.count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (state.count == MAP_FAILED)
		_exit(ERR_STOPPED);
	state.log = getenv("MAILSETUP_SEAM_LOG");
	if (die) {
		state.die = strtoul(die, &end, 10);
		if (*end && !state.die && strchr(die, ' '))
			state.die_at = die;
		else if (!state.die || *end)
			refuse("MAILSETUP_SEAM_DIE", die);
	}
	if (!fails)
		return;
	state.fail = strtoul(fails, &end, 10);
	state.fail_on = *end == '+';
	end += state.fail_on;
	state.fail_errno = *end == ':' ? errno_of(end + 1) : 0;
	if (!state.fail || state.fail_errno <= 0)
		refuse("MAILSETUP_SEAM_FAIL", fails);
}

static void write_log(unsigned long count, const char *action, const char *target)
{
	CLEAN(free) char *line = text("%lu %s %s\n", count, action, target);
	CLEAN(fd) int fd = open(state.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	/* One write: a kill leaves a whole line or none. */
	if (fd < 0 || write(fd, line, strlen(line)) < 0)
		refuse("MAILSETUP_SEAM_LOG", state.log);
}

static bool is_last(unsigned long count, const char *action, const char *target)
{
	CLEAN(free) char *here = state.die_at ? text("%s %s", action, target) : NULL;

	return here ? strcmp(here, state.die_at) == 0 : count == state.die;
}

void seam_inherit(void)
{
	if (!state.owner)
		read_environment();
	state.owner = getpid();
}

void seam_follow(void)
{
	if (state.count && state.count[1])
		kill(getpid(), SIGKILL);
}

struct error *seam(const char *action, const char *target)
{
	if (!state.owner)
		read_environment();
	/* A forked child (a computation, a check) is not the process that is counted. */
	if (getpid() != state.owner)
		return NULL;
	unsigned long count = __atomic_add_fetch(state.count, 1, __ATOMIC_SEQ_CST);
	if (state.log)
		write_log(count, action, target);
	if (is_last(count, action, target)) {
		state.count[1] = true;
		kill(getpid(), SIGKILL);
	}
	if (state.fail && (count == state.fail || (state.fail_on && count > state.fail)))
		return fail_errno(state.fail_errno, "cannot %s %s", action, target);
	return NULL;
}

#endif
