#include "tests/crash/bench.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SHOWN 999 /* differences of one matrix */

static struct {
	const char *folder, *only;
	unsigned stride, tests, failed, points, differences;
} bench;

/* Shared by the workers of a matrix. */
static struct board {
	unsigned next, tried, different;
} * board;

void bench_open(const char *folder, unsigned stride, const char *only)
{
	bench.folder = folder;
	bench.stride = stride;
	bench.only = only;
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED)
		_exit(98);
}

void bench_say(bool ok, const char *format, ...)
{
	va_list arguments;

	bench.tests++;
	bench.failed += !ok;
	printf("%sok %u - ", ok ? "" : "not ", bench.tests);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout);
}

static unsigned add(unsigned *number, unsigned n)
{
	return __atomic_fetch_add(number, n, __ATOMIC_SEQ_CST);
}

static void work(const struct matrix *m, const char *scratch)
{
	unsigned k;

	while ((k = add(&board->next, m->stride)) <= m->n) {
		if (m->wanted_different && board->different)
			return;
		CLEAN(free) char *wrong = m->try(scratch, k);

		add(&board->tried, 1);
		if (wrong && add(&board->different, 1) < SHOWN && !m->wanted_different)
			dprintf(STDOUT_FILENO, "# %s, %u of %u: %s\n", m->name, k, m->n, wrong);
	}
}

static pid_t start_worker(const struct matrix *m, unsigned number)
{
	CLEAN(free) char *scratch = text("%s/worker%u", bench.folder, number);

	fflush(NULL);
	pid_t pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (mkdir(scratch, 0755) < 0 && errno != EEXIST)
		_exit(98);
	work(m, scratch);
	fflush(NULL);
	_exit(0);
}

void bench_run(const struct matrix *wanted)
{
	struct matrix m = *wanted;
	/* One more than processors: the program waits now and then. */
	unsigned workers = (unsigned)sysconf(_SC_NPROCESSORS_ONLN) + 1;
	bool crashed = false;
	time_t began = time(NULL);
	int status;

	if (bench.only && !strstr(m.name, bench.only))
		return;
	m.stride = m.wanted_different || !bench.stride ? 1 : m.stride * bench.stride;
	if (bench.stride > 1)
		m.floor = m.floor / bench.stride + 1;
	*board = (struct board){ .next = 1 };
	for (unsigned i = 0; i < workers; i++)
		crashed |= start_worker(&m, i) < 0;
	while (wait(&status) > 0 || errno == EINTR)
		if (status) {
			printf("# a worker ended with status %d\n", status);
			crashed = true;
		}
	bool found = board->different > 0;
	bool ok = !crashed && board->tried && board->tried >= m.floor && found == m.wanted_different;
	if (m.wanted_different)
		bench_say(ok, "%s: %s after %u points (%ld s)", m.name, found ? "caught" : "NOT caught",
			board->tried, (long)(time(NULL) - began));
	else
		bench_say(ok, "%s (%u points, %u different, %ld s)", m.name, board->tried, board->different,
			(long)(time(NULL) - began));
	if (!m.wanted_different) {
		bench.points += board->tried;
		bench.differences += board->different;
	}
}

int bench_close(void)
{
	printf("1..%u\n# %u points tried, %u different\n", bench.tests, bench.points, bench.differences);
	return bench.failed || !bench.tests;
}
