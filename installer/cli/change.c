#include "cli/change.h"
#include "base/i18n.h"
#include "cli/json.h"
#include "mail/accounts.h"

struct error *change_open(struct cli *cli, struct session *s)
{
	TRY(session_open(cli, SESSION_LOCK, s));
	if (!s->run.state || !cli->params.domain)
		return fail(ERR_PRECHECK, "nothing is installed here: `mailsetup install --domain DOMAIN` comes first");
	return NULL;
}

struct error *change_check_unfinished(struct cli *cli, struct session *s, bool goes_on, bool *ret_unfinished)
{
	*ret_unfinished = false;
	for (size_t i = 0; i < s->graph.n; i++) {
		CLEAN(step_record) struct step_record record = { 0 };
		const struct step *step = s->graph.nodes[i].step;

		if (step->always)
			continue;
		TRY(state_step_get(s->run.state, step->name, &record));
		*ret_unfinished |= record.status != STEP_DONE;
	}
	/* What an unfinished run meant to write may not be there yet: no telling then whose a file is. */
	s->run.leave_theirs = !*ret_unfinished;
	if (!*ret_unfinished || goes_on)
		return NULL;
	return fail(ERR_CONFLICT, "%s: an earlier run was stopped before its end; `mailsetup resume` finishes it, then come again",
		cli->command->name);
}

/* The account that a step would have to make again, without a password. */
static struct error *check_admin(struct cli *cli, struct session *s)
{
	CLEAN(accounts_close) struct accounts *a = NULL;
	bool exists;

	if (!cli->params.admin || cli->params.admin_hash)
		return NULL;
	TRY(accounts_open(s->host, true, &a));
	TRY(accounts_user_exists(a, cli->params.admin, &exists));
	return exists ? NULL
		      : fail(ERR_PRECHECK,
				"%s: the mailbox %s, which gets postmaster's mail, is gone; nothing was changed. `mailsetup install --admin "
				"ADDRESS` names another one first",
				cli->command->name, cli->params.admin);
}

struct error *change_run(struct cli *cli, struct session *s)
{
	TRY(check_admin(cli, s));
	TRY(params_complete(&cli->params));
	s->run.verify = false;
	s->run.partial = true;
	struct error *e = run_install(&s->run, &s->graph);
	terminal_close(&s->terminal);
	if (error_code(e) == ERR_STOPPED && s->run.step)
		cli->next = _("nothing is lost: run the same command again, or `mailsetup resume`, to go on");
	return e;
}

void change_done_json(struct cli *cli, bool changed, const char *key, const char *value)
{
	json_t *done = json_event("done");

	json_object_set_new(done, "changed", json_boolean(changed));
	json_set_text(done, key, value);
	json_write(cli->screen.out, done);
}
