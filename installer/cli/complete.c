#include "cli/complete.h"
#include "checks/check.h"
#include "cli/options.h"

const char bash_completion[] =
	"# Completion of mailsetup(8) for bash: the program itself knows the words.\n"
	"_mailsetup() {\n"
	"\tlocal line=${COMP_LINE:0:COMP_POINT} words word done\n"
	"\tread -ra words <<<\"$line\"\n"
	"\t[[ $line != *[[:space:]] ]] || words+=('')\n"
	"\tword=${words[-1]}\n"
	"\tmapfile -t COMPREPLY < <(\"${words[0]}\" help --complete -- \"${words[@]:1}\" 2>/dev/null)\n"
	"\t# readline replaces only what comes after the last of its word breaks\n"
	"\tdone=${word%\"${word##*[@:=]}\"}\n"
	"\tCOMPREPLY=(\"${COMPREPLY[@]#\"$done\"}\")\n"
	"}\n"
	"complete -o default -F _mailsetup mailsetup\n";

static void offer(struct list *ret, const char *word, const char *begun)
{
	if (starts_with(word, begun))
		list_add(ret, word);
}

static void offer_all(struct list *ret, const struct list *words, const char *begun)
{
	for (size_t i = 0; i < words->n; i++)
		offer(ret, words->v[i], begun);
}

/* Takes a long or short option as it was typed. */
static bool find_option(struct cli *cli, const char *word, struct option_spec *ret)
{
	for (enum option_group g = GROUP_OWN; g <= GROUP_COMMON; g++) {
		CLEAN(free) struct option_spec *options = options_of(cli->command, g, cli);

		for (const struct option_spec *o = options; o->name; o++) {
			bool is_long = starts_with(word, "--") && strcmp(word + 2, o->name) == 0;

			if (!is_long && !(word[0] == '-' && word[1] && word[1] == o->letter && !word[2]))
				continue;
			*ret = *o;
			return true;
		}
	}
	return false;
}

static void offer_options(struct cli *cli, struct list *ret, const char *begun)
{
	for (enum option_group g = GROUP_OWN; g <= GROUP_COMMON; g++) {
		CLEAN(free) struct option_spec *options = options_of(cli->command, g, cli);

		for (const struct option_spec *o = options; o->name; o++) {
			CLEAN(free) char *word = text("--%s", o->name);

			offer(ret, word, begun);
		}
	}
}

/* "encrypt|may" says by itself what it takes. */
static void offer_values(struct list *ret, const struct option_spec *option, const char *begun)
{
	CLEAN(list) struct list values = { 0 };

	if (strcmp(option->name, "only") == 0)
		for (size_t i = 0; all_checks[i]; i++)
			list_add(&values, all_checks[i]->name);
	else if (strchr(option->argument, '|'))
		list_split(&values, option->argument, "|");
	offer_all(ret, &values, begun);
}

static void offer_names(struct cli *cli, struct list *ret, const char *begun)
{
	const struct command *c = cli->command;
	CLEAN(list) struct list words = { 0 };

	if (c && c->actions)
		for (size_t i = 0; c->actions[i]; i++)
			list_add(&words, action_word(c->actions[i]));
	else if (c && c->words)
		c->words(c, &words);
	for (size_t i = 0; !c && commands[i]; i++)
		list_add(&words, commands[i]->name);
	offer_all(ret, &words, begun);
}

void complete_words(struct cli *cli, const struct list *typed, struct list *ret)
{
	const char *begun = typed->n ? typed->v[typed->n - 1] : "";
	struct option_spec option;
	bool wants_value = false;
	size_t operands = 0;

	cli->command = NULL;
	for (size_t i = 0; i + 1 < typed->n; i++) {
		const char *word = typed->v[i];

		if (wants_value) {
			wants_value = false;
		} else if (word[0] == '-') {
			wants_value = find_option(cli, word, &option) && option.argument;
		} else if (command_is_leaf(cli->command)) {
			operands++;
		} else {
			cli->command = cli->command ? action_find(cli->command, word) : command_find(word);
			if (!cli->command)
				return;
		}
	}
	if (wants_value)
		offer_values(ret, &option, begun);
	else if (begun[0] == '-')
		offer_options(cli, ret, begun);
	else if (!operands)
		offer_names(cli, ret, begun);
}
