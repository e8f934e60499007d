#include "base/i18n.h"
#include "cli/differences.h"
#include "cli/moving.h"
#include "cli/pager.h"
#include "cli/plan_file.h"
#include "cli/session.h"

#include <limits.h>
#include <unistd.h>

static const char *config, *out, *from;
static bool no_pager, passphrase_stdin;

static const struct option_spec options[] = {
	{ "config", 'c', N_("FILE"), N_("read parameters from FILE: lines `name = value`; the command line wins"), NULL, &config, NULL },
	{ "out", 0, N_("FILE"), N_("keep the plan in FILE, for `mailsetup install --plan FILE`"), NULL, &out, NULL },
	MOVING_OPTIONS(from, passphrase_stdin),
	{ "no-pager", 0, NULL, N_("write all of it at once, on a terminal too"), &no_pager, NULL, NULL },
	{ 0 },
};

static size_t count_of(const struct run *run, const struct step *step)
{
	size_t n = 0;

	for (size_t i = 0; i < run->difference_count; i++)
		n += run->differences[i].step == step;
	return n;
}

static void show_step(const struct screen *s, const struct run *run, const struct step *step)
{
	fprintf(s->out, "\n%s%s%s  %s\n", style(s->out_color, BOLD), step->name, style(s->out_color, PLAIN), translated(step->title));
	fprintf(s->out, "%s", style(s->out_color, DIM));
	put_wrapped(s->out, translated(step->why), 0, 0, s->out_terminal ? screen_width(s) : 80);
	fprintf(s->out, "%s", style(s->out_color, PLAIN));
	for (size_t i = 0; i < run->difference_count; i++)
		if (run->differences[i].step == step)
			difference_show(s, &run->differences[i], NULL);
}

static void show_blockers(const struct screen *s, const struct run *run)
{
	if (run->blockers.n)
		fprintf(s->out, "\n%s%s%s\n", style(s->out_color, RED), _("What stands in the way of an install:"),
			style(s->out_color, PLAIN));
	for (size_t i = 0; i < run->blockers.n; i++) {
		fputs("  ", s->out);
		put_flow(s, s->out, run->blockers.v[i], 2, 2);
	}
}

static void put_summary(struct cli *cli, size_t changes, size_t steps)
{
	const char *hostname = cli->params.hostname, *domain = cli->params.domain;
	CLEAN(free) char *summary = NULL;

	if (steps == 1)
		summary = text(ngettext("%s, the mail server of %s: %zu change in one step; it is not made yet.",
				       "%s, the mail server of %s: %zu changes in one step; none is made yet.", changes),
			hostname, domain, changes);
	else
		summary = text(_("%s, the mail server of %s: %zu changes in %zu steps; none is made yet."), hostname, domain, changes, steps);
	put_flow(&cli->screen, cli->screen.out, summary, 0, 0);
}

static void show(struct cli *cli, struct session *s)
{
	struct screen *screen = &cli->screen;
	const struct run *run = &s->run;
	struct pager pager;
	size_t steps = 0;

	for (size_t i = 0; i < s->graph.n; i++)
		steps += count_of(run, s->graph.nodes[i].step) > 0;
	if (!run->difference_count && !run->blockers.n) {
		if (!cli->quiet)
			fputs(_("Nothing would have to be changed.\n"), screen->out);
		return;
	}
	if (no_pager || cli->quiet)
		pager = (struct pager){ 0 };
	else
		pager_open(&pager, screen);
	put_summary(cli, run->difference_count, steps);
	for (size_t i = 0; i < s->graph.n; i++)
		if (count_of(run, s->graph.nodes[i].step))
			show_step(screen, run, s->graph.nodes[i].step);
	show_blockers(screen, run);
	pager_close(&pager);
}

static json_t *step_json(const struct run *run, const struct step *step)
{
	json_t *object = json_object(), *differences = json_array();

	json_set_text(object, "name", step->name);
	json_set_text(object, "title", step->title);
	json_set_text(object, "why", step->why);
	for (size_t i = 0; i < run->difference_count; i++)
		if (run->differences[i].step == step)
			json_array_append_new(differences, difference_json(&run->differences[i]));
	json_object_set_new(object, "differences", differences);
	return object;
}

static void answer_json(struct cli *cli, struct session *s)
{
	json_t *document = json_object(), *steps = json_array();

	json_set_text(document, "domain", cli->params.domain);
	json_set_text(document, "hostname", cli->params.hostname);
	json_object_set_new(document, "changes", json_integer((json_int_t)s->run.difference_count));
	for (size_t i = 0; i < s->graph.n; i++)
		json_array_append_new(steps, step_json(&s->run, s->graph.nodes[i].step));
	json_object_set_new(document, "steps", steps);
	json_object_set_new(document, "blockers", json_list(&s->run.blockers));
	json_write(cli->screen.out, document);
}

/* A path that was given is the caller's: seen from where the command was started. */
static struct error *absolute(const char *path, char **ret)
{
	CLEAN(free) char *here = *path == '/' ? NULL : realpath(".", NULL);

	if (*path != '/' && !here)
		return fail_errno(errno, "cannot resolve %s", path);
	*ret = here ? text("%s/%s", here, path) : text_copy(path);
	return NULL;
}

static struct error *plan(struct cli *cli)
{
	CLEAN(notes) struct notes brought = { 0 };
	CLEAN(session) struct session s = SESSION_CLOSED;
	CLEAN(free) char *file = NULL;
	CLEAN(bytes) struct bytes sealed = { 0 };

	if (out)
		TRY(absolute(out, &file));
	if (config)
		TRY(params_read_file(&cli->params, config));
	if (from)
		TRY(moving_read(from, &sealed));
	TRY(session_open(cli, SESSION_QUERY | (geteuid() ? SESSION_BLIND : 0), &s));
	TRY(moving_take(cli, &s, from, &sealed, passphrase_stdin, &brought));
	TRY(params_complete(&cli->params));
	s.run.want_diffs = true;
	s.run.compute = NULL; /* nothing is computed ahead */
	struct error *blocked = run_check(&s.run, &s.graph);
	struct error *e = error_code(blocked) == ERR_STOPPED ? TAKE(blocked) : run_plan(&s.run, &s.graph);
	terminal_close(&s.terminal);
	if (!e && file)
		e = plan_file_write(file, &cli->params, &s.run);
	if (!e) {
		cli->json ? answer_json(cli, &s) : show(cli, &s);
		cli->verdict = differences_have_drift(&s.run) ? ERR_CONFLICT : (int)error_code(blocked);
	}
	error_free(blocked);
	return e;
}

const struct command command_plan = {
	.name = "plan",
	.summary = N_("show all that an install would do, and do nothing"),
	.help = PARAGRAPHS(
		N_("Packages with their sizes, users, every file as a diff with its owner and mode, rows and units, in "
		   "the order of the steps with the reason of each. The contents of files that others may not read are "
		   "left out. What would stop an install comes last."),
		N_("The exit status is 0; 3 where something stands in the way of an install; 4 where another hand has "
		   "changed what mailsetup wrote. Without root it sees what everybody may see, and takes the machine "
		   "for one where mailsetup was never at work."),
		N_("--out keeps the plan in FILE, which must not exist yet; `mailsetup install --plan FILE` does that "
		   "and nothing else: where the machine has changed since, it refuses, with exit status 4. On a "
		   "terminal the plan goes through the program that PAGER names, else pager(1).")),
	.examples = "mailsetup plan --domain exemple.fr\nmailsetup plan --domain exemple.fr --out /root/plan.json",
	.flags = TAKES_PARAMS,
	.options = options,
	.run = plan,
};
