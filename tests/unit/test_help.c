#include "tests/unit/cli.h"

#include "cli/help.h"
#include "cli/suggest.h"

static void test_suggestions(void **state)
{
	(void)state;
	assert_int_equal(edit_distance("install", "install"), 0);
	assert_int_equal(edit_distance("instal", "install"), 1);
	assert_int_equal(edit_distance("isntall", "install"), 1);
	assert_int_equal(edit_distance("", "help"), 4);
	assert_int_equal(edit_distance("help", ""), 4);
	assert_true(edit_distance("a name that is longer than any name could ever be", "x") == SIZE_MAX);
	fails_with(unknown_command("instal"), ERR_USAGE, "did you mean `mailsetup install`");
	fails_with(unknown_command("verfy"), ERR_USAGE, "did you mean `mailsetup verify`");
	fails_with(unknown_command("frobnicate"), ERR_USAGE, "`mailsetup help` lists all");
	fails_with(unknown_command("\033[2Jx"), ERR_USAGE, "“?[2Jx”");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suggestions),
		cmocka_unit_test(test_help_names_every_option),
	};

	return cmocka_run_group_tests(tests, speak_utf8, NULL);
}
