/* The command line without a machine: tables, options, suggestions, texts on a screen, the sinks. */
#include "tests/unit/unit.h"

#include "base/i18n.h"
#include "checks/check.h"
#include "cli/help.h"
#include "cli/json.h"
#include "engine/published.h"
#include "cli/options.h"
#include "cli/prompt.h"
#include "cli/report.h"
#include "cli/sinks.h"
#include "cli/suggest.h"

#include <locale.h>
#include <unistd.h>

/* A screen that writes into memory. */
struct capture {
	struct screen screen;
	char *out, *talk;
	size_t out_size, talk_size;
};

static void capture_open(struct capture *c, bool live)
{
	*c = (struct capture){ .screen = { .live = live, .utf8 = true, .fixed_width = 80 } };
	c->screen.out = open_memstream(&c->out, &c->out_size);
	c->screen.talk = open_memstream(&c->talk, &c->talk_size);
}

static void capture_flush(struct capture *c)
{
	fflush(c->screen.out);
	fflush(c->screen.talk);
}

static void capture_cleanup(struct capture *c)
{
	fclose(c->screen.out);
	fclose(c->screen.talk);
	free(c->out);
	free(c->talk);
}

static struct cli *cli_for(const char *command)
{
	struct cli *cli = allocate(sizeof(*cli));

	params_init(&cli->params);
	cli->command = command ? command_find(command) : NULL;
	screen_open(&cli->screen, true);
	return cli;
}

static void cli_drop(struct cli *cli)
{
	params_free(&cli->params);
	list_free(&cli->operands);
	free(cli);
}

static void cli_cleanup(struct cli **cli)
{
	cli_drop(*cli);
}

/* words: the command line behind the name, split at blanks. */
static struct error *parse(struct cli *cli, const char *words, int *ret_next)
{
	static struct list argv; /* options keep pointers into it */

	list_free(&argv);
	list_add(&argv, "mailsetup");
	list_split(&argv, words, " ");
	return options_parse(cli, (int)argv.n, argv.v, ret_next);
}

static void assert_ok(struct error *e)
{
	if (e)
		fail_msg("%s", error_message(e));
}

static void assert_error(struct error *e, enum error_code code, const char *part)
{
	assert_non_null(e);
	if (!strstr(error_message(e), part))
		fail_msg("\"%s\" does not say \"%s\"", error_message(e), part);
	assert_int_equal(error_code(e), code);
	error_free(e);
}

static void assert_documented(const struct command *c)
{
	assert_non_null(c->summary);
	assert_non_null(c->help);
	assert_true(!c->run == !!c->actions);
	assert_true(!c->operands == !c->operands_max);
	assert_true(c->operands_min <= c->operands_max);
}

static void test_commands_are_sorted_and_documented(void **state)
{
	(void)state;
	for (size_t i = 0; commands[i]; i++) {
		const struct command *c = commands[i];

		if (i)
			assert_true(strcmp(commands[i - 1]->name, c->name) < 0);
		assert_ptr_equal(command_find(c->name), c);
		assert_documented(c);
		for (size_t k = 0; c->actions && c->actions[k]; k++) {
			const char *word = action_word(c->actions[k]);
			CLEAN(free) char *name = text("%s %s", c->name, word);

			assert_string_equal(c->actions[k]->name, name);
			assert_ptr_equal(action_find(c, word), c->actions[k]);
			assert_documented(c->actions[k]);
		}
	}
	assert_null(command_find("nothing"));
}

static void test_option_names_are_unique(void **state)
{
	(void)state;
	for (size_t i = 0; commands[i]; i++) {
		CLEAN(cli) struct cli *cli = cli_for(commands[i]->name);
		CLEAN(list) struct list names = { 0 };
		char letters[256] = { 0 };

		for (enum option_group g = GROUP_OWN; g <= GROUP_COMMON; g++) {
			CLEAN(free) struct option_spec *options = options_of(cli->command, g, cli);

			for (const struct option_spec *o = options; o->name; o++) {
				assert_false(list_has(&names, o->name));
				assert_false(o->letter && letters[o->letter]++);
				assert_true(o->help && *o->help);
				list_add(&names, o->name);
			}
		}
		assert_true(list_has(&names, "json"));
		assert_false(list_has(&names, "admin-hash"));
	}
}

static void test_options_reach_the_parameters(void **state)
{
	CLEAN(cli) struct cli *cli = cli_for("install");
	int next;

	(void)state;
	assert_ok(parse(cli,
		"--domain EXEMPLE.fr. --extra-domain toto.fr --extra-domain=titi.fr --no-learn -q --json",
		&next));
	assert_string_equal(cli->params.domain, "exemple.fr");
	assert_int_equal(cli->params.extra_domains.n, 2);
	assert_true(cli->params.no_learn);
	assert_true(cli->quiet && cli->json && !cli->verbose);
}

static void test_bad_values_are_usage_errors(void **state)
{
	static const char *const lines[] = { "--domain exemple", "--domain 192.0.2.1", "--network 0.0.0.0/0",
		"--selector a/b", "--dkim-bits 12", "--tls-cert /nowhere/at-all.pem", "--inbound-tls perhaps" };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		CLEAN(cli) struct cli *cli = cli_for("install");
		int next;

		assert_error(parse(cli, lines[i], &next), ERR_USAGE, lines[i]);
	}
}

static void test_operands_are_counted(void **state)
{
	CLEAN(cli) struct cli *one = cli_for("rollback");
	CLEAN(cli) struct cli *two = cli_for("rollback");
	CLEAN(cli) struct cli *none = cli_for("status");
	int next;

	(void)state;
	assert_ok(parse(one, "dkim --yes", &next));
	assert_string_equal(one->operands.v[0], "dkim");
	assert_error(parse(two, "dkim tls", &next), ERR_USAGE, "unexpected argument “tls”");
	assert_error(parse(none, "dkim", &next), ERR_USAGE, "unexpected argument “dkim”");
}

static void test_help_wins_over_what_follows(void **state)
{
	CLEAN(cli) struct cli *cli = cli_for("install");
	int next;

	(void)state;
	assert_ok(parse(cli, "--help --domain nonsense", &next));
	assert_true(cli->want_help);
	assert_null(cli->params.domain);
}

static void test_options_before_the_command(void **state)
{
	CLEAN(cli) struct cli *cli = cli_for(NULL);
	CLEAN(cli) struct cli *empty = cli_for(NULL);
	int next;

	(void)state;
	assert_ok(parse(cli, "--json status --quiet", &next));
	assert_int_equal(next, 2);
	assert_true(cli->json);
	assert_false(cli->quiet);
	assert_ok(parse(empty, "", &next));
	assert_int_equal(next, 1);
}

static void test_suggestions(void **state)
{
	(void)state;
	assert_int_equal(edit_distance("install", "install"), 0);
	assert_int_equal(edit_distance("instal", "install"), 1);
	assert_int_equal(edit_distance("isntall", "install"), 1);
	assert_int_equal(edit_distance("", "help"), 4);
	assert_int_equal(edit_distance("help", ""), 4);
	assert_true(edit_distance("a name that is longer than any name could ever be", "x") == SIZE_MAX);
	assert_error(unknown_command("instal"), ERR_USAGE, "did you mean `mailsetup install`");
	assert_error(unknown_command("verfy"), ERR_USAGE, "did you mean `mailsetup verify`");
	assert_error(unknown_command("frobnicate"), ERR_USAGE, "`mailsetup help` lists all");
	assert_error(unknown_command("\033[2Jx"), ERR_USAGE, "“?[2Jx”");
}

static void test_help_names_every_option(void **state)
{
	CLEAN(capture) struct capture c;

	(void)state;
	capture_open(&c, false);
	for (size_t i = 0; commands[i]; i++) {
		CLEAN(cli) struct cli *cli = cli_for(commands[i]->name);

		cli->screen = c.screen;
		help_command(cli, commands[i], c.screen.out);
	}
	help_program(&c.screen, c.screen.out);
	capture_flush(&c);
	for (size_t i = 0; i < param_count; i++) {
		CLEAN(free) char *option = text("--%s", param_specs[i].name);

		assert_true(!strstr(c.out, option) == param_specs[i].hidden);
	}
	CLEAN(list) struct list lines = { 0 };
	list_split(&lines, c.out, "\n");
	for (size_t i = 0; i < lines.n; i++)
		assert_true(text_columns(lines.v[i]) <= 80);
}

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

static void test_report(void **state)
{
	CLEAN(capture) struct capture plain;
	CLEAN(capture) struct capture machine;
	struct cli cli = { .next = "run `mailsetup resume`" };

	(void)state; /* (fail): cmocka has a macro of that name */
	capture_open(&plain, false);
	cli.screen = plain.screen;
	assert_int_equal(report(&cli, NULL), 0);
	assert_int_equal(report(&cli, with_detail((fail)(ERR_PRECHECK, "no\nroom"), "E: a\nE: b\n")), 3);
	capture_flush(&plain);
	assert_string_equal(
		plain.talk, "mailsetup: no\n           room\n    E: a\n    E: b\nrun `mailsetup resume`\n");
	assert_int_equal(plain.out_size, 0);

	capture_open(&machine, false);
	cli.screen = machine.screen;
	cli.json = true;
	assert_int_equal(report(&cli, with_detail((fail)(ERR_BUSY, "wait"), "pid 7")), 5);
	capture_flush(&machine);
	assert_string_equal(machine.out, "{\"event\":\"error\",\"code\":5,\"message\":\"wait\",\"detail\":"
					 "\"pid 7\",\"next\":\"run `mailsetup resume`\"}\n");
	assert_int_equal(machine.talk_size, 0);
}

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
	assert_ok(read_line_of("secret word\nnext\n", 512, &one));
	assert_string_equal(bytes_text(&one), "secret word");
	assert_ok(read_line_of("no newline", 512, &bare));
	assert_string_equal(bytes_text(&bare), "no newline");
	assert_ok(read_line_of("12345\n", 5, &full));
	assert_string_equal(bytes_text(&full), "12345");
	assert_error(read_line_of("123456\n", 5, &over), ERR_USAGE, "longer than 5 bytes");
	assert_int_equal(over.size, 0);
}

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
		cmocka_unit_test(test_commands_are_sorted_and_documented),
		cmocka_unit_test(test_option_names_are_unique),
		cmocka_unit_test(test_options_reach_the_parameters),
		cmocka_unit_test(test_bad_values_are_usage_errors),
		cmocka_unit_test(test_operands_are_counted),
		cmocka_unit_test(test_help_wins_over_what_follows),
		cmocka_unit_test(test_options_before_the_command),
		cmocka_unit_test(test_suggestions),
		cmocka_unit_test(test_help_names_every_option),
		cmocka_unit_test(test_texts_fit),
		cmocka_unit_test(test_texts_in_the_c_locale),
		cmocka_unit_test(test_wrapping),
		cmocka_unit_test(test_step_lines),
		cmocka_unit_test(test_narrow_windows),
		cmocka_unit_test(test_live_progress),
		cmocka_unit_test(test_live_progress_in_a_shrinking_window),
		cmocka_unit_test(test_sparse_progress),
		cmocka_unit_test(test_quiet_keeps_warnings),
		cmocka_unit_test(test_json_lines),
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_password_line),
		cmocka_unit_test(test_private_addresses),
	};

	/* The texts hold accents; every Debian has this locale. */
	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
