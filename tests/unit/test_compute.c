#include "tests/unit/unit.h"

#include "host/compute.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void pause_ms(unsigned ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L }, NULL);
}

static struct error *echo(void *argument, struct bytes *ret)
{
	bytes_add_text(ret, argument);
	return NULL;
}

static void a_result_comes_back(void **state)
{
	(void)state;
	CLEAN(compute_free) struct compute *c = compute_new();
	CLEAN(bytes) struct bytes one = { 0 }, two = { 0 };
	char argument[] = "first";

	must(compute_start(c, "one", echo, argument));
	memcpy(argument, "other", 5); /* the child has its own copy */
	must(compute_start(c, "two", echo, "second"));
	must(compute_start(c, "one", echo, "ignored"));
	assert_true(compute_started(c, "one"));
	assert_false(compute_started(c, "three"));

	must(compute_collect(c, "two", NULL, NULL, &two));
	must(compute_collect(c, "one", NULL, NULL, &one));
	assert_string_equal(one.data, "first");
	assert_string_equal(two.data, "second");
	assert_false(compute_started(c, "one"));
	says(compute_collect(c, "one", NULL, NULL, &one), "was not started");
}

/* More than a pipe holds, with every byte value. */
static struct error *much(void *argument, struct bytes *ret)
{
	(void)argument;
	for (unsigned i = 0; i < 300000; i++)
		bytes_add(ret, &(unsigned char){ (unsigned char)(i ^ i >> 8) }, 1);
	return NULL;
}

static void a_result_may_be_larger_than_a_pipe(void **state)
{
	(void)state;
	CLEAN(compute_free) struct compute *c = compute_new();
	CLEAN(bytes) struct bytes got = { 0 }, want = { 0 };

	must(compute_start(c, "much", much, NULL));
	must(much(NULL, &want));
	must(compute_collect(c, "much", NULL, NULL, &got));
	assert_true(bytes_equal(&got, &want));
}

static struct error *refuse(void *argument, struct bytes *ret)
{
	(void)argument;
	bytes_add_text(ret, "half");
	return (fail)(ERR_CONFLICT, "no primes today"); /* cmocka has a macro of that name */
}

static void an_error_comes_back(void **state)
{
	(void)state;
	CLEAN(compute_free) struct compute *c = compute_new();
	CLEAN(bytes) struct bytes got = { 0 };

	must(compute_start(c, "refuse", refuse, NULL));
	struct error *e = compute_collect(c, "refuse", NULL, NULL, &got);
	assert_int_equal(error_code(e), ERR_CONFLICT);
	says(e, "no primes today");
	assert_int_equal(got.size, 0);
}

static struct error *die(void *argument, struct bytes *ret)
{
	(void)ret;
	if (argument)
		kill(getpid(), SIGKILL);
	_exit(0);
}

static void a_dead_child_is_an_error(void **state)
{
	(void)state;
	CLEAN(compute_free) struct compute *c = compute_new();
	CLEAN(bytes) struct bytes got = { 0 };

	must(compute_start(c, "killed", die, "x"));
	must(compute_start(c, "gone", die, NULL));
	says(compute_collect(c, "killed", NULL, NULL, &got), "signal 9");
	says(compute_collect(c, "gone", NULL, NULL, &got), "without a result");
}

static struct error *report(void *argument, struct bytes *ret)
{
	(void)argument;
	for (unsigned i = 1; i <= 200; i++) {
		compute_report(i);
		pause_ms(5);
	}
	bytes_add_text(ret, "done");
	return NULL;
}

struct seen {
	unsigned calls, last;
};

static void see(void *context, unsigned n)
{
	struct seen *seen = context;

	assert_true(n >= seen->last);
	seen->last = n;
	seen->calls++;
}

static void progress_arrives_while_waiting(void **state)
{
	(void)state;
	CLEAN(compute_free) struct compute *c = compute_new();
	CLEAN(bytes) struct bytes got = { 0 };
	struct seen seen = { 0 };
	double start = now();

	must(compute_start(c, "report", report, NULL));
	must(compute_collect(c, "report", see, &seen, &got));
	assert_string_equal(got.data, "done");
	assert_true(seen.last > 0 && seen.last <= 200);
	assert_true(seen.calls >= 2 && seen.calls <= (now() - start) * 4 + 1);
}

static struct error *surroundings(void *argument, struct bytes *ret)
{
	bytes_printf(ret, "%d %d", getpriority(PRIO_PROCESS, 0), fcntl(*(int *)argument, F_GETFD));
	return NULL;
}

static void a_child_is_nice_and_keeps_no_descriptor(void **state)
{
	(void)state;
	CLEAN(compute_free) struct compute *c = compute_new();
	CLEAN(bytes) struct bytes got = { 0 };
	/* Not a low number: one of those is where the result goes. */
	CLEAN(fd) int low = open("/dev/null", O_RDONLY), lock = fcntl(low, F_DUPFD, 10);

	must(compute_start(c, "surroundings", surroundings, &lock));
	must(compute_collect(c, "surroundings", NULL, NULL, &got));
	assert_string_equal(got.data, "10 -1");
}

static struct error *sleep_long(void *argument, struct bytes *ret)
{
	(void)ret;
	pid_t pid = getpid();

	if (write(*(int *)argument, &pid, sizeof(pid)) < 0)
		return NULL;
	pause_ms(60000);
	return NULL;
}

/* Its descriptors are closed in the child, but standard error stays. */
static pid_t start_sleeper(struct compute *c)
{
	int ends[2], error = dup(STDERR_FILENO), two = STDERR_FILENO;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	struct error *e = compute_start(c, "sleeper", sleep_long, &two);
	dup2(error, STDERR_FILENO);
	close(error);
	close(ends[1]);
	must(e);
	assert_int_equal(read(ends[0], &pid, sizeof(pid)), sizeof(pid));
	close(ends[0]);
	return pid;
}

static void what_is_not_collected_is_killed(void **state)
{
	(void)state;
	struct compute *c = compute_new();
	pid_t pid = start_sleeper(c);
	double start = now();

	assert_int_equal(kill(pid, 0), 0);
	compute_free(c);
	assert_int_equal(kill(pid, 0), -1);
	assert_true(now() - start < 5);
}

static void a_child_dies_with_its_parent(void **state)
{
	(void)state;
	int ends[2];
	pid_t sleeper;

	assert_int_equal(pipe(ends), 0);
	pid_t parent = fork();
	if (parent == 0) {
		struct compute *c = compute_new();

		sleeper = start_sleeper(c);
		if (write(ends[1], &sleeper, sizeof(sleeper)) < 0)
			_exit(1);
		pause_ms(60000);
		_exit(1);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &sleeper, sizeof(sleeper)), sizeof(sleeper));
	assert_int_equal(kill(sleeper, 0), 0);
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
	/* Whoever adopts it may leave it a zombie for a while: its command line is empty then. */
	CLEAN(free) char *path = text("/proc/%d/cmdline", (int)sleeper);
	bool alive = true;
	for (unsigned i = 0; alive && i < 100; i++) {
		CLEAN(fd) int fd = open(path, O_RDONLY);
		char c;

		alive = fd >= 0 && read(fd, &c, 1) == 1;
		if (alive)
			pause_ms(50);
	}
	assert_false(alive);
	close(ends[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_result_comes_back),
		cmocka_unit_test(a_result_may_be_larger_than_a_pipe),
		cmocka_unit_test(an_error_comes_back),
		cmocka_unit_test(a_dead_child_is_an_error),
		cmocka_unit_test(progress_arrives_while_waiting),
		cmocka_unit_test(a_child_is_nice_and_keeps_no_descriptor),
		cmocka_unit_test(what_is_not_collected_is_killed),
		cmocka_unit_test(a_child_dies_with_its_parent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
