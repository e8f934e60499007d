#include "tests/unit/unit.h"

#include "base/interrupt.h"
#include "host/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* gcc 10 overlooks that the fields beside a nested compound literal are designated. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define ARGV(...) (const char *const[]){ __VA_ARGS__, NULL }
#define SHELL(s)  ARGV("/bin/sh", "-c", s)
#define MEBIBYTE  ((size_t)1 << 20)

static struct host *host;

static void ends_as(struct error *e, const char *message)
{
	assert_non_null(e);
	assert_string_equal(error_message(e), message);
	assert_int_equal(error_code(e), ERR_STOPPED);
	error_free(e);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int setup(void **state)
{
	(void)state;
	must(host_open("/", &host));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_close(host);
	return 0;
}

static void output_and_status(void **state)
{
	CLEAN(bytes) struct bytes output = { 0 };
	int status = -1;

	(void)state;
	must(process_run(host, &(struct process){ .argv = SHELL("echo out; echo err >&2") }, &output, &status));
	assert_string_equal(bytes_text(&output), "out\n");
	assert_int_equal(status, 0);
	must(process_simple(host, NULL, "true", NULL));
	bytes_free(&output);
	must(process_simple(host, &output, "printf", "%s-%s", "a b", "$HOME", NULL));
	assert_string_equal(bytes_text(&output), "a b-$HOME");
}

static void exit_status_is_an_error(void **state)
{
	int status = -1;

	(void)state;
	struct error *e = process_run(host, &(struct process){ .argv = SHELL("echo out; echo why >&2; exit 7") }, NULL,
		&status);
	assert_int_equal(status, 7);
	assert_string_equal(error_detail(e), "why\n");
	ends_as(e, "/bin/sh failed: exit status 7");
	e = process_run(host, &(struct process){ .argv = SHELL("echo only out; exit 1") }, NULL, NULL);
	assert_string_equal(error_detail(e), "only out\n");
	ends_as(e, "/bin/sh failed: exit status 1");
	must(process_run(host, &(struct process){ .argv = SHELL("exit 3"), .accept = 3 }, NULL, &status));
	assert_int_equal(status, 3);
	ends_as(process_run(host, &(struct process){ .argv = SHELL("exit 4"), .accept = 3 }, NULL, NULL),
		"/bin/sh failed: exit status 4");
}

static void detail_is_the_end(void **state)
{
	(void)state;
	struct error *e = process_run(host,
		&(struct process){ .argv = SHELL("i=0; while [ $i -lt 3000 ]; do echo line $i >&2; i=$((i+1)); done; exit 1") },
		NULL, NULL);
	const char *detail = error_detail(e);
	assert_true(strlen(detail) <= 4096 && strlen(detail) > 4000);
	assert_true(starts_with(detail, "line "));
	assert_true(ends_with(detail, "line 2999\n"));
	error_free(e);
}

static void a_signal_is_an_error(void **state)
{
	int status = 0;

	(void)state;
	ends_as(process_run(host, &(struct process){ .argv = SHELL("kill -SEGV $$") }, NULL, &status),
		"/bin/sh failed: killed by signal SIGSEGV");
	assert_int_equal(status, -1);
}

static void absence_is_an_error(void **state)
{
	(void)state;
	assert_true(process_available(host, "env"));
	assert_true(process_available(host, "/usr/bin/env"));
	assert_false(process_available(host, "no-such-program"));
	assert_false(process_available(host, "/usr/bin"));
	ends_as(process_simple(host, NULL, "no-such-program", NULL),
		"the program no-such-program is not on this machine; install the package that brings it");
}

static void environment_is_what_is_promised(void **state)
{
	CLEAN(bytes) struct bytes output = { 0 };

	(void)state;
	setenv("MAILSETUP_TEST_CANARY", "leaks", 1);
	must(process_run(host, &(struct process){ .argv = ARGV("/usr/bin/env"), .environment = ARGV("ONE=1", "TWO=2") },
		&output, NULL));
	assert_string_equal(bytes_text(&output),
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin\nHOME=/root\nLC_ALL=C.UTF-8\nONE=1\nTWO=2\n");
}

/* Signals 32 and 33 are the C library's own: posix_spawn(3) of whoever started the test leaves them ignored, and nothing undoes it. */
static void surroundings_are_plain(void **state)
{
	CLEAN(bytes) struct bytes output = { 0 };
	mode_t before = umask(0);

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	must(process_run(host,
		&(struct process){ .argv = SHELL("pwd; umask; [ $(cut -d\" \" -f5 /proc/$$/stat) = $$ ] && echo leads; "
						 "grep SigIgn /proc/self/status | sed s/0000000180000000/0000000000000000/; "
						 "grep SigBlk /proc/self/status") },
		&output, NULL));
	signal(SIGPIPE, SIG_DFL);
	umask(before);
	assert_string_equal(bytes_text(&output),
		"/\n0022\nleads\nSigIgn:\t0000000000000000\nSigBlk:\t0000000000000000\n");
}

static void other_descriptors_are_closed(void **state)
{
	CLEAN(bytes) struct bytes output = { 0 };
	int leak = open("/dev/zero", O_RDONLY), high = fcntl(leak, F_DUPFD, 200);

	(void)state;
	/* ls opens the directory itself as one more. */
	must(process_simple(host, &output, "ls", "/proc/self/fd", NULL));
	assert_string_equal(bytes_text(&output), "0\n1\n2\n3\n");
	bytes_free(&output);
	must(process_run(host, &(struct process){ .argv = SHELL("readlink /proc/self/fd/0; cat") }, &output, NULL));
	assert_string_equal(bytes_text(&output), "/dev/null\n");
	close(leak);
	close(high);
}

static void works_with_standard_descriptors_closed(void **state)
{
	int status;

	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		CLEAN(bytes) struct bytes output = { 0 };
		for (int fd = 0; fd < 10; fd++)
			close(fd);
		struct error *e = process_run(host,
			&(struct process){ .argv = SHELL("cat; echo err >&2"),
				.input = &(struct bytes){ .data = (char *)"in", .size = 2 } },
			&output, NULL);
		_exit(e || strcmp(bytes_text(&output), "in") != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void big_input_and_output(void **state)
{
	CLEAN(bytes) struct bytes input = { 0 };
	CLEAN(bytes) struct bytes output = { 0 };

	(void)state;
	for (unsigned i = 0; input.size < 8 * MEBIBYTE; i++)
		bytes_printf(&input, "line %u of the input, all of which must come back\n", i);
	must(process_run(host, &(struct process){ .argv = SHELL("tee /dev/stderr"), .input = &input }, &output, NULL));
	assert_true(bytes_equal(&input, &output));
	/* Nobody reads it: no SIGPIPE to us. */
	must(process_run(host, &(struct process){ .argv = ARGV("true"), .input = &input }, NULL, NULL));
}

static void output_has_a_limit(void **state)
{
	CLEAN(bytes) struct bytes output = { 0 };

	(void)state;
	ends_as(process_simple(host, &output, "head", "-c", "20000000", "/dev/zero", NULL),
		"head wrote more than 16777216 bytes");
	assert_int_equal(output.size, 0);
	must(process_simple(host, NULL, "head", "-c", "20000000", "/dev/zero", NULL));
}

/* Leaves its own pid and that of its child, neither of which heeds SIGTERM when stubborn. */
static void time_limit(const char *script, double least, double most)
{
	char file[] = "/tmp/mailsetup-process.XXXXXX";
	int fd = mkstemp(file), pids[2] = { 0, 0 };
	CLEAN(free) char *variable = text("PIDS=%s", file);
	double start = now();

	assert_true(fd >= 0);
	ends_as(process_run(host,
			   &(struct process){ .argv = SHELL(script), .timeout = 1, .environment = ARGV(variable) }, NULL, NULL),
		"/bin/sh did not finish within 1 s");
	double took = now() - start;
	assert_true(took >= least && took < most);
	FILE *f = fdopen(fd, "r");
	assert_int_equal(fscanf(f, "%d %d", &pids[0], &pids[1]), 2);
	fclose(f);
	unlink(file);
	for (size_t i = 0; i < 2; i++) {
		/* A zombie that its new parent has not collected yet still counts. */
		for (int tries = 0; tries < 50 && kill(pids[i], 0) == 0; tries++)
			usleep(20000);
		assert_int_equal(kill(pids[i], 0), -1);
	}
}

static void time_limit_ends_the_whole_group(void **state)
{
	(void)state;
	time_limit("sleep 100 & echo $$ $! > $PIDS; wait", 1, 4);
}

static void time_limit_ends_the_stubborn(void **state)
{
	(void)state;
	time_limit("sh -c 'trap \"\" TERM; while :; do sleep 1; done' & echo $$ $! > $PIDS; wait", 6, 9);
}

static void a_daemon_left_behind_does_not_hold_us(void **state)
{
	CLEAN(bytes) struct bytes output = { 0 };
	double start = now();

	(void)state;
	must(process_run(host, &(struct process){ .argv = SHELL("sleep 3 & echo started") }, &output, NULL));
	assert_string_equal(bytes_text(&output), "started\n");
	assert_true(now() - start < 2);
}

static void collect_line(void *context, const char *line)
{
	list_add(context, line);
}

static void status_lines_arrive(void **state)
{
	CLEAN(list) struct list lines = { 0 };
	CLEAN(bytes) struct bytes output = { 0 };

	(void)state;
	must(process_run(host,
		&(struct process){ .argv = SHELL("echo one >&3; echo out; printf 'two\\nthr' >&3; sleep 0.2; printf ee >&3"),
			.on_status = collect_line,
			.context = &lines },
		&output, NULL));
	assert_string_equal(bytes_text(&output), "out\n");
	assert_int_equal(lines.n, 3);
	assert_string_equal(lines.v[0], "one");
	assert_string_equal(lines.v[1], "two");
	assert_string_equal(lines.v[2], "three");
	ends_as(process_run(host, &(struct process){ .argv = SHELL("echo x 2>/dev/null >&3") }, NULL, NULL),
		"/bin/sh failed: exit status 2");
}

static void count_line(void *context, const char *line)
{
	unsigned *expected = context;

	assert_int_equal(strtoul(line, NULL, 10), ++*expected);
}

static void many_status_lines_arrive(void **state)
{
	unsigned count = 0;

	(void)state;
	must(process_run(host,
		&(struct process){
			.argv = SHELL("seq 100000 >&3; echo noise; exit 0"), .on_status = count_line, .context = &count },
		NULL, NULL));
	assert_int_equal(count, 100000);
}

static void nothing(int number)
{
	(void)number;
}

/* A signal every 20 ms, as one who leans on Ctrl-C. */
static void signals_do_not_disturb(void **state)
{
	CLEAN(bytes) struct bytes output = { 0 };
	struct sigaction action = { .sa_handler = nothing };
	pid_t parent = getpid();

	(void)state;
	sigaction(SIGINT, &action, NULL);
	pid_t pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 20; i++) {
			usleep(20000);
			kill(parent, SIGINT);
		}
		_exit(0);
	}
	must(process_run(host, &(struct process){ .argv = SHELL("sleep 0.5; echo done") }, &output, NULL));
	assert_string_equal(bytes_text(&output), "done\n");
	while (waitpid(pid, NULL, 0) < 0)
		assert_int_equal(errno, EINTR);
	signal(SIGINT, SIG_DFL);
}

static volatile sig_atomic_t interrupts;

static void count_interrupt(int number)
{
	(void)number;
	interrupts++;
}

static void note_interrupts(void *context, const char *line)
{
	(void)line;
	*(int *)context += interrupts;
}

static void interrupts_wait(void **state)
{
	CLEAN(bytes) struct bytes output = { 0 };
	int meanwhile = 0;

	(void)state;
	signal(SIGTERM, count_interrupt);
	CLEAN(free) char *script = text("kill -TERM %d; echo sent >&3; echo out; echo err >&2; sleep 0.1", (int)getpid());
	must(process_run(host,
		&(struct process){ .argv = SHELL(script),
			.keep_interrupts = true,
			.on_status = note_interrupts,
			.context = &meanwhile },
		&output, NULL));
	assert_int_equal(meanwhile, 0);
	assert_int_equal(interrupts, 1);
	assert_string_equal(bytes_text(&output), "out\n");
	struct error *e = process_run(host,
		&(struct process){ .argv = SHELL("echo why >&2; exit 1"), .keep_interrupts = true }, NULL, NULL);
	assert_string_equal(error_detail(e), "why\n");
	ends_as(e, "/bin/sh failed: exit status 1");
	signal(SIGTERM, SIG_DFL);
}

/* dpkg writes what it does: a broken pipe would cut it short. */
static void a_kept_child_survives_us(void **state)
{
	char directory[] = "/tmp/mailsetup-process.XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(directory));
	CLEAN(free) char *started = text("%s/started", directory), *finished = text("%s/finished", directory);
	CLEAN(free) char *script = text("trap 'exit 1' PIPE; touch %s; sleep 0.5; echo a; echo b >&2; touch %s", started,
		finished);
	pid_t pid = fork();
	if (pid == 0)
		_exit(process_run(host, &(struct process){ .argv = SHELL(script), .keep_interrupts = true }, NULL, NULL) !=
			NULL);
	for (int tries = 0; tries < 250 && access(started, F_OK) < 0; tries++)
		usleep(20000);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	for (int tries = 0; tries < 250 && access(finished, F_OK) < 0; tries++)
		usleep(20000);
	assert_int_equal(access(finished, F_OK), 0);
	unlink(started);
	unlink(finished);
	rmdir(directory);
}

static void programs_of_another_root(void **state)
{
	char root[] = "/tmp/mailsetup-process.XXXXXX";
	CLEAN(host_close) struct host *other = NULL;
	CLEAN(bytes) struct bytes output = { 0 };

	(void)state;
	assert_non_null(mkdtemp(root));
	put(root, "/bin/postconf", "#!/bin/sh\necho \"fake $MAILSETUP_ROOT $*\"\npwd\n", 0755);
	must(host_open(root, &other));
	assert_false(process_available(other, "env"));
	assert_false(process_available(other, "/usr/bin/env"));
	must(process_simple(other, &output, "postconf", "-n", NULL));
	must(process_simple(other, &output, "/bin/postconf", "-e", NULL));
	CLEAN(free) char *expected = text("fake %s -n\n/\nfake %s -e\n/\n", root, root);
	assert_string_equal(bytes_text(&output), expected);
	remove_tree(root);
}

static void a_broken_program_says_so(void **state)
{
	char file[] = "/tmp/mailsetup-process.XXXXXX";
	int fd = mkstemp(file);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "#!/no/such/interpreter\n", 23), 23);
	assert_int_equal(fchmod(fd, 0755), 0);
	close(fd);
	struct error *e = process_run(host, &(struct process){ .argv = ARGV(file) }, NULL, NULL);
	unlink(file);
	assert_non_null(strstr(error_detail(e), "cannot execute"));
	assert_non_null(strstr(error_message(e), "exit status 127"));
	error_free(e);
}

static void add_piece(void *context, const char *data, size_t size)
{
	bytes_add(context, data, size);
}

/* More than is kept of an ordinary output, and standard error with it. */
static void output_as_it_comes(void **state)
{
	CLEAN(host_close) struct host *h = NULL;
	CLEAN(bytes) struct bytes got = { 0 };

	(void)state;
	assert_null(host_open("/", &h));
	assert_null(process_run(h,
		&(struct process){ .argv = SHELL("echo beside >&2; head -c 20000000 /dev/zero; echo end >&2"), .merge = true,
			.on_output = add_piece, .context = &got },
		NULL, NULL));
	assert_int_equal(got.size, strlen("beside\n") + 20000000 + strlen("end\n"));
	assert_memory_equal(got.data, "beside\n", 7);
	assert_memory_equal(got.data + got.size - 4, "end\n", 4);
}

/* In a process of its own: the flag of an interruption never falls again. */
static int interrupted_run(void)
{
	const double begin = now();

	interrupt_install();
	struct error *e = process_run(host,
		&(struct process){ .argv = SHELL("kill -TERM $PPID; sleep 30"), .timeout = 20, .until_interrupted = true }, NULL, NULL);
	bool right = e && strstr(error_message(e), "interrupted while") && now() - begin < 5;

	error_free(e);
	/* What does not ask to be ended goes on. */
	must(process_run(host, &(struct process){ .argv = SHELL("sleep 0.2"), .timeout = 20 }, NULL, NULL));
	return !right;
}

static void a_signal_ends_what_only_asks(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(interrupted_run());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_and_status),
		cmocka_unit_test(exit_status_is_an_error),
		cmocka_unit_test(detail_is_the_end),
		cmocka_unit_test(a_signal_is_an_error),
		cmocka_unit_test(absence_is_an_error),
		cmocka_unit_test(environment_is_what_is_promised),
		cmocka_unit_test(surroundings_are_plain),
		cmocka_unit_test(other_descriptors_are_closed),
		cmocka_unit_test(works_with_standard_descriptors_closed),
		cmocka_unit_test(big_input_and_output),
		cmocka_unit_test(output_has_a_limit),
		cmocka_unit_test(time_limit_ends_the_whole_group),
		cmocka_unit_test(time_limit_ends_the_stubborn),
		cmocka_unit_test(a_daemon_left_behind_does_not_hold_us),
		cmocka_unit_test(status_lines_arrive),
		cmocka_unit_test(many_status_lines_arrive),
		cmocka_unit_test(signals_do_not_disturb),
		cmocka_unit_test(interrupts_wait),
		cmocka_unit_test(a_signal_ends_what_only_asks),
		cmocka_unit_test(a_kept_child_survives_us),
		cmocka_unit_test(programs_of_another_root),
		cmocka_unit_test(a_broken_program_says_so),
		cmocka_unit_test(output_as_it_comes),
	};

	return cmocka_run_group_tests_name("process", tests, setup, teardown);
}
