#include "cli/help_json.h"
#include "cli/json.h"
#include "cli/options.h"

#include <limits.h>

static bool is_repeatable(const struct option_spec *o, bool parameter)
{
	for (size_t i = 0; parameter && i < param_count; i++)
		if (strcmp(param_specs[i].name, o->name) == 0)
			return param_specs[i].repeatable;
	return o->list;
}

static void add_options(json_t *array, struct cli *cli, const struct command *c, enum option_group group)
{
	CLEAN(free) struct option_spec *options = options_of(c, group, cli);

	for (const struct option_spec *o = options; o->name; o++) {
		json_t *option = json_object();
		char letter[] = { (char)o->letter, '\0' };

		json_set_text(option, "name", o->name);
		json_set_text(option, "letter", o->letter ? letter : NULL);
		json_set_text(option, "argument", o->argument);
		json_set_text(option, "help", o->help);
		json_object_set_new(option, "repeatable", json_boolean(is_repeatable(o, group == GROUP_PARAMETERS)));
		json_object_set_new(option, "parameter", json_boolean(group == GROUP_PARAMETERS));
		json_array_append_new(array, option);
	}
}

static void add_leaf(json_t *object, struct cli *cli, const struct command *c)
{
	json_t *options = json_array();

	add_options(options, cli, c, GROUP_PARAMETERS);
	add_options(options, cli, c, GROUP_OWN);
	json_set_text(object, "operands", c->operands);
	json_object_set_new(object, "operands_min", json_integer(c->operands_min));
	if (c->operands_max != UINT_MAX)
		json_object_set_new(object, "operands_max", json_integer(c->operands_max));
	json_object_set_new(object, "needs_root", json_boolean(c->flags & NEEDS_ROOT));
	json_object_set_new(object, "changes", json_boolean(c->flags & CHANGES));
	json_object_set_new(object, "options", options);
}

static json_t *command_json(struct cli *cli, const struct command *c)
{
	json_t *object = json_object(), *help = json_array();
	CLEAN(list) struct list lines = { 0 };

	json_set_text(object, "name", c->name);
	json_set_text(object, "summary", c->summary);
	for (size_t i = 0; c->help[i]; i++)
		json_array_append_new(help, json_text(c->help[i]));
	json_object_set_new(object, "help", help);
	list_split(&lines, c->examples ? c->examples : "", "\n");
	json_object_set_new(object, "examples", json_list(&lines));
	if (command_is_leaf(c)) {
		add_leaf(object, cli, c);
		return object;
	}
	json_t *actions = json_array();
	for (size_t i = 0; c->actions[i]; i++)
		json_array_append_new(actions, command_json(cli, c->actions[i]));
	json_object_set_new(object, "actions", actions);
	return object;
}

void help_json(struct cli *cli, const struct command *c)
{
	json_t *document = json_object(), *all = json_array(), *common = json_array();

	json_set_text(document, "version", MAILSETUP_VERSION);
	if (c)
		json_array_append_new(all, command_json(cli, c));
	for (size_t i = 0; !c && commands[i]; i++)
		json_array_append_new(all, command_json(cli, commands[i]));
	add_options(common, cli, NULL, GROUP_COMMON);
	json_object_set_new(document, "commands", all);
	json_object_set_new(document, "common_options", common);
	json_write(cli->screen.out, document);
}
