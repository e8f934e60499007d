#include "cli/session.h"
#include "base/i18n.h"
#include "ensure/verbs.h"
#include "host/lock.h"
#include "steps/recover.h"
#include "steps/steps.h"

#include <unistd.h>

struct list session_adopt, session_overwrite;

static void add_sinks(struct cli *cli, unsigned flags, struct session *s)
{
	terminal_open(&s->terminal, &cli->screen);
	s->json.out = cli->screen.out;
	if (!cli->json)
		events_add(&s->events, terminal_sink(&s->terminal));
	else if (!(flags & SESSION_QUERY))
		events_add(&s->events, json_sink(&s->json));
	if (!(flags & SESSION_QUERY))
		events_add(&s->events, journal_sink());
}

/* The rollback of one server and the install of another would mix; one of them at a time. */
static struct error *refuse_other_domain(struct cli *cli, struct state *state)
{
	CLEAN(params) struct params known;
	const char *domain = cli->params.domain;

	params_init(&known);
	TRY(state_params_load(state, &known));
	if (!domain || !known.domain || strcmp(domain, known.domain) == 0)
		return NULL;
	return fail(ERR_CONFLICT,
		"this machine is the mail server of %s already; add --extra-domain %s to serve both, or run "
		"`mailsetup rollback` first",
		known.domain, domain);
}

/* Without its store mailsetup would take a server of its own for another hand's. */
static struct error *refuse_orphan(struct host *h)
{
	bool stands;

	TRY(server_stands(h, &stands));
	return stands ? fail(ERR_CONFLICT, "mailsetup has made the mail server on this machine, but its state store %s is gone: restore it from a backup, or run `mailsetup status --rebuild`", STATE_PATH)
		      : NULL;
}

struct error *session_open(struct cli *cli, unsigned flags, struct session *s)
{
	*s = SESSION_CLOSED;
	add_sinks(cli, flags, s);
	if (chdir("/") < 0)
		return fail_errno(errno, "cannot enter /");
	TRY(host_open("/", &s->host));
	if (flags & SESSION_LOCK)
		TRY(lock_take(s->host, &s->lock));
	TRY(graph_build(all_steps, &s->graph));
	s->compute = compute_new();
	s->run = (struct run){
		.host = s->host,
		.params = &cli->params,
		.compute = s->compute,
		.events = &s->events,
		.verbs = all_verbs,
		.verify = true,
		.adopt = session_adopt,
		.overwrite = session_overwrite,
	};
	session_adopt = session_overwrite = (struct list){ 0 };
	s->run.blind = flags & SESSION_BLIND;
	if (flags & SESSION_BLIND)
		return NULL;
	struct error *e = state_open(s->host, false, &s->run.state);
	/* Damaged; a store that could only not be opened now, on a full disk say, holds all that it ever did. */
	if (error_code(e) == ERR_CONFLICT && flags & SESSION_REBUILD) {
		error_free(e);
		e = state_set_aside(s->host, &s->aside);
	}
	TRY(e);
	if (!s->run.state)
		return flags & SESSION_REBUILD ? NULL : refuse_orphan(s->host);
	TRY(refuse_other_domain(cli, s->run.state));
	TRY(state_params_load(s->run.state, &cli->params));
	return cli->params.domain ? params_complete(&cli->params) : NULL;
}

void session_cleanup(struct session *s)
{
	if (s->terminal.screen)
		terminal_close(&s->terminal);
	run_free_differences(&s->run);
	package_plan_free(&s->run.apt);
	list_free(&s->run.blockers);
	list_free(&s->run.kept);
	list_free(&s->run.changed);
	list_free(&s->run.adopt);
	list_free(&s->run.overwrite);
	if (s->run.state)
		state_close(s->run.state);
	if (s->compute)
		compute_free(s->compute);
	graph_free(&s->graph);
	fd_cleanup(&s->lock);
	free(s->aside);
	if (s->host)
		host_close(s->host);
}
