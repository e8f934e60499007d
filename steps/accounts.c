#include "ensure/ensure.h"
#include "host/account.h"
#include "steps/layout.h"
#include "steps/steps.h"

static struct error *accounts_apply(struct run *run)
{
	TRY(ensure_group(run, MAILBOX_USER, MAILBOX_ID));
	TRY(ensure_user(run, MAILBOX_USER, MAILBOX_ID, MAILBOX_USER, MAILBOXES));
	TRY(ensure_group(run, SPAMD_USER, ID_ANY));
	TRY(ensure_user(run, SPAMD_USER, ID_ANY, SPAMD_USER, SPAMD_HOME));
	TRY(ensure_member(run, "postfix", "opendkim"));
	TRY(ensure_member(run, "postfix", "spamass-milter"));
	return ensure_member(run, "spamass-milter", SPAMD_USER);
}

const struct step step_accounts = {
	.name = "accounts",
	.title = "Users, groups and memberships",
	.why = "mailboxes have one owner, and the daemons reach each other's sockets through groups",
	.needs = NEEDS(&step_packages),
	.revision = 1,
	.apply = accounts_apply,
};
