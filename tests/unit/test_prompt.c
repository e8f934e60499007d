#include "tests/unit/unit.h"

#include "cli/prompt.h"

static struct error *read_line_of(const char *input, size_t limit, struct bytes *ret)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], input, strlen(input)), (int)strlen(input));
	close(ends[1]);
	struct error *e = line_read(ends[0], limit, ret);
	close(ends[0]);
	return e;
}

static void test_password_line(void **state)
{
	CLEAN(bytes) struct bytes one = { 0 }, bare = { 0 }, full = { 0 }, over = { 0 };

	(void)state;
	must(read_line_of("secret word\nnext\n", 512, &one));
	assert_string_equal(bytes_text(&one), "secret word");
	must(read_line_of("no newline", 512, &bare));
	assert_string_equal(bytes_text(&bare), "no newline");
	must(read_line_of("12345\n", 5, &full));
	assert_string_equal(bytes_text(&full), "12345");
	fails_with(read_line_of("123456\n", 5, &over), ERR_USAGE, "longer than 5 bytes");
	assert_int_equal(over.size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_password_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
