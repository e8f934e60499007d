#include "cli/install.h"
#include "base/i18n.h"
#include "cli/admin.h"
#include "cli/json.h"
#include "cli/moving.h"
#include "cli/next.h"
#include "cli/plan_file.h"
#include "cli/session.h"

static const char *config, *plan, *from;
static bool password_stdin, passphrase_stdin, no_verify;

#define OPTIONS                                                                                                        \
	{ "config", 'c', N_("FILE"), N_("read parameters from FILE: lines `name = value`; the command line wins"), NULL, &config, NULL }, \
	{ "plan", 0, N_("FILE"), N_("do what `mailsetup plan --out FILE` has shown, and nothing else"), NULL, &plan, NULL }, \
	{ "password-stdin", 0, NULL, N_("read the password of --admin from standard input, one line"), &password_stdin, NULL, NULL }, \
	DRIFT_OPTIONS,                                                                                                 \
	{ "no-verify", 0, NULL, N_("do not prove the result with real mail at the end"), &no_verify, NULL, NULL }

const struct option_spec resume_options[] = { OPTIONS, { 0 } };
const struct option_spec install_options[] = {
	OPTIONS,
	MOVING_OPTIONS(from, passphrase_stdin),
	{ 0 },
};

/* Of a server that is new. */
static void tell_names(const struct cli *cli, const struct session *s)
{
	CLEAN(list) struct list domains = { 0 };

	params_domains(&cli->params, &domains);
	for (size_t i = 0; i < domains.n && !s->run.state; i++)
		note_letters(&cli->screen, domains.v[i]);
}

static struct error *run(struct cli *cli, struct session *s)
{
	struct error *e = run_install(&s->run, &s->graph);

	terminal_close(&s->terminal);
	if (error_code(e) == ERR_STOPPED && s->run.state && s->run.step)
		cli->next = _("nothing is lost: run `mailsetup resume` to go on, or `mailsetup rollback` to "
			      "take it all back");
	return e;
}

static struct error *tell_result(struct cli *cli, struct session *s)
{
	const struct screen *screen = &cli->screen;

	if (cli->json) {
		json_t *done = json_event("done");

		json_object_set_new(done, "changed", json_boolean(s->run.changes));
		json_object_set_new(done, "changes", json_integer(s->run.changes));
		struct error *e = moving_tell(cli, s, done);
		next_json(cli, s->host);
		json_write(screen->out, done);
		return e;
	}
	if (!cli->quiet && s->run.changes) {
		next_show(cli, s->host);
	} else if (!cli->quiet) {
		fputs(_("Nothing had to be changed.\n"), screen->out);
	}
	return moving_tell(cli, s, NULL);
}

struct error *install(struct cli *cli, bool resuming)
{
	CLEAN(notes) struct notes brought = { 0 };
	CLEAN(session) struct session s = SESSION_CLOSED;
	CLEAN(plan_file_free) struct plan_file *wanted = NULL;
	CLEAN(bytes) struct bytes sealed = { 0 };

	if (plan)
		TRY(plan_file_read(plan, &cli->params, &wanted));
	if (config)
		TRY(params_read_file(&cli->params, config));
	if (from)
		TRY(moving_read(from, &sealed));
	TRY(session_open(cli, SESSION_LOCK, &s));
	if (resuming && !(s.run.state && cli->params.domain))
		return fail(ERR_USAGE, "nothing to resume: no install was ever started here");
	TRY(moving_take(cli, &s, from, &sealed, passphrase_stdin, &brought));
	TRY(params_complete(&cli->params));
	TRY(admin_password(cli, &s, password_stdin));
	if (wanted) {
		s.run.accept = plan_file_accept;
		s.run.accept_context = wanted;
		s.run.want_diffs = true;
	}
	s.run.verify = !no_verify;
	tell_names(cli, &s);
	TRY(run(cli, &s));
	TRY(admin_forget(cli, &s));
	return tell_result(cli, &s);
}
