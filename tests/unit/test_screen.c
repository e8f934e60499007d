#include "tests/unit/cli.h"

static void test_texts_fit(void **state)
{
	CLEAN(free) char *cut = text_fit("clés éphémères", 6);
	CLEAN(free) char *whole = text_fit("clés", 4);
	CLEAN(free) char *harmless = text_fit("a\033[31mb\nc\xff", 0);

	(void)state;
	assert_string_equal(cut, "clés …");
	assert_string_equal(whole, "clés");
	assert_string_equal(harmless, "a?[31mb c?");
	assert_int_equal(text_columns("éé"), 2);
}

/* In the C locale quotes have their like, and each other character is one question mark. */
static void test_texts_in_the_c_locale(void **state)
{
	(void)state;
	char *before = text_copy(setlocale(LC_CTYPE, NULL));
	assert_non_null(setlocale(LC_CTYPE, "C"));
	char *plain = text_fit("there is no “Jérôme”\xff…", 0);
	size_t columns = text_columns("é…");
	setlocale(LC_CTYPE, before);
	assert_string_equal(plain, "there is no \"J?r?me\"?~");
	assert_int_equal(columns, 2);
	free(plain);
	free(before);
}

static void test_wrapping(void **state)
{
	CLEAN(capture) struct capture c;

	(void)state;
	capture_open(&c, false);
	put_wrapped(c.screen.out, "one two three\n\nfour", 2, 2, 10);
	capture_flush(&c);
	put_wrapped(c.screen.out, "run `a b` or `c d e f g h` now", 0, 1, 10);
	put_wrapped_behind(c.screen.out, "one two three", 0, "; ", 9);
	capture_flush(&c);
	assert_string_equal(c.out, "one two\n  three\n\n  four\nrun `a b`\n or `c d e\n f g h`\n now\none two\n; three\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_fit),
		cmocka_unit_test(test_texts_in_the_c_locale),
		cmocka_unit_test(test_wrapping),
	};

	return cmocka_run_group_tests(tests, speak_utf8, NULL);
}
