#include "tests/unit/unit.h"

#include "host/unpack.h"
#include "host/unpack_child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>

DEFINE_CLEANUP(struct unpack *, unpack_free)

struct attempt {
	const char *what;
	bool stopped;
};

static bool stopped(long result)
{
	return result < 0 && errno == EPERM;
}

static void try_everything(int out)
{
	char name[] = "true", *const argv[] = { name, NULL };
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct attempt attempts[] = {
		{ "open a file", stopped(open("/etc/passwd", O_RDONLY)) },
		{ "make a file", stopped(open("/tmp/mailsetup-unpack", O_WRONLY | O_CREAT, 0600)) },
		{ "remove a file", stopped(unlink("/tmp/mailsetup-unpack")) },
		{ "look at a file", stopped(access("/etc/passwd", F_OK)) },
		{ "make a socket", stopped(socket(AF_INET, SOCK_STREAM, 0)) },
		{ "make a pair of sockets", stopped(socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){ 0 })) },
		{ "kill its parent", stopped(kill(getppid(), 0)) },
		{ "fork", stopped(fork()) },
		{ "execute a program", stopped(execv("/bin/true", argv)) },
		{ "trace a process", stopped(ptrace(PTRACE_TRACEME, 0, NULL, NULL)) },
		{ "have memory that can be executed", page != MAP_FAILED && stopped(mprotect(page, 4096, PROT_READ | PROT_EXEC)) &&
			mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED },
		{ "become root", stopped(setuid(0)) },
	};

	for (size_t i = 0; i < sizeof(attempts) / sizeof(*attempts); i++)
		if (!attempts[i].stopped)
			dprintf(out, "it can %s\n", attempts[i].what);
	if (write(out, "tried\n", 6) != 6)
		_exit(2);
	_exit(0);
}

static void the_sandbox_holds(void **state)
{
	(void)state;
	CLEAN(fd) int archive = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char said[1024] = "";
	int ends[2], status;
	pid_t parent = getpid();

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t child = fork();
	if (child == 0) {
		struct error *e = unpack_sandbox(archive, ends[1], 1, parent);

		if (e)
			dprintf(UNPACK_OUT, "%s\n", error_message(e));
		else
			try_everything(UNPACK_OUT);
		_exit(1);
	}
	close(ends[1]);
	for (size_t size = 0; size < sizeof(said) - 1;) {
		ssize_t n = read(ends[0], said + size, sizeof(said) - 1 - size);

		if (n <= 0)
			break;
		size += (size_t)n;
	}
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_string_equal(said, "tried\n");
	assert_int_equal(status, 0);
}

/* What the reader is, seen from outside while it waits for its archive. */
static void the_reader_has_nothing(void **state)
{
	(void)state;
	CLEAN(unpack_free) struct unpack *u = NULL;
	CLEAN(free) char *children = text("/proc/self/task/%d/children", (int)getpid());
	CLEAN(fd) int secret = open("/etc/passwd", O_RDONLY);
	int ends[2], child = 0;
	char line[256];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	must(unpack_start(ends[0], 0, &u));
	FILE *f = fopen(children, "re");
	if (!f || fscanf(f, "%d", &child) != 1)
		child = 0;
	if (f)
		fclose(f);
	if (!child) {
		close(ends[0]);
		close(ends[1]);
		skip(); /* a kernel without this file */
	}
	CLEAN(free) char *status = text("/proc/%d/status", child);
	bool filtered = false, own_user = geteuid() != 0;
	for (unsigned i = 0; i < 200 && !(filtered && own_user); i++) {
		usleep(10000);
		f = fopen(status, "re");
		while (f && fgets(line, sizeof(line), f)) {
			filtered |= strncmp(line, "Seccomp:\t2", 10) == 0;
			own_user |= strncmp(line, "Uid:\t6553", 9) == 0;
		}
		if (f)
			fclose(f);
	}
	assert_true(filtered);
	assert_true(own_user);
	CLEAN(free) char *fd = text("/proc/%d/fd/%d", child, UNPACK_OUT + 1);
	assert_int_equal(access(fd, F_OK), -1);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sandbox_holds),
		cmocka_unit_test(the_reader_has_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
