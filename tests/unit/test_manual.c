/* The manual pages, --help and the completion are made from the same tables: each row of a table is in all of them. */
#include "tests/unit/unit.h"

#include "cli/complete.h"
#include "cli/help.h"
#include "cli/manual.h"
#include "cli/manual_text.h"
#include "cli/options.h"
#include "cli/roff.h"

static char *page, *config_page, *help_all;

static struct cli cli;

/* What `write` writes of c, on a screen of that width; owned by the caller. */
static char *written(void (*write)(const struct command *c, FILE *f), const struct command *c, unsigned width)
{
	char *s;
	size_t size;
	FILE *f = open_memstream(&s, &size);

	cli.screen.fixed_width = width;
	write(c, f);
	fclose(f);
	return s;
}

static void write_page(const struct command *c, FILE *f)
{
	(void)c;
	manual_program(&cli, f);
}

static void write_config_page(const struct command *c, FILE *f)
{
	(void)c;
	manual_config(f);
}

static void write_help(const struct command *c, FILE *f)
{
	if (c)
		help_command(&cli, c, f);
	else
		help_program(&cli.screen, f);
}

/* The page has hyphens that are typed as \-, and words that could be a macro behind \&. */
static bool page_has(const char *macro, const char *words)
{
	CLEAN(bytes) struct bytes plain = { 0 };
	CLEAN(free) char *wanted = text("\n%s %s", macro, words);

	for (const char *s = page; *s; s++)
		if (strncmp(s, "\\&", 2) == 0)
			s++;
		else if (!(s[0] == '\\' && s[1] == '-'))
			bytes_add(&plain, s, 1);
	const char *at = strstr(plain.data, wanted);
	return at && strchr(" \n", at[strlen(wanted)]);
}

static void assert_in_page(const char *macro, const char *words)
{
	if (!page_has(macro, words))
		fail_msg("the page has no %s %s", macro, words);
}

static void assert_completed(const char *words, const char *wanted)
{
	CLEAN(list) struct list typed = { 0 }, offered = { 0 };

	list_split(&typed, words, " ");
	list_add(&typed, "");
	if (wanted[0] == '-') {
		free(typed.v[typed.n - 1]);
		typed.v[typed.n - 1] = text_copy("--");
	}
	complete_words(&cli, &typed, &offered);
	if (!list_has(&offered, wanted))
		fail_msg("the completion of '%s' has no %s", words, wanted);
}

static void each_option(const struct command *c, enum option_group group, const char *help)
{
	CLEAN(free) struct option_spec *options = options_of(c, group, &cli);

	for (const struct option_spec *o = options; o->name; o++) {
		CLEAN(free) char *name = text("--%s", o->name);
		CLEAN(free) char *item = o->letter ? text("Fl %c , Fl -%s", o->letter, o->name) : text("Fl -%s", o->name);

		if (!strstr(help, name))
			fail_msg("%s --help has no %s", c->name, name);
		assert_completed(c->name, name);
		assert_in_page(".It", item);
	}
}

static void each_leaf(const struct command *c, const char *macro)
{
	CLEAN(free) char *help = written(write_help, c, 80);

	assert_in_page(macro, c->name);
	for (enum option_group g = GROUP_OWN; g <= GROUP_COMMON; g++)
		each_option(c, g, help);
}

static void test_commands_actions_and_options(void **state)
{
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; commands[i]; i++) {
		const struct command *c = commands[i];

		assert_in_page(".Cm", c->name);
		assert_completed("", c->name);
		assert_non_null(strstr(help_all, c->name));
		if (!c->actions)
			each_leaf(c, ".Ss");
		CLEAN(free) char *help = written(write_help, c, 80);
		for (size_t k = 0; c->actions && c->actions[k]; k++, n++) {
			CLEAN(free) char *line = text("\n  %s", action_word(c->actions[k]));

			assert_in_page(".Ss", c->name);
			assert_completed(c->name, action_word(c->actions[k]));
			assert_non_null(strstr(help, line));
			each_leaf(c->actions[k], ".It Cm");
		}
	}
	assert_true(n > 30);
}

static void test_parameters(void **state)
{
	(void)state;
	for (size_t i = 0; i < param_count; i++) {
		const struct param_spec *p = &param_specs[i];
		CLEAN(free) char *escaped = text_copy("");
		CLEAN(bytes) struct bytes item = { 0 };

		bytes_add_text(&item, "\n.It Cm ");
		for (const char *s = p->name; *s; s++)
			bytes_printf(&item, "%s%c", *s == '-' ? "\\" : "", *s);
		bytes_add_text(&item, " = ");
		CLEAN(bytes) struct bytes plain = { 0 };
		for (const char *s = config_page; *s; s++)
			if (strncmp(s, "\\&", 2) == 0)
				s++;
			else
				bytes_add(&plain, s, 1);
		assert_true(!strstr(plain.data, item.data) == p->hidden);
	}
}

/* Every exit code has its line, in its place. */
static void test_exit_status(void **state)
{
	unsigned n = 0;

	(void)state;
	for (const struct manual_item *i = manual_exit_status; i->text; i++, n++) {
		CLEAN(free) char *code = text("%u", n);
		CLEAN(free) char *line = text("\n  %u  ", n);

		assert_string_equal(i->term, code);
		assert_in_page(".It", code);
		assert_non_null(strstr(help_all, line));
	}
	assert_int_equal(n, ERR_INCOMPLETE + 1);
}

/* Text that starts with a full stop would vanish from the page. */
static void test_no_line_is_a_request_by_accident(void **state)
{
	static const char *const macros[] = { "Dd", "Dt", "Os", "Sh", "Ss", "Nm", "Nd", "Cm", "Pp", "Bl", "It", "El", "Bd", "Ed", "Xr" };
	CLEAN(list) struct list lines = { 0 };

	(void)state;
	list_split(&lines, page, "\n");
	assert_true(lines.n > 300);
	for (size_t i = 0; i < lines.n; i++) {
		bool known = false;

		assert_true(lines.v[i][0] != '\'');
		for (size_t k = 0; k < sizeof(macros) / sizeof(*macros); k++)
			known |= strncmp(lines.v[i] + 1, macros[k], 2) == 0;
		if (lines.v[i][0] == '.' && !known)
			fail_msg("unknown request: %s", lines.v[i]);
	}
}

/* Commands that are shown to be typed are broken where they are wider. */
static void test_help_fits(void **state)
{
	static const unsigned widths[] = { 60, 80, 120 };

	(void)state;
	for (size_t w = 0; w < sizeof(widths) / sizeof(*widths); w++)
		for (size_t i = 0; commands[i]; i++) {
			CLEAN(free) char *help = written(write_help, commands[i], widths[w]);
			CLEAN(list) struct list lines = { 0 };

			list_split(&lines, help, "\n");
			for (size_t k = 0; k < lines.n; k++)
				if (text_columns(lines.v[k]) > widths[w])
					fail_msg("%u columns: %s", widths[w], lines.v[k]);
		}
}

static void test_roff(void **state)
{
	CLEAN(list) struct list placeholders = { 0 };
	char *s;
	size_t size;
	FILE *f = open_memstream(&s, &size);

	(void)state;
	roff_placeholders("[STEP] FILE.csv a|b ID|ADDRESS", &placeholders);
	assert_int_equal(placeholders.n, 4);
	roff_text(f, "Type `a-b \\x 'FILE'` in (/etc/x), see sh(1) and --opt. Not FILES, a-b. .so is no request.", &placeholders);
	roff_operands(f, "A [B [C]] D[,E...]");
	fputc('\n', f);
	roff_words(f, "add Ar longer");
	fclose(f);
	assert_string_equal(s, "Type \\fBa\\-b \\ex \\(aq\\fIFILE\\fB\\(aq\\fR in (\\fI/etc/x\\fR), see \\fBsh\\fR(1) and\n"
			       "\\fB\\-\\-opt\\fR.\n"
			       "Not FILES, a-b.\n"
			       "\\&.so is no request.\n"
			       " Ar \\&A Oo Ar \\&B Oo Ar \\&C Oc Oc Ar \\&D Ns Oo , Ns Ar E... Oc\n"
			       " \\&add \\&Ar longer");
	free(s);
}

static void test_sentences(void **state)
{
	CLEAN(free) char *plain = help_sentence("do it"), *ended = help_sentence("What is it?"), *typed = help_sentence("`a` or b");

	(void)state;
	assert_string_equal(plain, "Do it.");
	assert_string_equal(ended, "What is it?");
	assert_string_equal(typed, "`a` or b.");
}

static void test_typed_lines(void **state)
{
	CLEAN(list) struct list lines = { 0 };

	(void)state;
	help_typed("a bb ccc\nshort", 6, &lines);
	assert_int_equal(lines.n, 3);
	assert_string_equal(lines.v[0], "a bb \\");
	assert_string_equal(lines.v[1], "    ccc");
	assert_string_equal(lines.v[2], "short");
}

static int set_up(void **state)
{
	(void)state;
	screen_open(&cli.screen, true);
	params_init(&cli.params);
	page = written(write_page, NULL, 80);
	config_page = written(write_config_page, NULL, 80);
	help_all = written(write_help, NULL, 80);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	params_free(&cli.params);
	free(page);
	free(config_page);
	free(help_all);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands_actions_and_options),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_exit_status),
		cmocka_unit_test(test_no_line_is_a_request_by_accident),
		cmocka_unit_test(test_help_fits),
		cmocka_unit_test(test_roff),
		cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_typed_lines),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
