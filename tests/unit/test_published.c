#include "tests/unit/unit.h"

#include "engine/published.h"

static void test_private_addresses(void **state)
{
	static const char *const private[] = { "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.2",
		"100.64.0.1", "fd00::1" };
	static const char *const public[] = { "9.9.9.9", "172.32.0.1", "192.169.0.1", "100.128.0.1",
		"2001:db8::1", "203.0.113.1" };

	(void)state;
	for (size_t i = 0; i < sizeof(private) / sizeof(*private); i++)
		assert_true(address_is_private(private[i]));
	for (size_t i = 0; i < sizeof(public) / sizeof(*public); i++)
		assert_false(address_is_private(public[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_private_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
