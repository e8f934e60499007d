#include "tests/unit/peer.h"

#include "base/clock.h"

static void a_message_is_sent(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes message = of("Subject: x\n\n.point\nfin");
	struct server s = start(smtp_plain);
	struct endpoint e = endpoint(&s);

	must(smtp_send(&e, "jean@exemple.fr", "anne@exemple.org", &message));
	CLEAN(free) char *heard = stop(&s);
	assert_true(starts_with(heard, "EHLO [127.0.0.1]\n"));
	assert_non_null(strstr(heard, "\nMAIL FROM:<jean@exemple.fr>"));
	assert_non_null(strstr(heard, "\nRCPT TO:<anne@exemple.org>\n"));
	assert_non_null(strstr(heard, "\nSubject: x\n\n..point\nfin\n.\n"));
	assert_null(strstr(heard, "BARE LF"));
}

static void the_null_sender_is_sent(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes message = of("Subject: x\r\n\r\n");
	struct server s = start(smtp_plain);
	struct endpoint e = endpoint(&s);

	must(smtp_send(&e, "", "anne@exemple.org", &message));
	CLEAN(free) char *heard = stop(&s);
	assert_non_null(strstr(heard, "\nMAIL FROM:<>"));
}

static void a_refusal_carries_the_reply(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes message = of("Subject: x\r\n\r\n");
	struct server s = start(smtp_refusing);
	struct endpoint e = endpoint(&s);
	struct error *problem = smtp_send(&e, "", "anne@exemple.org", &message);

	assert_non_null(problem);
	assert_string_equal(error_detail(problem), "554-5.7.1 no relaying\n554 5.7.1 for strangers");
	assert_int_equal(error_code(problem), ERR_STOPPED);
	refused(problem, "SMTP at 127.0.0.1 port");
	CLEAN(free) char *heard = stop(&s);
	assert_null(strstr(heard, "DATA"));
}

static void addresses_cannot_smuggle_commands(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes message = of("x");
	struct endpoint e = { .address = "127.0.0.1", .hostname = NAME, .port = 1 };

	refused(smtp_send(&e, "a@b.fr>\r\nRCPT TO:<c@d.fr", "a@b.fr", &message), "no address");
	refused(smtp_send(&e, "", "a@b.fr\nDATA", &message), "no address");
}

static void a_hanging_server_is_left(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes message = of("x");
	struct server s = start(silent);
	struct endpoint e = endpoint(&s);
	double begin = clock_now();

	e.timeout = 1;
	refused(smtp_send(&e, "", "anne@exemple.org", &message), "imed out");
	assert_true(clock_now() - begin < 5);
	free(stop(&s));
}

static void a_closed_port_is_an_error(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes message = of("x");
	struct server s = start(silent);
	struct endpoint e = endpoint(&s);
	struct dialogue *d = NULL;

	free(stop(&s));
	refused(smtp_send(&e, "", "anne@exemple.org", &message), "onnect");
	refused(dialogue_open("127.0.0.1", s.port, 2, &d), "refused");
	refused(dialogue_open("nowhere", s.port, 2, &d), "no IP address");
	assert_null(d);
}

static void starttls_trusts_the_given_certificate_only(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes message = of("Subject: x\r\n\r\n"), password = of(SECRET);
	struct server s = start(smtp_starttls);
	struct endpoint e = endpoint(&s);

	e.security = SECURITY_STARTTLS;
	e.user = "jean@exemple.fr";
	e.password = &password;
	e.certificate_file = certificate_file;
	must(smtp_send(&e, "jean@exemple.fr", "anne@exemple.org", &message));
	CLEAN(free) char *heard = stop(&s);
	assert_non_null(strstr(heard, "\nSNI " NAME "\n"));
	/* The password comes after TLS. */
	assert_true(strstr(heard, "\nAUTH PLAIN") > strstr(heard, "\nSNI"));

	s = start(smtp_starttls);
	e.port = s.port;
	e.certificate_file = other_certificate_file;
	refused(smtp_send(&e, "jean@exemple.fr", "anne@exemple.org", &message), "certificate");
	CLEAN(free) char *unheard = stop(&s);
	assert_null(strstr(unheard, "AUTH"));

	s = start(smtp_starttls);
	e.port = s.port;
	e.hostname = "faux.exemple.fr";
	e.certificate_file = certificate_file;
	refused(smtp_send(&e, "jean@exemple.fr", "anne@exemple.org", &message), "faux.exemple.fr");
	free(stop(&s));

	s = start(smtp_starttls);
	e.port = s.port;
	e.certificate_file = NULL;
	must(smtp_send(&e, "jean@exemple.fr", "anne@exemple.org", &message));
	free(stop(&s));
}

static void starttls_that_is_not_offered_is_an_error(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes message = of("x"), password = of(SECRET);
	struct server s = start(smtp_plain);
	struct endpoint e = endpoint(&s);

	e.security = SECURITY_STARTTLS;
	e.user = "jean@exemple.fr";
	e.password = &password;
	refused(smtp_send(&e, "", "anne@exemple.org", &message), "STARTTLS");
	CLEAN(free) char *heard = stop(&s);
	assert_null(strstr(heard, "MAIL"));
}

static void tls_from_the_start_works(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes message = of("Subject: x\r\n\r\n"), password = of(SECRET);
	struct server s = start(smtp_tls);
	struct endpoint e = endpoint(&s);

	e.security = SECURITY_TLS;
	e.user = "jean@exemple.fr";
	e.password = &password;
	e.certificate_file = certificate_file;
	must(smtp_send(&e, "jean@exemple.fr", "anne@exemple.org", &message));
	CLEAN(free) char *heard = stop(&s);
	assert_true(starts_with(heard, "SNI " NAME "\n"));
}

static void smtp_wrong_password(struct peer *p)
{
	say(p, "220 " NAME "\r\n");
	smtp(p, "250 STARTTLS\r\n", "250 ok\r\n", "535 5.7.8 authentication failed\r\n");
}

static void a_wrong_password_is_refused_and_not_repeated(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes message = of("x"), password = of(SECRET), bad = { 0 };
	struct server s = start(smtp_wrong_password);
	struct endpoint e = endpoint(&s);

	e.security = SECURITY_STARTTLS;
	e.user = "jean@exemple.fr";
	e.password = &password;
	refused(smtp_send(&e, "", "anne@exemple.org", &message), "535 5.7.8 authentication failed");
	free(stop(&s));

	bytes_add(&bad, "a\0b", 3);
	e.password = &bad;
	refused(smtp_send(&e, "", "anne@exemple.org", &message), "NUL");
	e.password = NULL;
	refused(smtp_send(&e, "", "anne@exemple.org", &message), "missing");
}

static void a_server_without_auth_cannot_pass_for_a_login(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes message = of("x"), password = of(SECRET);
	struct server s = start(smtp_plain);
	struct endpoint e = endpoint(&s);

	e.user = "jean@exemple.fr";
	e.password = &password;
	refused(smtp_send(&e, "", "anne@exemple.org", &message), "no AUTH");
	free(stop(&s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_sent),
		cmocka_unit_test(the_null_sender_is_sent),
		cmocka_unit_test(a_refusal_carries_the_reply),
		cmocka_unit_test(addresses_cannot_smuggle_commands),
		cmocka_unit_test(a_hanging_server_is_left),
		cmocka_unit_test(a_closed_port_is_an_error),
		cmocka_unit_test(starttls_trusts_the_given_certificate_only),
		cmocka_unit_test(starttls_that_is_not_offered_is_an_error),
		cmocka_unit_test(tls_from_the_start_works),
		cmocka_unit_test(a_wrong_password_is_refused_and_not_repeated),
		cmocka_unit_test(a_server_without_auth_cannot_pass_for_a_login),
	};
	return cmocka_run_group_tests(tests, prepare, tidy);
}
