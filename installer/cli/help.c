#include "cli/help.h"
#include "base/i18n.h"
#include "cli/manual_text.h"
#include "cli/options.h"
#include "cli/suggest.h"

#include <wchar.h>
#include <wctype.h>

#define TEXT_COLUMN 28	/* where the help of an option starts */
#define COMMAND_COLUMN 19
#define USAGE_INDENT   8
#define WIDEST	    100 /* longer lines are hard to read */

static size_t help_width(const struct screen *s)
{
	size_t width = screen_width(s);

	return width > WIDEST ? WIDEST : width < 50 ? 50 : width;
}

void help_usage(const struct screen *s, const struct command *c, FILE *f)
{
	CLEAN(free) char *usage = NULL;

	if (command_is_leaf(c))
		usage = text(_("Usage: mailsetup %s [OPTION]...%s%s"), c->name, c->operands ? " " : "", translated(c->operands));
	else if (c)
		usage = text(_("Usage: mailsetup %s ACTION [OPTION]... [ARGUMENT]..."), c->name);
	else
		usage = text_copy(_("Usage: mailsetup COMMAND [OPTION]... [ARGUMENT]..."));
	put_wrapped(f, usage, 0, USAGE_INDENT, help_width(s));
}

char *help_sentence(const char *summary)
{
	const char *s = translated(summary), *end = s + strlen(s);
	mbstate_t state = { 0 };
	wchar_t first;
	size_t n = mbrtowc(&first, s, MB_CUR_MAX, &state);
	bool ended = end > s && strchr(".?!", end[-1]);

	if (n == 0 || n >= (size_t)-2 || first == L'`')
		return text("%s%s", s, ended ? "" : ".");
	return text("%lc%s%s", (wint_t)towupper((wint_t)first), s + n, ended ? "" : ".");
}

static void put_heading(const struct screen *s, FILE *f, const char *heading)
{
	fprintf(f, "\n%s%s%s\n", style(s->out_color, BOLD), heading, style(s->out_color, PLAIN));
}

static void put_option(FILE *f, const struct option_spec *o, size_t width)
{
	CLEAN(bytes) struct bytes left = { 0 };

	bytes_add_text(&left, "  ");
	if (o->letter)
		bytes_printf(&left, "-%c, ", o->letter);
	else
		bytes_add_text(&left, "    ");
	bytes_printf(&left, "--%s", o->name);
	if (o->argument)
		bytes_printf(&left, "=%s", translated(o->argument));
	if (text_columns(left.data) + 2 > TEXT_COLUMN)
		fprintf(f, "%s\n%*s", left.data, TEXT_COLUMN, "");
	else
		put_padded(f, left.data, TEXT_COLUMN);
	put_wrapped(f, translated(o->help), TEXT_COLUMN, TEXT_COLUMN, width);
}

static void put_options(
	struct cli *cli, FILE *f, const struct command *c, enum option_group group, const char *heading)
{
	CLEAN(free) struct option_spec *options = options_of(c, group, cli);

	if (!options->name)
		return;
	put_heading(&cli->screen, f, heading);
	for (const struct option_spec *o = options; o->name; o++)
		put_option(f, o, help_width(&cli->screen));
}

static void break_typed(const char *line, size_t width, struct list *ret)
{
	CLEAN(list) struct list words = { 0 };
	CLEAN(bytes) struct bytes part = { 0 };

	list_split(&words, line, " ");
	for (size_t i = 0; i < words.n; i++) {
		/* Two columns for the backslash, unless it is the last word. */
		size_t needed = text_columns(bytes_text(&part)) + 1 + text_columns(words.v[i]) + (i + 1 < words.n ? 2 : 0);

		if (part.size && needed > width) {
			list_addf(ret, "%s \\", part.data);
			bytes_free(&part);
			bytes_add_text(&part, "   ");
		}
		bytes_printf(&part, "%s%s", part.size ? " " : "", words.v[i]);
	}
	list_add(ret, bytes_text(&part));
}

void help_typed(const char *lines, size_t width, struct list *ret)
{
	CLEAN(list) struct list all = { 0 };

	list_split(&all, lines, "\n");
	for (size_t i = 0; i < all.n; i++)
		if (text_columns(all.v[i]) <= width)
			list_add(ret, all.v[i]); /* with its blanks */
		else
			break_typed(all.v[i], width, ret);
}

static void put_examples(FILE *f, const char *examples, size_t width)
{
	CLEAN(list) struct list lines = { 0 };

	help_typed(examples, width - 2, &lines);
	for (size_t i = 0; i < lines.n; i++)
		fprintf(f, "  %s\n", lines.v[i]);
}

static void put_command(FILE *f, const char *left, const char *summary, size_t column, size_t width)
{
	CLEAN(free) char *name = text("  %s", left);

	put_padded(f, name, column - 1);
	fputc(' ', f);
	put_wrapped(f, translated(summary), column, column, width);
}

static void put_actions(FILE *f, const struct command *c, size_t width)
{
	size_t column = 0;

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; c->actions[i]; i++) {
			const struct command *a = c->actions[i];
			CLEAN(free)
			char *left = text("%s%s%s", action_word(a), a->operands ? " " : "", translated(a->operands));

			if (pass)
				put_command(f, left, a->summary, column, width);
			else if (text_columns(left) + 4 > column)
				column = text_columns(left) + 4;
		}
}

void help_command(struct cli *cli, const struct command *c, FILE *f)
{
	size_t width = help_width(&cli->screen);
	CLEAN(free) char *summary = help_sentence(c->summary);

	help_usage(&cli->screen, c, f);
	fputc('\n', f);
	put_wrapped(f, summary, 0, 0, width);
	for (size_t i = 0; c->help[i]; i++) {
		fputc('\n', f);
		put_wrapped(f, translated(c->help[i]), 0, 0, width);
	}
	if (c->actions) {
		put_heading(&cli->screen, f, _("Actions:"));
		put_actions(f, c, width);
	}
	put_options(cli, f, c, GROUP_PARAMETERS, _("The server:"));
	put_options(cli, f, c, GROUP_OWN, _("Options:"));
	put_options(cli, f, c, GROUP_COMMON, _("Common options:"));
	if (c->examples) {
		put_heading(&cli->screen, f, _("Examples:"));
		put_examples(f, c->examples, width);
	}
}

void help_program(const struct screen *s, FILE *f)
{
	size_t width = help_width(s);

	put_wrapped(f, _("mailsetup turns a bare Debian machine into a complete mail server."), 0, 0, width);
	fputc('\n', f);
	help_usage(s, NULL, f);
	put_heading(s, f, _("Commands:"));
	for (size_t i = 0; commands[i]; i++)
		put_command(f, commands[i]->name, commands[i]->summary, COMMAND_COLUMN, width);
	put_heading(s, f, _("Start with:"));
	put_examples(f, "mailsetup install --domain exemple.fr --admin moi@exemple.fr", width);
	fputc('\n', f);
	put_wrapped(f, _("`mailsetup COMMAND --help` tells all about a command."), 0, 0, width);
	put_heading(s, f, _("Exit status:"));
	for (const struct manual_item *i = manual_exit_status; i->text; i++) {
		fprintf(f, "  %s  ", i->term);
		put_wrapped(f, translated(i->text), 5, 5, width);
	}
}

struct error *unknown_command(const char *name)
{
	CLEAN(list) struct list names = { 0 };
	CLEAN(free) char *shown = text_fit(name, 40);

	for (size_t i = 0; commands[i]; i++)
		list_add(&names, commands[i]->name);
	const char *near = suggest(name, &names);
	if (near)
		return fail(ERR_USAGE, "unknown command “%s”; did you mean `mailsetup %s`?", shown, near);
	return fail(ERR_USAGE, "unknown command “%s”; `mailsetup help` lists all", shown);
}

struct error *unknown_action(const struct command *c, const char *word)
{
	CLEAN(list) struct list words = { 0 };
	CLEAN(bytes) struct bytes all = { 0 };

	for (size_t i = 0; c->actions[i]; i++) {
		list_add(&words, action_word(c->actions[i]));
		bytes_printf(&all, "%s%s", i ? ", " : "", words.v[i]);
	}
	if (!word)
		return fail(ERR_USAGE, "%s: what is to be done? There is %s", c->name, bytes_text(&all));
	CLEAN(free) char *shown = text_fit(word, 40);
	const char *near = suggest(word, &words);
	if (near)
		return fail(ERR_USAGE, "%s: unknown action “%s”; did you mean `mailsetup %s %s`?", c->name, shown,
			c->name, near);
	return fail(ERR_USAGE, "%s: unknown action “%s”; there is %s", c->name, shown, bytes_text(&all));
}
