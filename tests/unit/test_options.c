#include "tests/unit/cli.h"

#include "cli/options.h"

/* words: the command line behind the name, split at blanks. */
static struct error *parse(struct cli *cli, const char *words, int *ret_next)
{
	static struct list argv; /* options keep pointers into it */

	list_free(&argv);
	list_add(&argv, "mailsetup");
	list_split(&argv, words, " ");
	return options_parse(cli, (int)argv.n, argv.v, ret_next);
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
	must(parse(cli,
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

		fails_with(parse(cli, lines[i], &next), ERR_USAGE, lines[i]);
	}
}

static void test_operands_are_counted(void **state)
{
	CLEAN(cli) struct cli *one = cli_for("rollback");
	CLEAN(cli) struct cli *two = cli_for("rollback");
	CLEAN(cli) struct cli *none = cli_for("status");
	int next;

	(void)state;
	must(parse(one, "dkim --yes", &next));
	assert_string_equal(one->operands.v[0], "dkim");
	fails_with(parse(two, "dkim tls", &next), ERR_USAGE, "unexpected argument “tls”");
	fails_with(parse(none, "dkim", &next), ERR_USAGE, "unexpected argument “dkim”");
}

static void test_help_wins_over_what_follows(void **state)
{
	CLEAN(cli) struct cli *cli = cli_for("install");
	int next;

	(void)state;
	must(parse(cli, "--help --domain nonsense", &next));
	assert_true(cli->want_help);
	assert_null(cli->params.domain);
}

static void test_options_before_the_command(void **state)
{
	CLEAN(cli) struct cli *cli = cli_for(NULL);
	CLEAN(cli) struct cli *empty = cli_for(NULL);
	int next;

	(void)state;
	must(parse(cli, "--json status --quiet", &next));
	assert_int_equal(next, 2);
	assert_true(cli->json);
	assert_false(cli->quiet);
	must(parse(empty, "", &next));
	assert_int_equal(next, 1);
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
	};

	return cmocka_run_group_tests(tests, speak_utf8, NULL);
}
