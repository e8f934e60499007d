#include "ensure/ensure.h"
#include "host/account.h"
#include "steps/layout.h"
#include "steps/steps.h"

/* The guide's tables and queries name the number, so the name has to have it, and nobody else. */
static struct error *accounts_precheck(struct run *run)
{
	CLEAN(free) char *user_holder = NULL, *group_holder = NULL;
	struct user user;
	struct group group;

	TRY(user_find(run->host, MAILBOX_USER, &user));
	TRY(group_find(run->host, MAILBOX_USER, &group));
	TRY(user_name_of(run->host, MAILBOX_ID, &user_holder));
	TRY(group_name_of(run->host, MAILBOX_ID, &group_holder));
	if (user.exists && user.uid != MAILBOX_ID)
		run_blocker(run, "user " MAILBOX_USER " has the id %u, but mailboxes carry %u; rename it, or give it that id",
			(unsigned)user.uid, MAILBOX_ID);
	else if (!user.exists && user_holder)
		run_blocker(run, "user id %u belongs to %s, but mailboxes carry it; give %s another one", MAILBOX_ID, user_holder,
			user_holder);
	if (group.exists && group.gid != MAILBOX_ID)
		run_blocker(run, "group " MAILBOX_USER " has the id %u, but mailboxes carry %u; rename it, or give it that id",
			(unsigned)group.gid, MAILBOX_ID);
	else if (!group.exists && group_holder)
		run_blocker(run, "group id %u belongs to %s, but mailboxes carry it; give %s another one", MAILBOX_ID, group_holder,
			group_holder);
	return NULL;
}

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
	.precheck = accounts_precheck,
	.apply = accounts_apply,
};
