/* What everything stands on: texts that become bytes or JSON, and the clock. */
#include "tests/unit/unit.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/json_text.h"

static void bytes_take_a_text(void **state)
{
	(void)state;
	CLEAN(secret) struct bytes b = { 0 };

	bytes_take(&b, NULL);
	assert_int_equal(b.size, 0);
	assert_string_equal(bytes_text(&b), "");
	bytes_take(&b, text_copy("a key"));
	assert_int_equal(b.size, 5);
	bytes_printf(&b, ", %s", "and more");
	assert_string_equal(b.data, "a key, and more");
}

static void what_is_left_is_rounded_up(void **state)
{
	(void)state;
	const double now = clock_now();

	assert_int_equal(clock_left(now - 1), 0);
	assert_int_equal(clock_left(now), 0);
	int left = clock_left(now + 30);
	assert_true(left > 20000 && left <= 30001);
	/* poll(2) is never asked to wait for no time at all before the end. */
	left = clock_left(clock_now() + 0.0005);
	assert_true(left == 0 || left == 1);
	assert_int_equal(clock_left(now + 1e12), INT_MAX);
}

static void json_has_every_text(void **state)
{
	(void)state;
	CLEAN(list) struct list l = { 0 };
	CLEAN(json_decref) json_t *none = json_list(&l);

	assert_int_equal(json_array_size(none), 0);
	list_add(&l, "été");
	list_add(&l, "\xe9t\xe9");
	CLEAN(json_decref) json_t *both = json_list(&l);
	assert_int_equal(json_array_size(both), 2);
	assert_string_equal(json_string_value(json_array_get(both, 0)), "été");
	assert_string_equal(json_string_value(json_array_get(both, 1)), "?t?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_take_a_text),
		cmocka_unit_test(json_has_every_text),
		cmocka_unit_test(what_is_left_is_rounded_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
