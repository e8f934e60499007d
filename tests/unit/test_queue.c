#include "tests/unit/unit.h"

#include "host/queue.h"

static void ids_of_postfix(void **state)
{
	static const char *const good[] = { "B6B4E3A2333", "123456", "4ABCDEF", "3Pt2mN2VXxznjll", "4WHmrt2Fjyz9tP", "ABCDEF0123456789ABCDE" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		if (!queue_id_valid(good[i]))
			fail_msg("%s", good[i]);
}

static void nothing_else(void **state)
{
	/* "ALL" and "-" are what postsuper(1) reads as more than one message. */
	static const char *const bad[] = { "", "ALL", "all", "-", "-d", "--", "12345", "b6b4e3a2333", "B6B4E3A2333!", "B6B4E3A2333 ", "B6B4E3A2333\n",
		"B6B4E3A2333\nALL", "../B6B4E3A2333", "B6B4E3/2333", "ABCDEFG", "3Pt2mN2VXxnjll", "3Pt2mzN2V", "3Pt2mN2VXxz", "3Pt2aN2VXxznjll",
		"0123456789ABCDEF0123456789ABCDEF012345678", "B6B4E3A233\xc3\xa9", "NOQUEUE", "\x1b[31m" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (queue_id_valid(bad[i]))
			fail_msg("%s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(ids_of_postfix), cmocka_unit_test(nothing_else) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
