#include "base/i18n.h"
#include "ensure/ensure.h"
#include "mail/layout.h"
#include "steps/steps.h"

/* smtpd and cleanup are chrooted: OpenDKIM's socket must be reachable in there. spamass-milter's package makes its own. */
static struct error *sockets_apply(struct run *run)
{
	/* Dovecot puts its sockets there before Postfix first starts; Postfix 3.10 makes it no sooner. */
	TRY(ensure_package_directory(run, POSTFIX_CHROOT "/private", OWNED("postfix", "root", 0700)));
	TRY(ensure_directory(run, POSTFIX_CHROOT "/var", OWNED("root", "root", 0755)));
	TRY(ensure_directory(run, POSTFIX_CHROOT "/var/run", OWNED("root", "root", 0755)));
	return ensure_directory(run, POSTFIX_CHROOT "/var/run/opendkim", OWNED("opendkim", "opendkim", 0750));
}

const struct step step_sockets = {
	.name = "sockets",
	.title = N_("Directory of the signing socket"),
	.why = N_("Postfix hands each message to OpenDKIM through it"),
	.needs = NEEDS(&step_accounts),
	.revision = 1,
	.apply = sockets_apply,
};
