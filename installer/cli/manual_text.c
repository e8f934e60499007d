#include "cli/manual_text.h"
#include "base/i18n.h"
#include "engine/state.h"
#include "mail/layout.h"

const struct manual_item manual_description[] = {
	{ N_("mailsetup makes a Debian machine the mail server of a domain: Postfix, Dovecot, OpenDKIM and SpamAssassin, their accounts in "
	     "one SQLite database, their keys and settings. It ends only when real mail has gone through the server, and it can take back "
	     "all that it did."),
		NULL, NULL },
	{ N_("Results go to standard output; notes, progress, warnings and errors to standard error."), NULL, NULL },
	{ 0 },
};

const struct manual_item manual_environment[] = {
	{ N_("Set to anything: no colours, as with --no-color."), "NO_COLOR", NULL },
	{ N_("The program that shows a plan on a terminal."), "PAGER", NULL },
	{ N_("How wide the output is, where there is no terminal that knows."), "COLUMNS", NULL },
	{ N_("The language of messages and help, as gettext(3) reads them; `LC_ALL=C` is English in ASCII. What --json writes is always "
	     "English."),
		"LANGUAGE, LC_ALL, LC_MESSAGES, LANG", NULL },
	{ 0 },
};

const struct manual_item manual_files[] = {
	{ N_("The parameters, the steps and the undo journal. Without it nothing can be taken back."), STATE_PATH, NULL },
	{ N_("Copies of what another hand has made or changed, from before an install wrote it anew, or a rollback took it away."),
		"/var/backups/mailsetup", NULL },
	{ N_("Domains, mailboxes, aliases and blocklists."), ACCOUNTS_PATH, NULL },
	{ N_("Certificate (courriel.pem), its key (courriel.key) and the Diffie-Hellman group (dh4096.pem, by its size)."), TLS_DIRECTORY, NULL },
	{ N_("DKIM keys, and beside each one the record to publish."), DKIM_KEYS, NULL },
	{ N_("The mail, a folder for each domain, and in it one for each mailbox."), MAILBOX_ROOT, NULL },
	{ 0 },
};

const struct manual_item manual_exit_status[] = {
	{ N_("Done."), "0", NULL },
	{ N_("Stopped, and resumable; or a check failed."), "1", NULL },
	{ N_("Wrong usage."), "2", NULL },
	{ N_("The machine cannot take it; nothing was changed."), "3", NULL },
	{ N_("A conflict that wants a decision: another hand has changed what mailsetup wrote."), "4", NULL },
	{ N_("Another mailsetup, or apt, is at work."), "5", NULL },
	{ N_("A rollback could not put everything back; run it again."), "6", NULL },
	{ 0 },
};

const struct manual_item manual_examples[] = {
	{ N_("See what an install would do, then install, with a first mailbox whose password is asked for:"), NULL,
		"# mailsetup plan --domain exemple.fr --admin moi@exemple.fr\n"
		"# mailsetup install --domain exemple.fr --admin moi@exemple.fr" },
	{ N_("The same, unattended:"), NULL, "# mailsetup install --config /root/mail.conf --password-stdin < /root/password" },
	{ N_("What a program runs that has renewed the certificate:"), NULL, "# mailsetup install --quiet --no-verify" },
	{ N_("Accounts from a table, and what the server needs from the DNS:"), NULL,
		"# mailsetup user import accounts.csv\n"
		"# mailsetup dns --check" },
	{ N_("A picture of the steps:"), NULL, "$ mailsetup steps --dot | dot -Tsvg > steps.svg" },
	{ 0 },
};

const struct manual_item manual_diagnostics[] = {
	{ N_("An error says what happened, to which file or unit, and what to do next. Each step is in the systemd journal as well, with "
	     "the fields `MAILSETUP_STEP` and `MAILSETUP_EVENT`:"),
		NULL, "# journalctl MAILSETUP_STEP=packages" },
	{ N_("What the mail programs themselves have logged is explained by `mailsetup doctor`."), NULL, NULL },
	{ 0 },
};

const struct manual_item manual_security[] = {
	{ N_("No password or key is ever in a command line, an environment, a log or an event: passwords come from a terminal or from "
	     "standard input, and are stored as {SHA512-CRYPT}. Files with secrets have their mode before they have their content."),
		NULL, NULL },
	{ N_("Commands that read or change the server run as root. Archives of mail are read in a child process without privileges, in a "
	     "sandbox; names that come from outside are judged before they are used, and shown without control characters."),
		NULL, NULL },
	{ 0 },
};

const struct manual_item manual_config_description[] = {
	{ N_("The file that `mailsetup install --config FILE` reads holds the parameters of the server; `mailsetup plan` and `mailsetup resume` "
	     "read it too. It may have any name and stand anywhere; nothing reads it unless it is named."),
		NULL, NULL },
	{ N_("Each line is `name = value`, where the name is the long option of `mailsetup install` without its two hyphens. White space "
	     "around both is ignored. A name that stands alone means yes. `#` at the start of a line, or after white space, starts a "
	     "comment."),
		NULL, NULL },
	{ N_("A name may stand once; only those that may be repeated can come again, one value a line. A name that is not known, or a value "
	     "that is malformed, is refused with file name and line number, and nothing is changed. A line has at most 4096 bytes, the "
	     "file at most 64 KiB."),
		NULL, NULL },
	{ N_("What the command line says wins over the file, the file over what is remembered of an earlier install, and that over the "
	     "defaults. A relative path of a certificate or key is taken from the directory in which mailsetup was started. A password "
	     "cannot stand here."),
		NULL, NULL },
	{ 0 },
};

const struct manual_item manual_config_examples[] = {
	{ N_("The mail server of exemple.fr:"), NULL,
		"domain       = exemple.fr\n"
		"hostname     = mail.exemple.fr\n"
		"admin        = moi@exemple.fr\n"
		"extra-domain = toto.fr\n"
		"extra-domain = autre.fr\n"
		"hosts-entry  = 192.168.1.20  # the server itself\n"
		"size-limit   = 50M" },
	{ 0 },
};
