#include "base/i18n.h"
#include "cli/install.h"

static struct error *run(struct cli *cli)
{
	return install(cli, false);
}

const struct command command_install = {
	.name = "install",
	.summary = N_("make this machine a mail server, and prove it with real mail"),
	.help = PARAGRAPHS(
		N_("The mail server of a domain: Postfix, Dovecot, OpenDKIM and SpamAssassin, their accounts in one "
		   "SQLite database, their keys and settings."),
		N_("Before the first change every step looks whether the machine can take it; if not, it says why and "
		   "nothing is changed. Each step that is as wanted already is left alone, so a second install changes "
		   "nothing. The parameters are remembered: a later `mailsetup install` or `mailsetup resume` needs "
		   "none of them. It asks nothing, except for the password of --admin on a terminal."),
		N_("An install that was stopped, by whatever, goes on with `mailsetup resume` or is taken back with "
		   "`mailsetup rollback`.")),
	.examples = "mailsetup install --domain exemple.fr --admin moi@exemple.fr\n"
		    "mailsetup install --config /root/mail.conf --password-stdin < /root/password",
	.flags = NEEDS_ROOT | TAKES_PARAMS | CHANGES,
	.options = install_options,
	.run = run,
};
