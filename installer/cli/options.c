#include "cli/options.h"
#include "base/i18n.h"

#include <argp.h>

#define LONG_ONLY 0x400 /* keys of options without a letter start here */

struct parse {
	struct cli *cli;
	struct option_spec *options;
	int stop; /* index of the first operand, where the command is not known yet */
	int next; /* index of the word after what getopt did not take */
	struct error *error;
};

static void append(struct option_spec **v, size_t *n, struct option_spec o)
{
	*v = reallocate(*v, *n + 1, sizeof(**v));
	(*v)[(*n)++] = o;
}

static void append_parameters(struct option_spec **v, size_t *n)
{
	for (size_t i = 0; i < param_count; i++) {
		const struct param_spec *p = &param_specs[i];

		if (p->hidden)
			continue;
		append(v, n,
			(struct option_spec){
				.name = p->name,
				.letter = p->key > 0 && p->key < 256 ? p->key : 0,
				.argument = p->argument,
				.help = p->help,
			});
	}
}

static void append_common(struct option_spec **v, size_t *n, struct cli *cli)
{
	const struct option_spec common[] = {
		{ "json", 0, NULL, N_("write JSON, one object a line for a run, one document for a question"),
			&cli->json, NULL, NULL },
		{ "quiet", 'q', NULL, N_("show warnings and errors only"), &cli->quiet, NULL, NULL },
		{ "verbose", 'v', NULL, N_("show every change and every finding"), &cli->verbose, NULL, NULL },
		{ "no-color", 0, NULL, N_("no colours; NO_COLOR in the environment does the same"),
			&cli->no_color, NULL, NULL },
		{ "help", 'h', NULL, N_("show this help"), &cli->want_help, NULL, NULL },
		{ "usage", 0, NULL, N_("show the synopsis"), &cli->want_usage, NULL, NULL },
		{ "version", 'V', NULL, N_("show the version"), &cli->want_version, NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(common) / sizeof(*common); i++)
		append(v, n, common[i]);
}

struct option_spec *options_of(const struct command *command, enum option_group group, struct cli *cli)
{
	struct option_spec *v = NULL;
	size_t n = 0;

	if (group == GROUP_OWN && command)
		for (const struct option_spec *o = command->options; o && o->name; o++)
			append(&v, &n, *o);
	if (group == GROUP_PARAMETERS && command && command->flags & TAKES_PARAMS)
		append_parameters(&v, &n);
	if (group == GROUP_COMMON)
		append_common(&v, &n, cli);
	append(&v, &n, (struct option_spec){ 0 });
	return v;
}

static struct option_spec *all_options(struct cli *cli)
{
	struct option_spec *v = NULL;
	size_t n = 0;

	for (enum option_group g = GROUP_OWN; g <= GROUP_COMMON; g++) {
		CLEAN(free) struct option_spec *part = options_of(cli->command, g, cli);

		for (const struct option_spec *o = part; o->name; o++)
			append(&v, &n, *o);
	}
	append(&v, &n, (struct option_spec){ 0 });
	return v;
}

static int option_key(const struct option_spec *options, const struct option_spec *o)
{
	return o->letter ? o->letter : LONG_ONLY + (int)(o - options);
}

static struct error *set_parameter(struct cli *cli, const char *name, const char *value)
{
	CLEAN(list) struct list given = { 0 };

	params_get(&cli->params, name, &given);
	for (size_t i = 0; given.n && i < param_count; i++)
		if (strcmp(param_specs[i].name, name) == 0 && !param_specs[i].repeatable)
			return fail(ERR_USAGE, "--%s is given twice", name);
	return params_set(&cli->params, name, value);
}

static struct error *take(struct cli *cli, const struct option_spec *o, const char *value)
{
	if (o->flag)
		*o->flag = true;
	else if (o->text)
		*o->text = value;
	else if (o->list)
		list_add(o->list, value);
	else
		return set_parameter(cli, o->name, value ? value : "yes");
	return NULL;
}

static error_t parse_key(int key, char *value, struct argp_state *state)
{
	struct parse *p = state->input;
	const struct option_spec *o;

	if (key == ARGP_KEY_ARG && !command_is_leaf(p->cli->command)) {
		p->stop = state->next - 1;
		state->next = state->argc;
		return 0;
	}
	if (key == ARGP_KEY_ERROR)
		p->next = state->next;
	if (key == ARGP_KEY_ARG) {
		list_add(&p->cli->operands, value);
		return 0;
	}
	for (o = p->options; o->name; o++)
		if (option_key(p->options, o) == key)
			break;
	if (!o->name)
		return ARGP_ERR_UNKNOWN;
	p->error = take(p->cli, o, value);
	if (p->cli->want_help || p->cli->want_usage || p->cli->want_version)
		state->next = state->argc;
	return p->error ? EINVAL : 0;
}

static struct error *check_operands(const struct cli *cli)
{
	const struct command *c = cli->command;

	if (!command_is_leaf(c) || cli->want_help || cli->want_usage || cli->want_version)
		return NULL;
	if (cli->operands.n < c->operands_min)
		return fail(ERR_USAGE, "%s wants %s; `mailsetup %s --help` explains it", c->name,
			translated(c->operands), c->name);
	if (cli->operands.n <= c->operands_max)
		return NULL;
	CLEAN(free) char *shown = text_fit(cli->operands.v[c->operands_max], 60);
	return fail(ERR_USAGE, "unexpected argument “%s”; `mailsetup %s --help` shows what there is", shown,
		c->name);
}

/* A parameter without an argument, which is remembered, and withdrawn with "=no". */
static bool is_switch(const struct option_spec *o)
{
	return !o->argument && !o->flag && !o->text && !o->list;
}

struct error *options_parse(struct cli *cli, int argc, char **argv, int *ret_next)
{
	CLEAN(free) struct option_spec *options = all_options(cli);
	CLEAN(free) struct argp_option *table = NULL;
	struct parse p = { .cli = cli, .options = options, .stop = argc };
	size_t n = 0;

	while (options[n].name)
		n++;
	table = allocate((n + 1) * sizeof(*table));
	for (size_t i = 0; i < n; i++)
		table[i] = (struct argp_option){
			.name = options[i].name,
			.key = option_key(options, &options[i]),
			.arg = options[i].argument ? options[i].argument : is_switch(&options[i]) ? "yes|no" : NULL,
			.flags = is_switch(&options[i]) ? OPTION_ARG_OPTIONAL : 0,
			.doc = options[i].help,
		};
	const struct argp argp = { .options = table, .parser = parse_key };
	error_t result = argp_parse(&argp, argc, argv,
		ARGP_NO_HELP | ARGP_NO_ERRS | (command_is_leaf(cli->command) ? 0 : ARGP_IN_ORDER), NULL, &p);
	*ret_next = p.stop;
	if (p.error)
		return p.error;
	if (result)
		return bad_option(options, argc, argv, p.next);
	return check_operands(cli);
}
