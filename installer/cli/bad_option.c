/* What getopt(3), which argp asks, did not take: it says so itself on standard error only, in its own words. */
#include "cli/options.h"
#include "cli/suggest.h"

static struct error *unrecognized(const struct option_spec *options, const char *word)
{
	CLEAN(list) struct list names = { 0 };
	CLEAN(free) char *shown = text_fit(word, 60);
	CLEAN(free) char *name = text_copy_n(word + 2, strcspn(word + 2, "="));

	for (const struct option_spec *o = options; o->name; o++)
		list_add(&names, o->name);
	const char *near = suggest(name, &names);
	if (near)
		return fail(ERR_USAGE, "unrecognized option “%s”; did you mean “--%s”?", shown, near);
	return fail(ERR_USAGE, "unrecognized option “%s”; `--help` shows what there is", shown);
}

static struct error *wants_argument(const struct option_spec *o)
{
	return fail(ERR_USAGE, "option “--%s” requires an argument: --%s=%s", o->name, o->name, o->argument);
}

/* The option of that name, or the only one that begins so. */
static const struct option_spec *find_long(const struct option_spec *options, const char *name, size_t length, size_t *ret_n)
{
	const struct option_spec *found = NULL;

	*ret_n = 0;
	for (const struct option_spec *o = options; o->name; o++) {
		if (strncmp(o->name, name, length) != 0)
			continue;
		found = o;
		if (!o->name[length]) {
			*ret_n = 1;
			break;
		}
		++*ret_n;
	}
	return found;
}

static struct error *judge_long(const struct option_spec *options, const char *word, bool last)
{
	size_t length = strcspn(word + 2, "="), n;
	const struct option_spec *o = find_long(options, word + 2, length, &n);
	CLEAN(free) char *shown = text_fit(word, 60);

	if (!n)
		return unrecognized(options, word);
	if (n > 1)
		return fail(ERR_USAGE, "option “%s” is ambiguous; `--help` shows what there is", shown);
	if (o->argument)
		return last && !word[2 + length] ? wants_argument(o) : NULL;
	return word[2 + length] ? fail(ERR_USAGE, "option “--%s” takes no value", o->name) : NULL;
}

static struct error *judge_letters(const struct option_spec *options, const char *word, bool last)
{
	for (const char *c = word + 1; *c; c++) {
		const struct option_spec *o = options;

		while (o->name && o->letter != *c)
			o++;
		if (!o->name)
			return fail(ERR_USAGE, "unrecognized option “-%c”; `--help` shows what there is", *c > ' ' && *c < 127 ? *c : '?');
		if (o->argument)
			return last && !c[1] ? wants_argument(o) : NULL;
	}
	return NULL;
}

struct error *bad_option(const struct option_spec *options, int argc, char **argv, int next)
{
	/* Of letters in one word the next one to look at may be in that same word. */
	for (int i = next > 1 ? next - 1 : 1; i <= next && i < argc; i++) {
		bool last = i == argc - 1;
		struct error *e = NULL;

		if (starts_with(argv[i], "--"))
			e = judge_long(options, argv[i], last);
		else if (argv[i][0] == '-')
			e = judge_letters(options, argv[i], last);
		if (e)
			return e;
	}
	return fail(ERR_USAGE, "the options are not understood; `--help` shows what there is");
}
