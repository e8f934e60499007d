#include "tests/unit/peer.h"

#include "base/clock.h"
#include "base/interrupt.h"

#include <time.h>

static void a_dialogue_asks_and_hears(void **state)
{
	(void)state;
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	CLEAN(list) struct list lines = { 0 };
	struct server s = start(smtp_refusing);
	int code = 0;
	char fingerprint[65];
	int64_t end;

	must(dialogue_open("127.0.0.1", s.port, 5, &d));
	must(dialogue_smtp(d, &code, NULL));
	assert_int_equal(code, 220);
	must(dialogue_ask(d, &code, &lines, "EHLO %s", "a.fr"));
	assert_int_equal(code, 250);
	assert_int_equal(lines.n, 2);
	assert_string_equal(lines.v[0], "250-" NAME);
	assert_string_equal(lines.v[1], "250 SIZE 1000");
	must(dialogue_ask(d, &code, NULL, "RCPT TO:<%s>", "a@b.fr"));
	assert_int_equal(code, 554);
	assert_null(dialogue_tls_version(d));
	assert_null(dialogue_tls_cipher(d));
	refused(dialogue_certificate(d, fingerprint, &end), "no certificate");
	must(dialogue_ask(d, &code, NULL, "QUIT"));
	refused(dialogue_ask(d, &code, NULL, "NOOP"), "port");
	CLEAN(free) char *heard = stop(&s);
	assert_string_equal(heard, "EHLO a.fr\nRCPT TO:<a@b.fr>\nQUIT\n");
}

static void a_dialogue_starts_tls(void **state)
{
	(void)state;
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	CLEAN(certificate_facts) struct certificate_facts facts = { 0 };
	struct server s = start(smtp_starttls);
	char served[65], want[65];
	int64_t end = 0;
	int code;

	must(dialogue_open("127.0.0.1", s.port, 5, &d));
	must(dialogue_smtp(d, &code, NULL));
	must(dialogue_ask(d, &code, NULL, "STARTTLS"));
	must(dialogue_start_tls(d, NAME, TLS1_2_VERSION, 0, "ECDHE-RSA-AES128-GCM-SHA256"));
	assert_string_equal(dialogue_tls_version(d), "TLSv1.2");
	assert_string_equal(dialogue_tls_cipher(d), "ECDHE-RSA-AES128-GCM-SHA256");
	must(dialogue_ask(d, &code, NULL, "EHLO a.fr"));
	assert_int_equal(code, 250);
	must(dialogue_certificate(d, served, &end));
	must(certificate_fingerprint(&certificate, want));
	must(certificate_read(&certificate, &facts));
	assert_string_equal(served, want);
	assert_int_equal(end, facts.not_after);
	refused(dialogue_start_tls(d, NAME, 0, 0, NULL), "already");
	CLEAN(free) char *heard = stop(&s);
	assert_non_null(strstr(heard, "SNI " NAME "\nEHLO a.fr\n"));
}

static void a_tls_version_that_the_server_refuses_is_an_error(void **state)
{
	(void)state;
	CLEAN(dialogue_close) struct dialogue *d = NULL, *other = NULL;
	struct server s = start(smtp_tls);

	must(dialogue_open("127.0.0.1", s.port, 5, &d));
	refused(dialogue_start_tls(d, NAME, TLS1_3_VERSION, 0, NULL), "TLS");
	free(stop(&s));

	s = start(smtp_tls);
	must(dialogue_open("127.0.0.1", s.port, 5, &other));
	refused(dialogue_start_tls(other, NAME, 0, 0, "NONSENSE"), "does not offer");
	free(stop(&s));
}

static void dripping(struct peer *p)
{
	for (;;) {
		say(p, "2");
		nanosleep(&(struct timespec){ .tv_nsec = 200 * 1000000 }, NULL);
	}
}

static void chatty_before_tls(struct peer *p)
{
	say(p, "220 go ahead\r\n250 injected\r\n");
	pause();
}

static void long_line(struct peer *p)
{
	for (unsigned i = 0; i < 9000; i++)
		say(p, "2");
	pause();
}

static void nul_byte(struct peer *p)
{
	say_bytes(p, "220 a\0b\r\n", 9);
	pause();
}

static void not_smtp(struct peer *p)
{
	say(p, "SSH-2.0-OpenSSH\r\n");
	pause();
}

static void endless_reply(struct peer *p)
{
	for (;;)
		say(p, "250-more\r\n");
}

static void closing(struct peer *p)
{
	say(p, "220 half a li");
}

static void a_dialogue_is_bounded(void **state)
{
	(void)state;
	static const struct {
		script *run;
		const char *reason;
	} cases[] = {
		{ silent, "no answer within 1 s" },
		{ dripping, "no answer within 1 s" },
		{ long_line, "longer than 8192" },
		{ nul_byte, "NUL" },
		{ not_smtp, "not SMTP" },
		{ endless_reply, "does not end" },
		{ closing, "closed the connection" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEAN(dialogue_close) struct dialogue *d = NULL;
		struct server s = start(cases[i].run);
		double begin = clock_now();
		int code;

		must(dialogue_open("127.0.0.1", s.port, 1, &d));
		refused(dialogue_smtp(d, &code, NULL), cases[i].reason);
		assert_true(clock_now() - begin < 4);
		free(stop(&s));
	}
}

static void tls_is_not_started_over_what_came_in_clear(void **state)
{
	(void)state;
	CLEAN(dialogue_close) struct dialogue *d = NULL, *mute = NULL;
	struct server s = start(chatty_before_tls);
	int code;

	must(dialogue_open("127.0.0.1", s.port, 2, &d));
	must(dialogue_smtp(d, &code, NULL));
	refused(dialogue_start_tls(d, NAME, 0, 0, NULL), "in clear");
	free(stop(&s));

	s = start(silent);
	must(dialogue_open("127.0.0.1", s.port, 1, &mute));
	refused(dialogue_start_tls(mute, NAME, 0, 0, NULL), "no answer within 1 s while starting TLS");
	free(stop(&s));
}

/* A socket whose connections nobody takes. */
static int deaf(unsigned *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, size), 0);
	assert_int_equal(listen(fd, 100), 0);
	getsockname(fd, (struct sockaddr *)&a, &size);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static void a_greeting_is_awaited(void **state)
{
	struct server plain = start(smtp_plain), tls = start(smtp_tls);
	unsigned port;

	(void)state;
	must(dialogue_await("127.0.0.1", plain.port, false, 5));
	must(dialogue_await("127.0.0.1", tls.port, true, 5));
	free(stop(&plain));
	free(stop(&tls));

	CLEAN(fd) int fd = deaf(&port);
	double begin = clock_now();
	refused(dialogue_await("127.0.0.1", port, false, 2), "does not answer");
	assert_true(clock_now() - begin >= 1.9 && clock_now() - begin < 5);
	begin = clock_now();
	refused(dialogue_await("127.0.0.1", port, true, 2), "does not answer");
	assert_true(clock_now() - begin < 5);
}

/* In a process of its own: the flag of an interruption never falls again. */
static void a_signal_ends_the_waiting(void **state)
{
	unsigned port;
	CLEAN(fd) int fd = deaf(&port);
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		const double begin = clock_now();

		interrupt_install();
		raise(SIGTERM);
		struct error *e = dialogue_await("127.0.0.1", port, false, 20);
		bool right = e && strstr(error_message(e), "interrupted") && clock_now() - begin < 2;
		error_free(e);
		_exit(!right);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dialogue_asks_and_hears),
		cmocka_unit_test(a_dialogue_starts_tls),
		cmocka_unit_test(a_tls_version_that_the_server_refuses_is_an_error),
		cmocka_unit_test(a_dialogue_is_bounded),
		cmocka_unit_test(tls_is_not_started_over_what_came_in_clear),
		cmocka_unit_test(a_greeting_is_awaited),
		cmocka_unit_test(a_signal_ends_the_waiting),
	};
	return cmocka_run_group_tests(tests, prepare, tidy);
}
