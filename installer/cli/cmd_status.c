#include "base/i18n.h"
#include "cli/differences.h"
#include "cli/session.h"
#include "cli/tree.h"
#include "steps/recover.h"

#include <time.h>

static bool rebuild, tree;

/* A step as the state store and a plan of the machine see it. */
struct step_view {
	const char *name;
	const char *title;
	struct step_record record;
	size_t differences;
	size_t drifts;
};

static struct error *look_at(
	struct session *s, const struct step *step, const char *name, struct step_view *ret)
{
	*ret = (struct step_view){ .name = name,
		.title = step ? step->title : N_("a step of another version") };
	for (size_t i = 0; step && i < s->run.difference_count; i++) {
		const struct difference *d = &s->run.differences[i];

		ret->differences += d->step == step;
		ret->drifts += d->step == step && d->drift;
	}
	return state_step_get(s->run.state, name, &ret->record);
}

static const char *state_name(const struct step_view *v)
{
	static const char *const names[] = {
		[STEP_NONE] = N_("not done"),
		[STEP_APPLYING] = N_("unfinished"),
		[STEP_DONE] = N_("done"),
		[STEP_UNDOING] = N_("half taken back"),
	};

	return v->drifts					 ? N_("drift")
	       : v->record.status == STEP_DONE && v->differences ? N_("differs")
								 : names[v->record.status];
}

static bool is_good(const struct step_view *v)
{
	return v->record.status == STEP_DONE && !v->differences;
}

static struct tree_leaf step_leaf(const struct screen *s, const struct step_view *v)
{
	enum mark mark = is_good(v) ? MARK_DONE : v->record.status == STEP_NONE ? MARK_SKIPPED : MARK_FAILED;

	return (struct tree_leaf){ .mark = screen_mark(s, mark),
		.color = is_good(v) ? GREEN : v->record.status == STEP_NONE ? DIM : RED };
}

/* When a step was done; "" where it was not. */
static void format_time(const struct step_view *v, char (*ret)[32])
{
	time_t finished = (time_t)v->record.finished;
	struct tm t;

	(*ret)[0] = '\0';
	if (v->record.status == STEP_DONE && localtime_r(&finished, &t))
		strftime(*ret, sizeof(*ret), "%Y-%m-%d %H:%M", &t);
}

/* At most 60 columns. */
static void step_line(const struct screen *s, const struct step_view *v)
{
	struct tree_leaf leaf = step_leaf(s, v);
	char when[32];

	format_time(v, &when);
	fprintf(s->out, "%s%s%s ", style(s->out_color, leaf.color), leaf.mark, style(s->out_color, PLAIN));
	put_padded(s->out, v->name, 15);
	if (!*when) {
		fprintf(s->out, " %s\n", translated(state_name(v)));
		return;
	}
	fputc(' ', s->out);
	put_padded(s->out, translated(state_name(v)), 15);
	fprintf(s->out, " %s", when);
	fprintf(s->out, _(" %7.1f s"), v->record.seconds);
	fputc('\n', s->out);
}

static void step_json(json_t *steps, const struct step_view *v)
{
	static const char *const statuses[] = { "none", "applying", "done", "undoing" };
	json_t *object = json_object();

	json_set_text(object, "name", v->name);
	json_set_text(object, "title", v->title);
	json_set_text(object, "status", statuses[v->record.status]);
	if (v->record.status == STEP_DONE) {
		json_object_set_new(object, "revision", json_integer(v->record.revision));
		json_set_time(object, "finished", v->record.finished);
		json_set_seconds(object, "seconds", v->record.seconds);
	}
	json_object_set_new(object, "changes", json_integer((json_int_t)v->differences));
	json_object_set_new(object, "drift", json_boolean(v->drifts));
	json_array_append_new(steps, object);
}

static struct error *show_step(
	struct cli *cli, struct session *s, const struct step *step, const char *name, json_t *steps)
{
	struct step_view v;
	struct error *e = look_at(s, step, name, &v);

	if (!e && steps)
		step_json(steps, &v);
	else if (!e)
		step_line(&cli->screen, &v);
	step_record_free(&v.record);
	return e;
}

/* Steps of another version, which are in the record alone. */
static struct error *show_foreign_steps(struct cli *cli, struct session *s, json_t *steps)
{
	CLEAN(list) struct list recorded = { 0 };

	TRY(state_steps(s->run.state, &recorded));
	for (size_t i = 0; i < recorded.n; i++)
		if (!graph_find(&s->graph, recorded.v[i]))
			TRY(show_step(cli, s, NULL, recorded.v[i], steps));
	return NULL;
}

static struct error *show_steps(struct cli *cli, struct session *s, json_t *steps)
{
	for (size_t i = 0; i < s->graph.n; i++)
		TRY(show_step(cli, s, s->graph.nodes[i].step, s->graph.nodes[i].step->name, steps));
	return show_foreign_steps(cli, s, steps);
}

struct tree_context {
	const struct screen *screen;
	struct session *session;
	struct error *error;
};

static struct tree_leaf tree_leaf(void *context, const struct node *node)
{
	struct tree_context *c = context;
	struct step_view v;
	char when[32];

	c->error = join(c->error, look_at(c->session, node->step, node->step->name, &v));
	struct tree_leaf leaf = step_leaf(c->screen, &v);
	format_time(&v, &when);
	CLEAN(free) char *done = *when ? text(_("%s, %.1f s"), when, v.record.seconds) : text_copy("");
	if (is_good(&v))
		leaf.text = TAKE(done);
	else
		leaf.text = text("%s%s%s", translated(state_name(&v)), *done ? ": " : "", done);
	step_record_free(&v.record);
	return leaf;
}

static struct error *show_tree(struct cli *cli, struct session *s)
{
	struct tree_context context = { .screen = &cli->screen, .session = s };

	tree_show(&cli->screen, &s->graph, tree_leaf, &context);
	TRY(context.error);
	return show_foreign_steps(cli, s, NULL);
}

/* Differences of steps that were never done are no news: only those of recorded steps, and drift. */
static void show_differences(const struct screen *s, const struct run *run, bool drift, const char *heading)
{
	bool first = true;

	for (size_t i = 0; i < run->difference_count; i++) {
		const struct difference *d = &run->differences[i];
		CLEAN(step_record) struct step_record record = { 0 };

		error_free(state_step_get(run->state, d->step->name, &record));
		if (d->drift != drift || (!drift && record.status != STEP_DONE))
			continue;
		if (first)
			fprintf(s->out, "\n%s\n", heading);
		first = false;
		difference_show(s, d, d->step->name);
	}
}

static json_t *differences_json(const struct run *run)
{
	json_t *all = json_array();

	for (size_t i = 0; i < run->difference_count; i++)
		json_array_append_new(all, difference_json(&run->differences[i]));
	return all;
}

static struct error *adopted_json(struct state *state, json_t *ret)
{
	CLEAN(list) struct list notes = { 0 };

	TRY(state_notes(state, ADOPTED_NOTE, &notes));
	for (size_t i = 0; i < notes.n; i++)
		json_array_append_new(ret, json_text(notes.v[i] + strlen(ADOPTED_NOTE)));
	return NULL;
}

static struct error *answer_json(struct cli *cli, struct session *s)
{
	json_t *document = json_object(), *steps = json_array(), *adopted = json_array();
	struct error *e = NULL;

	json_object_set_new(document, "installed", json_boolean(s->run.state));
	json_set_text(document, "domain", cli->params.domain);
	json_set_text(document, "hostname", cli->params.hostname);
	if (s->run.state)
		e = show_steps(cli, s, steps);
	json_object_set_new(document, "steps", steps);
	json_object_set_new(document, "differences", differences_json(&s->run));
	if (!e && s->run.state)
		e = adopted_json(s->run.state, adopted);
	json_object_set_new(document, "adopted", adopted);
	json_set_text(document, "damaged_store", s->aside);
	if (e)
		json_decref(document);
	else
		json_write(cli->screen.out, document);
	return e;
}

static struct error *show_adopted(const struct screen *s, struct state *state)
{
	CLEAN(list) struct list notes = { 0 };

	TRY(state_notes(state, ADOPTED_NOTE, &notes));
	if (notes.n)
		fprintf(s->out, "\n%s\n", _("Kept as another hand has changed it (--adopt):"));
	for (size_t i = 0; i < notes.n; i++)
		fprintf(s->out, "  %s\n", notes.v[i] + strlen(ADOPTED_NOTE));
	return NULL;
}

static struct error *answer_text(struct cli *cli, struct session *s)
{
	const struct screen *screen = &cli->screen;

	if (!s->run.state) {
		fputs(_("nothing installed\n"), screen->out);
		return NULL;
	}
	if (cli->params.domain && cli->params.hostname)
		fprintf(screen->out, _("%s, the mail server of %s\n\n"), cli->params.hostname,
			cli->params.domain);
	TRY(tree ? show_tree(cli, s) : show_steps(cli, s, NULL));
	show_differences(screen, &s->run, true, _("Changed by another hand since mailsetup wrote it:"));
	show_differences(screen, &s->run, false, _("Not as wanted; `mailsetup install` puts it right:"));
	return show_adopted(screen, s->run.state);
}


static const struct option_spec options[] = {
	{ "tree", 0, NULL, N_("as a tree: each step beneath the one that it needs, as `mailsetup steps --tree` has it"), &tree, NULL, NULL },
	{ "rebuild", 0, NULL, N_("make a lost or damaged state store anew from what the machine shows"), &rebuild, NULL, NULL },
	{ 0 },
};

static struct error *rebuild_store(struct cli *cli, struct session *s)
{
	CLEAN(list) struct list steps = { 0 };
	bool stands;

	/* One without a step is what a kill left of an earlier rebuild. */
	if (s->run.state)
		TRY(state_steps(s->run.state, &steps));
	if (steps.n)
		return fail(ERR_USAGE, "the state store is whole; there is nothing to rebuild");
	TRY(server_stands(s->host, &stands));
	if (!stands)
		return fail(ERR_CONFLICT, "there is nothing to rebuild from: no mail server that mailsetup made stands here");
	TRY(params_recover(s->host, &cli->params));
	TRY(params_complete(&cli->params));
	TRY(run_rebuild(&s->run, &s->graph));
	if (s->aside && !cli->quiet && !cli->json)
		fprintf(cli->screen.talk, _("The damaged store is %s.\n"), s->aside);
	return NULL;
}

static struct error *status(struct cli *cli)
{
	CLEAN(session) struct session s = SESSION_CLOSED;

	if (tree && cli->json)
		return fail(ERR_USAGE, "--%s and --json are different answers: ask for one of them", "tree");
	TRY(session_open(cli, rebuild ? SESSION_QUERY | SESSION_LOCK | SESSION_REBUILD : SESSION_QUERY, &s));
	s.run.want_diffs = true;
	if (rebuild)
		TRY(rebuild_store(cli, &s));
	/* A plan that fails halfway still tells what it saw; the record is shown before its error. */
	struct error *e = s.run.state ? run_plan(&s.run, &s.graph) : NULL;
	terminal_close(&s.terminal);
	if (cli->json)
		TRY(e);
	e = join(e, cli->json ? answer_json(cli, &s) : answer_text(cli, &s));
	if (!e && differences_have_drift(&s.run))
		cli->verdict = ERR_CONFLICT;
	return e;
}

const struct command command_status = {
	.name = "status",
	.summary = N_("show what is installed, since when, and what has changed since"),
	.help = PARAGRAPHS(
		N_("Shows each step with its state, when it was done and how long it took, then compares the machine "
		   "with what mailsetup made and shows what differs. It changes nothing. The exit status is 4 where "
		   "another hand has changed something since."),
		N_("--rebuild is for a server whose state store is damaged or gone: it makes a new one from what the "
		   "machine shows. How the machine was before mailsetup is lost with the old store, so a rollback is "
		   "refused from then on.")),
	.examples = "mailsetup status --tree\nmailsetup status --json",
	.flags = NEEDS_ROOT,
	.options = options,
	.run = status,
};
