#include "tests/unit/cli.h"

#include "checks/check.h"
#include "cli/json.h"
#include "cli/sinks.h"

static void test_step_lines(void **state)
{
	CLEAN(capture) struct capture c;
	struct terminal t;

	(void)state;
	capture_open(&c, false);
	terminal_open(&t, &c.screen);
	struct event_sink sink = terminal_sink(&t);
	struct event e = { .kind = EVENT_STEP_DONE,
		.step = "packages",
		.title = "Debian packages",
		.index = 3,
		.count = 17,
		.seconds = 41.23 };
	sink.emit(sink.context, &e);
	e.kind = EVENT_STEP_SKIPPED;
	sink.emit(sink.context, &e);
	e.kind = EVENT_STEP_FAILED;
	c.screen.utf8 = false;
	sink.emit(sink.context, &e);
	terminal_close(&t);
	capture_flush(&c);
	CLEAN(list) struct list lines = { 0 };
	list_split(&lines, c.out, "\n");
	assert_int_equal(lines.n, 3);
	assert_true(starts_with(lines.v[0], "[ 3/17] ✓ packages        Debian packages "));
	assert_true(ends_with(lines.v[0], "      41.2 s"));
	assert_true(starts_with(lines.v[1], "[ 3/17] · packages "));
	assert_true(ends_with(lines.v[1], "already done"));
	assert_true(starts_with(lines.v[2], "[ 3/17] x packages "));
	for (size_t i = 0; i < lines.n; i++)
		assert_int_equal(text_columns(lines.v[i]), 80);
}

static void test_narrow_windows(void **state)
{
	static const unsigned widths[] = { 30, 40, 60, 80, 120 };

	(void)state;
	for (size_t i = 0; i < sizeof(widths) / sizeof(*widths); i++) {
		CLEAN(capture) struct capture c;
		struct terminal t;

		capture_open(&c, true);
		c.screen.fixed_width = widths[i];
		terminal_open(&t, &c.screen);
		struct event_sink sink = terminal_sink(&t);
		struct event e = { .kind = EVENT_STEP_BEGIN,
			.step = "spamass-milter",
			.index = 12,
			.count = 20,
			.title = "A title that is so long that it does not fit into any narrow window of the "
				 "world" };
		sink.emit(sink.context, &e);
		sink.emit(sink.context,
			&(struct event){ .kind = EVENT_PROGRESS, .percent = 50, .text = e.title });
		e.kind = EVENT_STEP_DONE;
		sink.emit(sink.context, &e);
		capture_flush(&c);
		CLEAN(list) struct list lines = { 0 };
		list_split(&lines, c.talk, "\r\033[K");
		for (size_t k = 0; k < lines.n; k++)
			assert_true(text_columns(lines.v[k]) < widths[i]);
		if (widths[i] >= 60)
			assert_true(text_columns(c.out) - 1 <= widths[i]);
	}
}

static void test_quiet_keeps_warnings(void **state)
{
	CLEAN(capture) struct capture c;
	struct terminal t;
	struct finding bad = { .check = "relay",
		.title = "No relaying",
		.state = CHECK_FAILED,
		.evidence = (char *)"250 ok",
		.remedy = (char *)"close it" };

	(void)state;
	capture_open(&c, true);
	c.screen.quiet = true;
	terminal_open(&t, &c.screen);
	struct event_sink sink = terminal_sink(&t);
	sink.emit(sink.context, &(struct event){ .kind = EVENT_STEP_BEGIN, .step = "tls", .title = "TLS" });
	sink.emit(sink.context, &(struct event){ .kind = EVENT_PROGRESS, .step = "tls", .percent = 5 });
	sink.emit(sink.context, &(struct event){ .kind = EVENT_STEP_DONE, .step = "tls", .title = "TLS" });
	sink.emit(sink.context, &(struct event){ .kind = EVENT_NOTICE, .text = "by the way" });
	sink.emit(sink.context, &(struct event){ .kind = EVENT_WARNING, .text = "mind the gap" });
	sink.emit(sink.context, &(struct event){ .kind = EVENT_FINDING, .finding = &bad });
	terminal_close(&t);
	capture_flush(&c);
	assert_string_equal(c.talk, "warning: mind the gap\n");
	assert_true(starts_with(c.out, "✗ relay "));
	assert_non_null(strstr(c.out, "250 ok"));
	assert_non_null(strstr(c.out, "→ close it"));
}

/* Each line of s as a JSON object, into an array. */
static json_t *read_lines(const char *s)
{
	CLEAN(list) struct list lines = { 0 };
	json_t *all = json_array();

	list_split(&lines, s, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		json_t *object = json_loads(lines.v[i], 0, NULL);

		assert_true(json_is_object(object));
		json_array_append_new(all, object);
	}
	return all;
}

static const char *member(const json_t *all, size_t i, const char *key)
{
	return json_string_value(json_object_get(json_array_get(all, i), key));
}

static void test_json_lines(void **state)
{
	CLEAN(capture) struct capture c;
	struct json_lines j;
	struct finding f = { .check = "dkim",
		.title = "Signed",
		.state = CHECK_UNKNOWN,
		.evidence = (char *)"no record",
		.remedy = (char *)"" };

	(void)state;
	capture_open(&c, false);
	j.out = c.screen.out;
	struct event_sink sink = json_sink(&j);
	sink.emit(sink.context, &(struct event){ .kind = EVENT_STEP_DONE,
					.step = "packages",
					.title = "Debian packages",
					.index = 3,
					.count = 17,
					.seconds = 41.2 });
	for (int i = 0; i < 100; i++)
		sink.emit(sink.context,
			&(struct event){ .kind = EVENT_PROGRESS, .percent = 10 + i / 50, .text = "x" });
	sink.emit(sink.context,
		&(struct event){ .kind = EVENT_WARNING, .text = "broken \xff\xc3\xa9 \"quoted\"\n" });
	sink.emit(sink.context, &(struct event){ .kind = EVENT_FINDING, .finding = &f });
	capture_flush(&c);
	json_t *all = read_lines(c.out);
	assert_null(member(all, 4, "text"));
	assert_int_equal(json_array_size(all), 5);
	assert_string_equal(member(all, 0, "event"), "step-done");
	assert_string_equal(member(all, 0, "step"), "packages");
	assert_non_null(strstr(c.out, "\"seconds\":41.2"));
	assert_string_equal(member(all, 2, "event"), "progress");
	assert_string_equal(member(all, 3, "text"), "broken ?é \"quoted\"\n");
	assert_string_equal(member(all, 4, "state"), "unknown");
	json_decref(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_step_lines),
		cmocka_unit_test(test_narrow_windows),
		cmocka_unit_test(test_quiet_keeps_warnings),
		cmocka_unit_test(test_json_lines),
	};

	return cmocka_run_group_tests(tests, speak_utf8, NULL);
}
