#include "steps/packages.h"
#include "ensure/ensure.h"
#include "steps/steps.h"

/* Real names only: dovecot-common and dnsutils are virtual or transitional, and would never count as installed. */
const char *const package_names[] = {
	"openssl",
	"bind9-dnsutils",
	"sqlite3",
	"postfix",
	"postfix-sqlite",
	"dovecot-core",
	"dovecot-imapd",
	"dovecot-lmtpd",
	"dovecot-managesieved",
	"dovecot-sieve",
	"dovecot-sqlite",
	"opendkim",
	"opendkim-tools",
	"spamassassin",
	"spamc",
	"spamass-milter",
	/* Only recommended by spamassassin; without it SPF proves and disproves nothing. */
	"libmail-spf-perl",
	NULL,
};

/* Users and groups that the packages make and purging does not remove. */
static const char *const leftover_users[] = {
	"postfix", "postdrop", "dovecot", "dovenull", "opendkim", "debian-spamd", "spamass-milter", "ssl-cert", NULL,
};

static const char *const leftover_paths[] = {
	"/etc/postfix", "/etc/dovecot", "/etc/dkimkeys", "/etc/spamassassin", "/var/spool/postfix", "/var/lib/postfix",
	"/var/lib/dovecot", "/var/lib/spamassassin", "/run/dovecot", "/run/opendkim",
	"/etc/aliases", "/etc/aliases.db", "/etc/mailname", "/etc/opendkim.conf", "/etc/default/opendkim",
	"/etc/default/spamassassin", "/etc/default/spamass-milter", NULL,
};

static struct error *packages_apply(struct run *run)
{
	CLEAN(free) char *preseed = text("postfix postfix/main_mailer_type select Internet Site\n"
					 "postfix postfix/mailname string %s\n"
					 "postfix postfix/protocols select all\n", run->params->hostname);
	const struct packages wanted = {
		.names = package_names,
		.preseed = preseed,
		.leftover_users = leftover_users,
		.leftover_paths = leftover_paths,
	};

	return ensure_packages(run, &wanted);
}

const struct step step_packages = {
	.name = "packages",
	.title = "Debian packages",
	.why = "Postfix, Dovecot, OpenDKIM and SpamAssassin come from Debian, in one transaction",
	.needs = NEEDS(&step_system),
	.revision = 1,
	.apply = packages_apply,
};
