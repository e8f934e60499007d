#include "base/i18n.h"
#include "cli/json.h"
#include "cli/migration.h"
#include "cli/prompt.h"
#include "cli/session.h"
#include "cli/suggest.h"
#include "steps/steps.h"

#include <unistd.h>

static bool yes;

static const struct option_spec options[] = {
	{ "yes", 'y', NULL, N_("do not ask"), &yes, NULL, NULL },
	{ 0 },
};

static struct error *find_step(const struct graph *graph, const char *name, const struct step **ret)
{
	struct node *node = graph_find(graph, name);
	CLEAN(list) struct list names = { 0 };
	CLEAN(free) char *shown = text_fit(name, 40);

	if (node) {
		*ret = node->step;
		return NULL;
	}
	for (size_t i = 0; i < graph->n; i++)
		list_add(&names, graph->nodes[i].step->name);
	const char *near = suggest(name, &names);
	if (near)
		return fail(ERR_USAGE, "no step is called “%s”; did you mean “%s”?", shown, near);
	return fail(ERR_USAGE, "no step is called “%s”; `mailsetup steps` lists them", shown);
}

/* The recorded steps that would go, in the order in which they go. */
static struct error *affected(struct session *s, const struct step *only, struct list *ret)
{
	CLEAN(list) struct list recorded = { 0 };

	for (size_t i = 0; i < s->graph.n; i++)
		s->graph.nodes[i].marked = false;
	if (only)
		graph_mark_dependents(graph_find(&s->graph, only->name));
	TRY(state_steps(s->run.state, &recorded));
	for (size_t i = 0; i < recorded.n; i++) {
		struct node *node = graph_find(&s->graph, recorded.v[i]);

		if (!only || (node && node->marked))
			list_add(ret, recorded.v[i]);
	}
	return NULL;
}

static struct error *ask(struct cli *cli, const struct list *names)
{
	const struct screen *s = &cli->screen;
	bool agreed = false;

	if (yes || !names->n || !isatty(STDIN_FILENO))
		return NULL;
	fputs(_("This takes back, in this order:"), s->talk);
	for (size_t i = 0; i < names->n; i++)
		fprintf(s->talk, " %s", names->v[i]);
	fprintf(s->talk, "\n%s\n", _("Delivered mail is kept."));
	TRY(confirm(s->talk, _("Go on? [y/N]"), &agreed));
	return agreed ? NULL : fail(ERR_STOPPED, "not confirmed; nothing was changed");
}

static const char *result_of(bool nothing, bool all)
{
	return nothing	       ? _("There was nothing to take back.\n")
	       : all	       ? _("Everything is as it was before.\n")
			       : _("These steps are taken back.\n");
}

static void tell_result(struct cli *cli, const struct session *s, bool nothing, bool all)
{
	if (cli->json) {
		json_t *done = json_event("done");

		json_object_set_new(done, "changed", json_boolean(s->run.changes));
		json_object_set_new(done, "changes", json_integer(s->run.changes));
		json_write(cli->screen.out, done);
	} else if (!cli->quiet) {
		fputs(result_of(nothing, all), cli->screen.out);
	}
}

static struct error *refuse_rebuilt(struct state *state)
{
	CLEAN(free) char *rebuilt = NULL;

	TRY(state_note_get(state, REBUILT_NOTE, &rebuilt));
	return rebuilt ? fail(ERR_CONFLICT,
				 "the state store was rebuilt: what stood on this machine before mailsetup is not known any more, so nothing can be taken back. To remove the server by hand: `apt-get purge postfix dovecot-core opendkim spamassassin spamass-milter`, then `rm -r %s`; delivered mail stays in /var/mail", STATE_DIRECTORY)
		       : NULL;
}

static struct error *rollback(struct cli *cli)
{
	CLEAN(session) struct session s = SESSION_CLOSED;
	CLEAN(list) struct list names = { 0 };
	const struct step *only = NULL;

	TRY(session_open(cli, SESSION_LOCK, &s));
	if (cli->operands.n)
		TRY(find_step(&s.graph, cli->operands.v[0], &only));
	if (s.run.state) {
		TRY(refuse_rebuilt(s.run.state));
		TRY(affected(&s, only, &names));
		TRY(ask(cli, &names));
		struct migration m = migration_of(&s, cli);
		if (!only)
			TRY(migration_settle(&m));
		struct error *e = run_rollback(&s.run, &s.graph, only);
		terminal_close(&s.terminal);
		if (error_code(e) == ERR_INCOMPLETE)
			cli->next = _("nothing is lost: run `mailsetup rollback` again to go on");
		TRY(e);
	} else if (!only) {
		TRY(state_sweep(s.host));
	}
	tell_result(cli, &s, !names.n && !s.run.changes, !only);
	return NULL;
}

static void step_words(const struct command *c, struct list *ret)
{
	(void)c;
	for (size_t i = 0; all_steps[i]; i++)
		list_add(ret, all_steps[i]->name);
}

const struct command command_rollback = {
	.name = "rollback",
	.operands = N_("[STEP]"),
	.operands_max = 1,
	.summary = N_("take back what mailsetup did, all of it or from one step on"),
	.help = PARAGRAPHS(
		N_("Puts the machine back as it was before: files with their bytes, owners and times, packages, users, "
		   "services. With STEP, takes back that step and those that need it."),
		N_("What another hand has changed since is kept, the file from before is set beside it, and the exit "
		   "status is 4. Delivered mail is always kept. What the purge of a package would take of another "
		   "hand's files, such as accounts in /etc/postfix, is copied to /var/backups/mailsetup first. While "
		   "mail waits in the queue, a rollback that would lose it is refused. On a terminal it asks first, "
		   "unless --yes is given.")),
	.examples = "mailsetup rollback --yes\nmailsetup rollback dkim",
	.flags = NEEDS_ROOT | CHANGES,
	.options = options,
	.words = step_words,
	.run = rollback,
};
