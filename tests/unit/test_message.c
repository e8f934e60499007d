#include "tests/unit/unit.h"

#include "mail/message.h"

static void a_message_gets_crlf(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes mixed = of("a\nb\r\n\nc\rd\r\r\ne"), empty = { 0 }, got = { 0 }, none = { 0 };

	message_crlf(&mixed, &got);
	assert_string_equal(got.data, "a\r\nb\r\n\r\nc\rd\r\r\ne\r\n");
	message_crlf(&empty, &none);
	assert_int_equal(none.size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_gets_crlf),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
