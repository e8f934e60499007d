#include "base/i18n.h"
#include "ensure/ensure.h"
#include "host/account.h"
#include "mail/layout.h"
#include "steps/steps.h"

/* The guide's tables and queries name the number, so the name has to have it, and nobody else. holder may be NULL. */
static void check_number(struct run *run, const char *kind, bool exists, unsigned id, const char *holder)
{
	if (exists && id != MAILBOX_ID)
		run_blocker(run, "%s %s has the id %u, but mailboxes carry %u; rename it, or give it that id", kind, MAILBOX_USER, id, MAILBOX_ID);
	else if (!exists && holder)
		run_blocker(run, "%s id %u belongs to %s, but mailboxes carry it; give %s another one", kind, MAILBOX_ID, holder, holder);
}

static struct error *accounts_precheck(struct run *run)
{
	CLEAN(free) char *user_holder = NULL, *group_holder = NULL;
	struct user user;
	struct group group;

	TRY(user_find(run->host, MAILBOX_USER, &user));
	TRY(group_find(run->host, MAILBOX_USER, &group));
	TRY(user_name_of(run->host, MAILBOX_ID, &user_holder));
	TRY(group_name_of(run->host, MAILBOX_ID, &group_holder));
	check_number(run, _("user"), user.exists, user.uid, user_holder);
	check_number(run, _("group"), group.exists, group.gid, group_holder);
	return NULL;
}

static struct error *accounts_apply(struct run *run)
{
	TRY(ensure_group(run, MAILBOX_USER, MAILBOX_ID));
	TRY(ensure_user(run, MAILBOX_USER, MAILBOX_ID, MAILBOX_USER, MAILBOX_ROOT));
	TRY(ensure_group(run, SPAMD_USER, ID_ANY));
	TRY(ensure_user(run, SPAMD_USER, ID_ANY, SPAMD_USER, SPAMD_HOME));
	TRY(ensure_member(run, "postfix", "opendkim"));
	TRY(ensure_member(run, "postfix", "spamass-milter"));
	return ensure_member(run, "spamass-milter", SPAMD_USER);
}

const struct step step_accounts = {
	.name = "accounts",
	.title = N_("Users, groups and memberships"),
	.why = N_("mailboxes have one owner, and the daemons reach each other's sockets through groups"),
	.needs = NEEDS(&step_packages),
	.revision = 1,
	.precheck = accounts_precheck,
	.apply = accounts_apply,
};
