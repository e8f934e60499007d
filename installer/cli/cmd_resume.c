#include "base/i18n.h"
#include "cli/install.h"
#include "cli/migration.h"

/* An import can only be unfinished on a server that stands. */
static struct error *resume_import(struct cli *cli, bool *ret_resumed)
{
	CLEAN(session) struct session s = SESSION_CLOSED;

	*ret_resumed = false;
	TRY(session_open(cli, SESSION_LOCK, &s));
	if (!s.run.state)
		return NULL;
	TRY(migration_unfinished(s.run.state, ret_resumed));
	if (!*ret_resumed)
		return NULL;
	struct migration m = migration_of(&s, cli);
	struct error *e = migration_resume(&m);
	terminal_close(&s.terminal);
	e = migration_tell(cli, &m, e);
	report_free(&m.report);
	return e;
}

static struct error *run(struct cli *cli)
{
	bool resumed;

	TRY(resume_import(cli, &resumed));
	return resumed ? NULL : install(cli, true);
}

const struct command command_resume = {
	.name = "resume",
	.summary = N_("go on with an install, or an import of mail, that was stopped"),
	.help = PARAGRAPHS(
		N_("An error, a signal or a power cut stopped it; it goes on with the parameters it had. Each step is "
		   "looked at again: the machine decides what is done, not the record. A parameter given here replaces "
		   "the remembered one.")),
	.examples = "mailsetup resume",
	.flags = NEEDS_ROOT | TAKES_PARAMS | CHANGES,
	.options = resume_options,
	.run = run,
};
