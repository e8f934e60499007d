#include "base/i18n.h"
#include "ensure/ensure.h"
#include "host/process.h"
#include "steps/layout.h"
#include "steps/steps.h"

#define CONF "/etc/dovecot/conf.d/"

struct edit {
	const char *path;
	const char *pattern;
	const char *line;
};

/* Debian's own files, of which only these lines differ. */
static const struct edit edits[] = {
	{ "/etc/dovecot/dovecot.conf", "^#?listen *=", "listen = *, [::]" },
	{ CONF "10-mail.conf", "^#?mail_location *=", "mail_location = maildir:" MAILBOXES "/%d/%n" },
	{ CONF "10-auth.conf", "^#?disable_plaintext_auth *=", "disable_plaintext_auth = yes" },
	{ CONF "10-auth.conf", "^#?!include auth-system[.]conf[.]ext", "#!include auth-system.conf.ext" },
	{ CONF "10-auth.conf", "^#?!include auth-sql[.]conf[.]ext", "!include auth-sql.conf.ext" },
};

static struct error *dovecot_apply(struct run *run)
{
	CLEAN(free) char *postmaster = text("postmaster@%s", run->params->domain);
	const struct variable variables[] = { { "POSTMASTER", postmaster }, { NULL, NULL } };

	for (size_t i = 0; i < sizeof(edits) / sizeof(*edits); i++)
		TRY(ensure_line(run, edits[i].path, edits[i].pattern, edits[i].line, ROOT_FILE));
	TRY(ensure_asset(run, "/etc/dovecot/dovecot-sql.conf.ext", NULL, OWNED("root", "dovecot", 0640)));
	TRY(ensure_asset(run, CONF "10-ssl.conf", NULL, ROOT_FILE));
	TRY(ensure_asset(run, CONF "10-master.conf", NULL, ROOT_FILE));
	TRY(ensure_asset(run, CONF "15-mailboxes.conf", NULL, ROOT_FILE));
	TRY(ensure_asset(run, CONF "20-lmtp.conf", variables, ROOT_FILE));
	TRY(ensure_asset(run, CONF "90-sieve.conf", NULL, ROOT_FILE));
	return ensure_directory(run, MAILBOXES, OWNED(MAILBOX_USER, MAILBOX_USER, 0700));
}

static struct error *dovecot_postcheck(struct run *run)
{
	return process_simple(run->host, NULL, "doveconf", "-n", NULL);
}

const struct step step_dovecot = {
	.name = "dovecot",
	.title = N_("Dovecot configuration"),
	.why = N_("users read their mail, Postfix delivers it and asks for passwords"),
	.needs = NEEDS(&step_database, &step_tls),
	.revision = 1,
	.apply = dovecot_apply,
	.postcheck = dovecot_postcheck,
};
