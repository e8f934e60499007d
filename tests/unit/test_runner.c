#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/interrupt.h"
#include "checks/runner.h"
#include "checks/tally.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#define ODD "\"quoted\" \\ back {json: [1]} \xc3\xa9 \xff\xfe %s %n end"

/* What the runner emitted, in order. */
static struct {
	struct list names, evidence, remedies;
	enum check_state states[64];
	unsigned index[64], count[64];
	double seconds[64], at[64];
	size_t n;
} seen;

static void emit(void *context, const struct event *event)
{
	(void)context;
	assert_int_equal(event->kind, EVENT_FINDING);
	assert_true(seen.n < 64);
	seen.states[seen.n] = event->finding->state;
	seen.index[seen.n] = event->index;
	seen.count[seen.n] = event->count;
	seen.seconds[seen.n] = event->finding->seconds;
	seen.at[seen.n++] = clock_now();
	list_add(&seen.names, event->finding->check);
	list_add(&seen.evidence, event->finding->evidence);
	list_add(&seen.remedies, event->finding->remedy);
}

static void forget(void)
{
	list_free(&seen.names);
	list_free(&seen.evidence);
	list_free(&seen.remedies);
	seen.n = 0;
}

static struct check_summary run(const struct check *const *checks, const struct check_context *context)
{
	struct check_summary summary = { 0 };
	struct events events = { 0 };

	forget();
	events_add(&events, (struct event_sink){ .emit = emit });
	assert_null(runner_run(checks, context, &events, &summary));
	return summary;
}

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

static void run_good(const struct check_context *c, struct finding *f)
{
	finding_failed(f, "later", "the last call wins");
	finding_ok(f, "token %s", c->token);
}

static void run_slow(const struct check_context *c, struct finding *f)
{
	(void)c;
	sleep_ms(400);
	finding_ok(f, "slow");
}

static void run_odd(const struct check_context *c, struct finding *f)
{
	(void)c;
	finding_failed(f, ODD, "%s", ODD);
}

static void run_lines(const struct check_context *c, struct finding *f)
{
	(void)c;
	finding_unknown(f, "", "550 no\r\n\tat all \x1b[31m\x7f");
}

static void run_long(const struct check_context *c, struct finding *f)
{
	(void)c;
	CLEAN(free) char *s = allocate(200001);

	memset(s, 'x', 200000);
	finding_ok(f, "%s", s);
}

static void run_silent(const struct check_context *c, struct finding *f)
{
	(void)c;
	(void)f;
}

static void run_hung(const struct check_context *c, struct finding *f)
{
	(void)c;
	(void)f;
	signal(SIGTERM, SIG_IGN);
	for (;;)
		pause();
}

/* Closes the pipe and goes on: the end of the pipe is not the end of the process. */
static void run_closed(const struct check_context *c, struct finding *f)
{
	for (int fd = 3; fd < 256; fd++)
		close(fd);
	run_hung(c, f);
}

static void die(int number)
{
	signal(number, SIG_DFL); /* a sanitizer catches it otherwise */
	raise(number);
}

static void run_segv(const struct check_context *c, struct finding *f)
{
	(void)c;
	finding_ok(f, "this must not be believed");
	die(SIGSEGV);
}

static void run_abort(const struct check_context *c, struct finding *f)
{
	(void)c;
	(void)f;
	die(SIGABRT);
}

static void run_exit(const struct check_context *c, struct finding *f)
{
	(void)c;
	(void)f;
	_exit(7);
}

static void run_interrupt(const struct check_context *c, struct finding *f)
{
	kill(getppid(), SIGTERM);
	run_hung(c, f);
}

static void run_error(const struct check_context *c, struct finding *f)
{
	(void)c;
	assert_false(finding_error(f, NULL, "never"));
	finding_error(f, with_detail(fail(ERR_STOPPED, "refused"), "550 5.1.1 no"), "look");
}

static void run_tally(const struct check_context *c, struct finding *f)
{
	CLEAN(tally) struct tally t = { 0 };

	(void)c;
	tally_ok(&t, "fine");
	tally_unknown(&t, "wait", "not yet");
	tally_failed(&t, "", "first");
	tally_error(&t, fail(ERR_STOPPED, "broken"), "mend %d", "port %u", 25u);
	tally_failed(&t, "not this one", "third");
	tally_finding(&t, f);
}

#define TINY(n, function, ...)                                                                                 \
	static const struct check n = { .name = #n, .title = #n, .run = function, __VA_ARGS__ }
TINY(good, run_good);
TINY(slow, run_slow);
TINY(odd, run_odd);
TINY(lines, run_lines);
TINY(longest, run_long);
TINY(silent, run_silent);
TINY(hung, run_hung, .timeout = 1);
TINY(hung_long, run_hung, .timeout = 60);
TINY(closed, run_closed, .timeout = 1);
TINY(segv, run_segv);
TINY(aborts, run_abort);
TINY(exits, run_exit);
TINY(interrupts, run_interrupt);
TINY(errs, run_error);
TINY(tallies, run_tally);
TINY(breaks, run_error, .base = true);
TINY(from_outside, run_good, .outside = true);
TINY(with_mail, run_good, .mail = true);
TINY(mail_too, run_good, .mail = true);

static const struct check_context plain = { .token = "abc" };

static void test_order(void **state)
{
	(void)state;
	/* The first ends last; the others wait for it in the report. */
	struct check_summary s =
		run((const struct check *const[]){ &slow, &good, &odd, &silent, NULL }, &plain);

	assert_int_equal(seen.n, 4);
	assert_string_equal(seen.names.v[0], "slow");
	assert_string_equal(seen.names.v[1], "good");
	assert_string_equal(seen.names.v[2], "odd");
	assert_string_equal(seen.names.v[3], "silent");
	assert_int_equal(s.ok, 2);
	assert_int_equal(s.failed, 1);
	assert_int_equal(s.unknown, 1);
	assert_int_equal(s.unasked, 0);
	assert_string_equal(seen.evidence.v[1], "token abc");
	assert_string_equal(seen.remedies.v[1], "");
	assert_string_equal(seen.evidence.v[3], "the check gave no answer");
	assert_true(seen.seconds[0] >= 0.4 && seen.seconds[0] < 5);
	assert_int_equal(seen.index[0], 1);
	assert_int_equal(seen.index[3], 4);
	assert_int_equal(seen.count[3], 4);
}

static void test_as_soon_as_its_turn_has_come(void **state)
{
	(void)state;
	run((const struct check *const[]){ &good, &hung, &odd, NULL }, &plain);

	assert_int_equal(seen.n, 3);
	assert_true(seen.at[1] - seen.at[0] > 0.5);
	assert_true(seen.at[2] - seen.at[1] < 0.5);
}

static void test_parallel(void **state)
{
	const struct check *many[2 * RUNNER_CHILDREN + 1] = { 0 };
	double begin;

	(void)state;
	for (int i = 0; i < 2 * RUNNER_CHILDREN; i++)
		many[i] = &slow;
	begin = clock_now();
	struct check_summary s = run(many, &plain);
	double took = clock_now() - begin;

	assert_int_equal(s.ok, 2 * RUNNER_CHILDREN);
	/* Each takes 0.4 s: two rounds, not one, and far from one after the other. */
	assert_true(took >= 0.79);
	assert_true(took < 0.4 * RUNNER_CHILDREN);
}

static void test_timeout(void **state)
{
	double begin = clock_now();

	(void)state;
	struct check_summary s = run((const struct check *const[]){ &hung, &closed, &good, NULL }, &plain);

	assert_true(clock_now() - begin >= 0.99);
	assert_true(clock_now() - begin < 4);
	assert_int_equal(s.failed, 2);
	assert_int_equal(s.ok, 1);
	assert_string_equal(seen.evidence.v[0], "no answer within 1 s");
	assert_string_equal(seen.evidence.v[1], "no answer within 1 s");
}

/* Only where the run rests on something broken is there an end to its patience; what was answered until then stands. */
static void test_gives_up(void **state)
{
	static const struct check *const checks[] = { &hung_long, &breaks, &good, NULL }, *const whole[] = { &hung, &good, NULL };
	double begin = clock_now();
	struct check_context c = { .token = "abc", .give_up = begin + 0.3, .patience = 1 };

	(void)state;
	struct check_summary s = run(checks, &c);
	assert_true(clock_now() - begin >= 0.3 && clock_now() - begin < 3);
	assert_int_equal(s.unknown, 1);
	assert_int_equal(s.failed, 1);
	assert_int_equal(s.ok, 1);
	assert_int_equal(s.unasked, 1);
	assert_string_equal(seen.evidence.v[0], "not waited for, since the check breaks has failed");
	assert_string_equal(seen.remedies.v[0], "mailsetup verify --only hung_long");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);

	c.give_up = clock_now();
	c.patience = 6;
	run(whole, &c);
	assert_int_equal(seen.states[0], CHECK_UNKNOWN);
	assert_non_null(strstr(seen.evidence.v[0], "no resolver answers"));

	c.give_up = clock_now();
	c.patience = 1;
	run(whole, &c);
	assert_string_equal(seen.evidence.v[0], "no answer within 1 s");
}

static void test_crash(void **state)
{
	(void)state;
	struct check_summary s = run((const struct check *const[]){ &segv, &aborts, &exits, NULL }, &plain);

	assert_int_equal(s.failed, 3);
	assert_non_null(strstr(seen.evidence.v[0], "killed by signal 11 (Segmentation fault)"));
	assert_non_null(strstr(seen.evidence.v[1], "killed by signal 6 (Aborted)"));
	assert_non_null(strstr(seen.evidence.v[2], "status 7"));
}

static void test_odd_text(void **state)
{
	(void)state;
	run((const struct check *const[]){ &odd, &longest, &lines, NULL }, &plain);

	assert_string_equal(seen.evidence.v[0], ODD);
	assert_string_equal(seen.remedies.v[0], ODD);
	assert_int_equal(strlen(seen.evidence.v[1]), 200000);
	assert_string_equal(seen.evidence.v[2], "550 no   at all \\x1b[31m\\x7f");
}

static void test_what_the_context_lacks(void **state)
{
	struct check_context c = {
		.token = "abc", .outside_reason = "no namespaces here", .mailbox_reason = "no database"
	};

	(void)state;
	struct check_summary s =
		run((const struct check *const[]){ &from_outside, &with_mail, &good, &mail_too, NULL }, &c);

	assert_int_equal(s.unknown, 2);
	assert_int_equal(s.unasked, 2);
	assert_int_equal(s.failed, 1);
	assert_int_equal(s.ok, 1);
	assert_non_null(strstr(seen.evidence.v[0], "no namespaces here"));
	assert_non_null(strstr(seen.evidence.v[1], "no database"));
	assert_string_equal(seen.evidence.v[3], "there is no test mailbox, as the check with_mail says");
}

/* A namespace that cannot be entered is no proof of anything. */
static void test_outside_not_entered(void **state)
{
	CLEAN(fd) int no_namespace = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct outside broken = { .namespace_fd = no_namespace };
	struct check_context c = { .token = "abc", .outside = &broken };

	(void)state;
	struct check_summary s = run((const struct check *const[]){ &from_outside, NULL }, &c);

	assert_int_equal(s.unknown, 1);
	assert_int_equal(s.unasked, 1);
	assert_non_null(strstr(seen.evidence.v[0], "cannot ask from outside"));
}

static void test_errors_and_tallies(void **state)
{
	(void)state;
	struct check_summary s = run((const struct check *const[]){ &errs, &tallies, NULL }, &plain);

	assert_int_equal(s.failed, 2);
	assert_string_equal(seen.evidence.v[0], "refused (550 5.1.1 no)");
	assert_string_equal(seen.remedies.v[0], "look");
	assert_string_equal(seen.evidence.v[1], "first; port 25: broken; third");
	assert_string_equal(seen.remedies.v[1], "mend %d");
}

static size_t open_descriptors(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_leaves_nothing(void **state)
{
	size_t before = open_descriptors();

	(void)state;
	run((const struct check *const[]){ &good, &segv, &hung, &odd, NULL }, &plain);
	assert_int_equal(open_descriptors(), before);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* In a process of its own: the flag of an interruption never falls again. */
static int interrupted_run(void)
{
	struct check_summary summary = { 0 };
	const double begin = clock_now();

	interrupt_install();
	struct error *e =
		runner_run((const struct check *const[]){ &interrupts, &hung, NULL }, &plain, NULL, &summary);

	if (error_code(e) != ERR_STOPPED || !strstr(error_message(e), "interrupted"))
		return 1;
	error_free(e);
	if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
		return 2;
	return clock_now() - begin < 0.9 ? 0 : 3;
}

static void test_interrupted(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(interrupted_run());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* A killed parent takes the hung check with it: the check holds the other end of our pipe. */
static void test_dies_with_its_parent(void **state)
{
	struct check_summary summary = { 0 };
	int ends[2];
	char c;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(ends[0]);
		error_free(
			runner_run((const struct check *const[]){ &hung_long, NULL }, &plain, NULL, &summary));
		_exit(0);
	}
	close(ends[1]);
	sleep_ms(300);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(poll(&(struct pollfd){ .fd = ends[0], .events = POLLIN }, 1, 5000), 1);
	assert_int_equal(read(ends[0], &c, 1), 0);
	close(ends[0]);
}

static void test_none(void **state)
{
	(void)state;
	struct check_summary s = run((const struct check *const[]){ NULL }, &plain);

	assert_int_equal(s.ok + s.failed + s.unknown, 0);
	assert_int_equal(seen.n, 0);
}

static int teardown(void **state)
{
	(void)state;
	forget();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_as_soon_as_its_turn_has_come),
		cmocka_unit_test(test_parallel),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_gives_up),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_odd_text),
		cmocka_unit_test(test_what_the_context_lacks),
		cmocka_unit_test(test_outside_not_entered),
		cmocka_unit_test(test_errors_and_tallies),
		cmocka_unit_test(test_leaves_nothing),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_dies_with_its_parent),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
