#include "tests/unit/unit.h"

#include "checks/ask.h"
#include "checks/check.h"
#include "checks/header.h"
#include "host/become.h"

#include <sys/timex.h>

static enum check_state refused(bool domain_missing, const char *reply)
{
	struct params p = { .domain = (char *)"exemple.fr", .hostname = (char *)"mail.exemple.fr" };
	struct check_context c = { .params = &p, .domain_missing = domain_missing };
	struct finding f = { .state = CHECK_OK };

	assert_true(ask_refused(&c, &f, with_detail(fail(ERR_STOPPED, "refused"), reply), "look"));
	assert_non_null(strstr(f.evidence, reply));
	free(f.evidence);
	free(f.remedy);
	return f.state;
}

/* Only the domain's absence from the DNS excuses a refusal, and only the refusal that comes of it. */
static void test_waits_for_dns(void **state)
{
	static const char no_domain[] = "450 4.1.8 <a@exemple.fr>: Sender address rejected: Domain not found";

	(void)state;
	assert_int_equal(refused(true, no_domain), CHECK_UNKNOWN);
	assert_int_equal(refused(false, no_domain), CHECK_FAILED);
	assert_int_equal(refused(true, "554 5.7.1 Access denied"), CHECK_FAILED);
}

static void test_features(void **state)
{
	char *answer[] = { (char *)"250-mail.exemple.fr", (char *)"250-AUTH PLAIN", (char *)"250 STARTTLS",
		NULL };
	struct list features = { .v = answer, .n = 3 };

	(void)state;
	assert_true(ask_has_feature(&features, "AUTH"));
	assert_true(ask_has_feature(&features, "starttls"));
	assert_false(ask_has_feature(&features, "START"));
	assert_false(ask_has_feature(&features, "PLAIN"));
	assert_false(ask_has_feature(&features, "AUTHENTICATION"));
}

static void test_header(void **state)
{
	char message[] = "Received: from a\r\n\tby b with ESMTPSA\r\nX-Spam: No,\n score=1\nreceived:by c\r\n"
			 "Receivedx: no\r\n\r\nReceived: in the body\r\n";
	struct bytes b = { .data = message, .size = sizeof(message) - 1 };
	struct list found = { 0 };

	(void)state;
	header_values(&b, "Received", &found);
	assert_int_equal(found.n, 2);
	assert_string_equal(found.v[0], "from a\tby b with ESMTPSA");
	assert_string_equal(found.v[1], "by c");
	list_free(&found);
	header_values(&b, "X-Spam", &found);
	assert_int_equal(found.n, 1);
	assert_string_equal(found.v[0], "No, score=1");
	list_free(&found);
	header_values(&b, "X-Sp", &found);
	header_values(&(struct bytes){ 0 }, "Received", &found);
	header_values(&(struct bytes){ .data = (char *)"Received:", .size = 9 }, "Subject", &found);
	assert_int_equal(found.n, 0);
}

static void test_become_nobody_we_know(void **state)
{
	struct error *e = become_user("no-such-user-here");

	(void)state;
	assert_non_null(e);
	assert_non_null(strstr(error_message(e), "no-such-user-here"));
	error_free(e);
}

static void test_the_list(void **state)
{
	struct list names = { 0 };

	(void)state;
	for (size_t i = 0; all_checks[i]; i++) {
		assert_non_null(all_checks[i]->run);
		assert_true(*all_checks[i]->title);
		assert_int_equal(strspn(all_checks[i]->name, "abcdefghijklmnopqrstuvwxyz0123456789-"),
			strlen(all_checks[i]->name));
		assert_false(list_has(&names, all_checks[i]->name));
		list_add(&names, all_checks[i]->name);
	}
	assert_true(names.n > 40);
	list_free(&names);
}

static void test_unknown_name(void **state)
{
	struct params p = { .domain = (char *)"exemple.fr" };
	char *names[] = { (char *)"units", (char *)"no-such-check", NULL };
	struct list only = { .v = names, .n = 2 };
	struct check_options options = { .only = &only };
	struct check_summary s;
	struct error *e = checks_run(NULL, &p, &options, NULL, &s);

	(void)state;
	assert_int_equal(error_code(e), ERR_USAGE);
	assert_non_null(strstr(error_message(e), "no-such-check"));
	error_free(e);
	names[1] = (char *)"gtube";
	options.no_mail = true;
	e = checks_run(NULL, &p, &options, NULL, &s);
	assert_int_equal(error_code(e), ERR_USAGE);
	error_free(e);
}

/* In place of libc's. */
static int adjtimex_answer, adjtimex_status;

int adjtimex(struct timex *t)
{
	t->status = adjtimex_status;
	errno = EPERM;
	return adjtimex_answer;
}

static enum check_state clock_state(int answer, int status, const char *evidence)
{
	CLEAN(host_close) struct host *h = NULL;
	struct check_context c = { 0 };
	struct finding f = { .state = CHECK_FAILED };

	must(host_open("/proc/self/fdinfo", &h)); /* nothing that mailsetup wrote is there */
	c.host = h;
	adjtimex_answer = answer;
	adjtimex_status = status;
	check_clock.run(&c, &f);
	assert_non_null(strstr(f.evidence, evidence));
	free(f.evidence);
	free(f.remedy);
	return f.state;
}

/* A kernel that does not answer has not said that the clock is right. */
static void test_clock(void **state)
{
	(void)state;
	assert_int_equal(clock_state(TIME_OK, 0, "synchronised"), CHECK_OK);
	assert_int_equal(clock_state(TIME_ERROR, 0, "not synchronised"), CHECK_UNKNOWN);
	assert_int_equal(clock_state(TIME_OK, STA_UNSYNC, "not synchronised"), CHECK_UNKNOWN);
	assert_int_equal(clock_state(-1, 0, "cannot be asked"), CHECK_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits_for_dns),
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_become_nobody_we_know),
		cmocka_unit_test(test_the_list),
		cmocka_unit_test(test_unknown_name),
		cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
