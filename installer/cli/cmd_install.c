#include "base/i18n.h"
#include "cli/install.h"

static struct error *run(struct cli *cli)
{
	return install(cli, false);
}

const struct command command_install = {
	.name = "install",
	.summary = N_("make this machine a mail server, and prove it with real mail"),
	.help = N_("Makes this machine the mail server of a domain: Postfix, Dovecot, OpenDKIM, SpamAssassin, "
		   "their accounts, keys "
		   "and settings.\n\n"
		   "Before the first change every step looks whether the machine can take it; if not, nothing "
		   "is changed. Each step "
		   "that is as wanted already is left alone, so a second install changes nothing. The "
		   "parameters are remembered. "
		   "An install that was stopped, by whatever, goes on with `mailsetup resume` or is taken back "
		   "with `mailsetup "
		   "rollback`. It asks nothing, except for the password of --admin on a terminal."),
	.examples = "mailsetup install --domain exemple.fr --admin moi@exemple.fr\n"
		    "mailsetup install --config /root/mail.conf --password-stdin < /root/password",
	.flags = NEEDS_ROOT | TAKES_PARAMS | CHANGES,
	.options = install_options,
	.run = run,
};
