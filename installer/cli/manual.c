#include "cli/manual.h"
#include "base/i18n.h"
#include "cli/help.h"
#include "cli/manual_text.h"
#include "cli/options.h"
#include "cli/roff.h"

#define DATE	"November 24, 2026"
/* Of lines to type, beneath an indent or two, in 80 columns. */
#define TYPED_WIDTH  66
#define NESTED_WIDTH 58

static void put_title(FILE *f, const char *page, const char *section, const char *name, const char *purpose)
{
	fprintf(f, ".Dd %s\n.Dt %s %s\n.Os\n", DATE, page, section);
	roff_heading(f, _("NAME"));
	fprintf(f, ".Nm %s\n.Nd ", name);
	roff_inline(f, purpose, NULL);
	fputc('\n', f);
}

static void put_typed(FILE *f, const char *lines, size_t width)
{
	CLEAN(list) struct list all = { 0 };

	help_typed(lines, width, &all);
	roff_literal(f, &all);
}

static void begin_list(FILE *f)
{
	fputs(".Bl -tag -width Ds\n", f);
}

static void end_list(FILE *f)
{
	fputs(".El\n", f);
}

static void put_items(FILE *f, const struct manual_item *items)
{
	CLEAN(list) struct list placeholders = { 0 };
	bool listed = false, first = true;

	roff_placeholders("FILE", &placeholders);
	for (; items->text; items++, first = false) {
		if (items->term && !listed)
			begin_list(f);
		if (items->term) {
			fputs(".It ", f);
			roff_inline(f, items->term, NULL);
			fputc('\n', f);
		} else if (!first) {
			fputs(".Pp\n", f);
		}
		listed = items->term;
		roff_text(f, translated(items->text), &placeholders);
		if (items->example)
			put_typed(f, items->example, TYPED_WIDTH);
	}
	if (listed)
		end_list(f);
}

static void put_section(FILE *f, const char *heading, const struct manual_item *items)
{
	roff_heading(f, heading);
	put_items(f, items);
}

/* --- options --- */

/* "encrypt|may" is two words to type, "FILE" something to put there. */
static void put_value(FILE *f, const char *argument)
{
	CLEAN(list) struct list words = { 0 };
	bool typed = *argument >= 'a' && *argument <= 'z';

	list_split(&words, argument, "|");
	for (size_t i = 0; i < words.n; i++) {
		fprintf(f, "%s %s", i ? " Ns | Ns" : "", typed ? "Cm" : "Ar");
		roff_words(f, words.v[i]);
	}
}

static void put_option(FILE *f, const struct option_spec *o, const struct list *placeholders)
{
	CLEAN(free) char *name = text("-%s", o->name);

	fputs(".It", f);
	if (o->letter)
		fprintf(f, " Fl %c ,", o->letter);
	fputs(" Fl", f);
	roff_words(f, name);
	if (o->argument) {
		fputs(" Ns = Ns", f);
		put_value(f, translated(o->argument));
	}
	fputc('\n', f);
	CLEAN(free) char *help = help_sentence(o->help);
	roff_text(f, help, placeholders);
}

static void put_options(FILE *f, const struct option_spec *options, const struct list *placeholders)
{
	begin_list(f);
	for (const struct option_spec *o = options; o->name; o++)
		put_option(f, o, placeholders);
	end_list(f);
}

static void add_placeholders(const struct command *c, const struct option_spec *options, struct list *ret)
{
	if (c && c->operands)
		roff_placeholders(translated(c->operands), ret);
	for (const struct option_spec *o = options; o && o->name; o++)
		if (o->argument)
			roff_placeholders(translated(o->argument), ret);
}

static void put_group(struct cli *cli, FILE *f, const struct command *c, enum option_group group)
{
	CLEAN(free) struct option_spec *options = options_of(c, group, cli);
	CLEAN(list) struct list placeholders = { 0 };

	add_placeholders(NULL, options, &placeholders);
	put_options(f, options, &placeholders);
}

/* --- commands --- */

/* What comes before c in the page and has the same options, or the same text for another table: said once. */
static const struct command *find_before(const struct command *c, bool (*same)(const struct command *, const struct command *))
{
	for (size_t i = 0; commands[i]; i++) {
		if (commands[i] == c)
			return NULL;
		if (same(commands[i], c))
			return commands[i];
		for (size_t k = 0; commands[i]->actions && commands[i]->actions[k]; k++) {
			if (commands[i]->actions[k] == c)
				return NULL;
			if (same(commands[i]->actions[k], c))
				return commands[i]->actions[k];
		}
	}
	return NULL;
}

static bool same_options(const struct command *a, const struct command *b)
{
	return a->options == b->options;
}

static bool same_action(const struct command *a, const struct command *b)
{
	return !a->actions && strchr(a->name, ' ') && strcmp(action_word(a), action_word(b)) == 0 &&
	       strcmp(a->summary, b->summary) == 0 && strcmp(a->help[0], b->help[0]) == 0;
}

static bool has_paragraph(const struct command *c, const char *paragraph)
{
	for (size_t i = 0; c && c->help[i]; i++)
		if (strcmp(c->help[i], paragraph) == 0)
			return true;
	return false;
}

static void put_paragraphs(FILE *f, const struct command *c, const struct command *before, const struct list *placeholders)
{
	if (before) {
		CLEAN(free) char *sentence = text(_("As for `mailsetup %s`."), before->name);

		roff_text(f, sentence, NULL);
	} else {
		CLEAN(free) char *summary = help_sentence(c->summary);

		roff_text(f, summary, placeholders);
	}
	for (size_t i = 0; c->help[i]; i++) {
		if (has_paragraph(before, c->help[i]))
			continue;
		fputs(before ? "" : ".Pp\n", f);
		roff_text(f, translated(c->help[i]), placeholders);
	}
}

/* "#" where only root may. */
static void put_examples(FILE *f, const struct command *c)
{
	CLEAN(list) struct list lines = { 0 };
	CLEAN(bytes) struct bytes all = { 0 };

	list_split(&lines, c->examples ? c->examples : "", "\n");
	for (size_t i = 0; i < lines.n; i++)
		bytes_printf(&all, "%c %s\n", c->flags & NEEDS_ROOT ? '#' : '$', lines.v[i]);
	if (all.size)
		put_typed(f, all.data, strchr(c->name, ' ') ? NESTED_WIDTH : TYPED_WIDTH);
}

static void put_leaf(FILE *f, const struct command *c)
{
	const struct command *before = strchr(c->name, ' ') ? find_before(c, same_action) : NULL;
	const struct command *options = c->options ? find_before(c, same_options) : NULL;
	CLEAN(list) struct list placeholders = { 0 };

	add_placeholders(c, c->options, &placeholders);
	put_paragraphs(f, c, before, &placeholders);
	if (c->flags & TAKES_PARAMS) {
		fputs(".Pp\n", f);
		roff_text(f, _("Each parameter of the server, as listed below, is an option as well."), NULL);
	}
	if (options) {
		CLEAN(free) char *sentence = text(_("Its options are those of `mailsetup %s`."), options->name);

		fputs(".Pp\n", f);
		roff_text(f, sentence, NULL);
	} else if (c->options) {
		put_options(f, c->options, &placeholders);
	}
	put_examples(f, c);
}

static void put_operands(FILE *f, const struct command *c)
{
	roff_words(f, c->name);
	if (c->options || c->flags & TAKES_PARAMS)
		roff_operands(f, _("[OPTION ...]"));
	if (c->operands)
		roff_operands(f, translated(c->operands));
	fputc('\n', f);
}

static void put_command(FILE *f, const struct command *c)
{
	CLEAN(list) struct list placeholders = { 0 };

	fputs(".Ss", f);
	if (command_is_leaf(c)) {
		put_operands(f, c);
		return put_leaf(f, c);
	}
	roff_words(f, c->name);
	fputc('\n', f);
	for (size_t i = 0; c->actions[i]; i++)
		add_placeholders(c->actions[i], NULL, &placeholders);
	put_paragraphs(f, c, NULL, &placeholders);
	begin_list(f);
	for (size_t i = 0; c->actions[i]; i++) {
		fputs(".It Cm", f);
		put_operands(f, c->actions[i]);
		put_leaf(f, c->actions[i]);
	}
	end_list(f);
}

static void put_synopsis(FILE *f)
{
	roff_heading(f, _("SYNOPSIS"));
	for (size_t i = 0; commands[i]; i++) {
		fputs(".Nm mailsetup\n.Cm", f);
		if (command_is_leaf(commands[i])) {
			put_operands(f, commands[i]);
			continue;
		}
		roff_words(f, commands[i]->name);
		roff_operands(f, _("ACTION [OPTION ...] [ARGUMENT ...]"));
		fputc('\n', f);
	}
}

/* --- parameters --- */

static void put_none(FILE *f)
{
	CLEAN(bytes) struct bytes names = { 0 };

	for (size_t i = 0; i < param_count; i++)
		if (param_specs[i].can_be_none && !param_specs[i].hidden)
			bytes_printf(&names, "%s`%s`", names.size ? ", " : "", param_specs[i].name);
	CLEAN(free) char *sentence = text(_("The word `none` as a value empties %s."), bytes_text(&names));
	roff_text(f, sentence, NULL);
}

static void put_parameters(struct cli *cli, FILE *f)
{
	roff_heading(f, _("PARAMETERS"));
	roff_text(f,
		_("They are options of `mailsetup install`, `mailsetup plan` and `mailsetup resume`, and names in the file of "
		  "mailsetup.conf(5). An install remembers them."),
		NULL);
	put_none(f);
	put_group(cli, f, command_find("install"), GROUP_PARAMETERS);
}

static void put_config_names(FILE *f)
{
	begin_list(f);
	for (size_t i = 0; i < param_count; i++) {
		const struct param_spec *p = &param_specs[i];
		CLEAN(list) struct list placeholders = { 0 };

		if (p->hidden)
			continue;
		fputs(".It Cm", f);
		roff_words(f, p->name);
		fputs(" =", f);
		put_value(f, p->argument ? translated(p->argument) : "yes|no");
		fputc('\n', f);
		roff_placeholders(translated(p->argument), &placeholders);
		CLEAN(free) char *help = help_sentence(p->help);
		roff_text(f, help, &placeholders);
	}
	end_list(f);
}

void manual_program(struct cli *cli, FILE *f)
{
	put_title(f, "MAILSETUP", "8", "mailsetup", _("turn a bare Debian machine into a complete mail server"));
	put_synopsis(f);
	put_section(f, _("DESCRIPTION"), manual_description);
	roff_heading(f, _("COMMANDS"));
	for (size_t i = 0; commands[i]; i++)
		put_command(f, commands[i]);
	put_parameters(cli, f);
	roff_heading(f, _("OPTIONS OF ALL COMMANDS"));
	put_group(cli, f, NULL, GROUP_COMMON);
	put_section(f, _("ENVIRONMENT"), manual_environment);
	put_section(f, _("FILES"), manual_files);
	put_section(f, _("EXIT STATUS"), manual_exit_status);
	put_section(f, _("EXAMPLES"), manual_examples);
	put_section(f, _("DIAGNOSTICS"), manual_diagnostics);
	roff_heading(f, _("SEE ALSO"));
	fputs(".Xr doveconf 1 ,\n.Xr journalctl 1 ,\n.Xr mailsetup.conf 5 ,\n.Xr opendkim.conf 5 ,\n.Xr postconf 5\n", f);
	put_section(f, _("SECURITY CONSIDERATIONS"), manual_security);
}

void manual_config(FILE *f)
{
	put_title(f, "MAILSETUP.CONF", "5", "mailsetup.conf", _("parameters of a mail server for mailsetup"));
	put_section(f, _("DESCRIPTION"), manual_config_description);
	fputs(".Pp\n", f);
	put_none(f);
	fputs(".Pp\n", f);
	roff_text(f, _("The names are:"), NULL);
	put_config_names(f);
	put_section(f, _("EXAMPLES"), manual_config_examples);
	roff_heading(f, _("SEE ALSO"));
	fputs(".Xr mailsetup 8\n", f);
}
