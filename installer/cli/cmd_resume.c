#include "base/i18n.h"
#include "cli/install.h"

static struct error *run(struct cli *cli)
{
	return install(cli, true);
}

const struct command command_resume = {
	.name = "resume",
	.summary = N_("go on with an install that was stopped"),
	.help = N_("Goes on with an install that was stopped by an error, a signal or a power cut, with the "
		   "parameters it had. Each "
		   "step is looked at again: the machine decides what is done, not the record. A parameter "
		   "given here replaces "
		   "the remembered one."),
	.examples = "mailsetup resume",
	.flags = NEEDS_ROOT | TAKES_PARAMS | CHANGES,
	.options = install_options,
	.run = run,
};
