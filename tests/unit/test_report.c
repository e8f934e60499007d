#include "tests/unit/cli.h"

#include "cli/report.h"

static void test_report(void **state)
{
	CLEAN(capture) struct capture plain;
	CLEAN(capture) struct capture machine;
	struct cli cli = { .next = "run `mailsetup resume`" };

	(void)state;
	capture_open(&plain, false);
	cli.screen = plain.screen;
	assert_int_equal(report(&cli, NULL), 0);
	assert_int_equal(report(&cli, with_detail(fail(ERR_PRECHECK, "no\nroom"), "E: a\nE: b\n")), 3);
	capture_flush(&plain);
	assert_string_equal(
		plain.talk, "mailsetup: no\n           room\n    E: a\n    E: b\nrun `mailsetup resume`\n");
	assert_int_equal(plain.out_size, 0);

	capture_open(&machine, false);
	cli.screen = machine.screen;
	cli.json = true;
	assert_int_equal(report(&cli, with_detail(fail(ERR_BUSY, "wait"), "pid 7")), 5);
	capture_flush(&machine);
	assert_string_equal(machine.out, "{\"event\":\"error\",\"code\":5,\"message\":\"wait\",\"detail\":"
					 "\"pid 7\",\"next\":\"run `mailsetup resume`\"}\n");
	assert_int_equal(machine.talk_size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report),
	};

	return cmocka_run_group_tests(tests, speak_utf8, NULL);
}
