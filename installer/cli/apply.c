#include "cli/apply.h"
#include "base/i18n.h"

struct error *apply_params(struct cli *cli, struct session *s)
{
	s->run.params = &cli->params;
	s->run.verify = false;
	s->run.partial = true;
	struct error *e = params_complete(&cli->params);
	if (!e)
		e = run_install(&s->run, &s->graph);
	terminal_close(&s->terminal);
	if (error_code(e) == ERR_STOPPED)
		cli->next = _("nothing is lost: run the same command again, or `mailsetup resume`, to go on");
	return e;
}
