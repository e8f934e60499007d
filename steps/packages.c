#include "base/i18n.h"
#include "steps/packages.h"
#include "ensure/ensure.h"
#include "steps/steps.h"

/* Real names only: dovecot-common and dnsutils are virtual or transitional, and would never count as installed. */
static const char *const names[] = {
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
};

void package_names(const struct release *r, struct list *ret)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		list_add(ret, names[i]);
	if (r->spamd_package)
		list_add(ret, r->spamd_package);
}

/* Users and groups that the packages make and purging does not remove. */
static const char *const leftover_users[] = {
	"postfix", "postdrop", "dovecot", "dovenull", "opendkim", "debian-spamd", "spamass-milter", "ssl-cert", NULL,
};

/* The package's own scripts leave a main.cf alone that they find. Else they would write one, line by line, and each time all that
 * reads it waits for it to cool (Postfix takes no main.cf that is younger than a second), every reload of systemd among it: a
 * third of the whole transaction's time. The step postfix writes the real one. */
static const struct seed seeds[] = {
	{ "/etc/postfix/main.cf", "# Until mailsetup has written the real one.\ncompatibility_level = 2\n" },
	{ NULL, NULL },
};

static const char *const generated_paths[] = {
	"/etc/postfix/dynamicmaps.cf", "/etc/postfix/main.cf.proto", "/etc/postfix/master.cf.proto", NULL,
};

/* Postfix's queue (qmgr(8), pickup(8)). */
static const char *const mail_paths[] = {
	"/var/spool/postfix/maildrop", "/var/spool/postfix/incoming", "/var/spool/postfix/active", "/var/spool/postfix/deferred",
	"/var/spool/postfix/hold", NULL,
};

static struct error *packages_apply(struct run *run)
{
	const struct release *r = &run->release;
	CLEAN(list) struct list wanted = { 0 };
	CLEAN(list) struct list leftover_paths = { 0 };
	const char *const paths[] = {
		"/etc/postfix", "/etc/postfix/main.cf", "/etc/dovecot", "/etc/dkimkeys", "/etc/spamassassin", "/var/spool/postfix",
		"/var/lib/postfix", "/var/lib/dovecot", "/var/lib/spamassassin", "/run/dovecot", "/run/opendkim",
		"/etc/aliases", "/etc/aliases.db", "/etc/mailname", "/etc/opendkim.conf", "/etc/default/opendkim",
		r->spamd_defaults, "/etc/default/spamass-milter", r->resolvconf_left, r->spamd_early,
	};
	const char *const leftover_units[] = {
		"postfix.service", r->postfix_daemon, "dovecot.service", "opendkim.service", r->spamd_unit, "spamass-milter.service", NULL,
	};

	package_names(r, &wanted);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		if (paths[i])
			list_add(&leftover_paths, paths[i]);
	return ensure_packages(run, &(struct packages){
		.names = (const char *const *)wanted.v,
		.seeds = seeds,
		.leftover_users = leftover_users,
		.leftover_paths = (const char *const *)leftover_paths.v,
		.leftover_units = leftover_units,
		.generated_paths = generated_paths,
	});
}

static struct error *packages_rollback_check(struct run *run)
{
	unsigned n;

	TRY(check_purge(run));
	TRY(count_mail(run, mail_paths, &n));
	if (!n)
		return NULL;
	return fail(ERR_CONFLICT, "Postfix's queue would go with Postfix, and mail waits in it (%u); nothing was done. `mailsetup queue list` "
		"shows what waits: have it delivered (`mailsetup queue flush`) or delete it (`mailsetup queue delete --all`), then start again", n);
}

const struct step step_packages = {
	.name = "packages",
	.title = N_("Debian packages"),
	.why = N_("Postfix, Dovecot, OpenDKIM and SpamAssassin come from Debian, in one transaction"),
	.needs = NEEDS(&step_system),
	.revision = 1,
	.apply = packages_apply,
	.rollback_check = packages_rollback_check,
};
