#include "tests/unit/cli.h"

#include "cli/progress.h"

static double clock_seconds;

static double test_clock(void)
{
	return clock_seconds;
}

static unsigned count_of(const char *s, const char *part)
{
	unsigned n = 0;

	for (; (s = strstr(s, part)); s += strlen(part))
		n++;
	return n;
}

static void test_live_progress(void **state)
{
	CLEAN(capture) struct capture c;
	struct progress p;

	(void)state;
	capture_open(&c, true);
	progress_init(&p, &c.screen);
	p.now = test_clock;
	clock_seconds = 100;
	progress_begin(&p, "packages", "Debian packages", 3, 17);
	for (int i = 0; i < 100; i++) {
		clock_seconds += 0.0625; /* exact in binary: two are more than a tenth of a second */
		progress_show(&p, i, "postfix");
	}
	progress_erase(&p);
	capture_flush(&c);
	assert_non_null(strstr(c.talk, "[ 3/17]   packages"));
	assert_non_null(strstr(c.talk, " 51 % "));
	assert_int_equal(count_of(c.talk, "postfix"), 50);
	assert_null(strchr(c.talk, '\n'));
	assert_true(ends_with(c.talk, "\r\033[K"));
}

/* The window becomes narrower: what the terminal has broken into rows is taken back as such. */
static void test_live_progress_in_a_shrinking_window(void **state)
{
	CLEAN(capture) struct capture c;
	struct progress p;

	(void)state;
	capture_open(&c, true);
	progress_init(&p, &c.screen);
	p.now = test_clock;
	progress_begin(&p, "packages", "A title of many words, so that the line is as wide as the window of 80 columns", 3, 17);
	c.screen.fixed_width = 30;
	capture_flush(&c);
	size_t before = c.talk_size;
	progress_erase(&p);
	capture_flush(&c);
	assert_string_equal(c.talk + before, "\033[2A\r\033[J\033[K");
}

static void test_sparse_progress(void **state)
{
	CLEAN(capture) struct capture c;
	struct progress p;

	(void)state;
	capture_open(&c, false);
	progress_init(&p, &c.screen);
	p.now = test_clock;
	clock_seconds = 100;
	progress_begin(&p, "packages", "Debian packages", 3, 17);
	for (int i = 0; i <= 100; i++) { /* 50 s in all */
		clock_seconds += 0.5;
		progress_show(&p, i, "postfix");
	}
	capture_flush(&c);
	assert_string_equal(c.talk, "packages: 25 % postfix\npackages: 50 % postfix\npackages: 75 % postfix\n"
				    "packages: 100 % postfix\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_live_progress),
		cmocka_unit_test(test_live_progress_in_a_shrinking_window),
		cmocka_unit_test(test_sparse_progress),
	};

	return cmocka_run_group_tests(tests, speak_utf8, NULL);
}
