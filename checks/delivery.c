#include "checks/ask.h"
#include "checks/mailbox.h"

/* A stranger writes to another address of the test mailbox. */
static void deliver(const struct check_context *c, const char *to, const char *word, const char *remedy,
	struct finding *f)
{
	struct endpoint e = ask_stranger(c, c->outside->server_ipv4);
	CLEAN(bytes) struct bytes message = { 0 };
	CLEAN(free) char *uid = NULL;
	const char *folder;

	ask_message(c, word, ASK_STRANGER, "This message proves that an address is delivered. It is removed again.",
		&message);
	if (!finding_error(f, ask_deliver(c, &e, "", to, word, &message, &folder, &uid), remedy))
		finding_ok(f, "mail to %s is delivered to %s", to, c->mailbox);
}

static void run_virtual(const struct check_context *c, struct finding *f)
{
	CLEAN(free) char *alias = test_address(c->mailbox, TEST_ALIAS);

	deliver(c, alias, "virtual-alias", "mailsetup verify --only maps; postconf virtual_alias_maps; " ASK_LOGS, f);
}

static void run_local(const struct check_context *c, struct finding *f)
{
	CLEAN(free) char *alias = test_address(c->mailbox, TEST_ALIAS);
	CLEAN(free)
	char *local = text("%.*s@%s", (int)strcspn(alias, "@"), alias, c->params->hostname);

	deliver(c, local, "alias", "mailsetup verify --only maps; postconf alias_maps mydestination; " ASK_LOGS, f);
}

static void run_plus(const struct check_context *c, struct finding *f)
{
	CLEAN(free)
	char *plus = text("%.*s+word%s", (int)strcspn(c->mailbox, "@"), c->mailbox, strchr(c->mailbox, '@'));

	deliver(c, plus, "plus-address", "postconf recipient_delimiter; doveconf recipient_delimiter; " ASK_LOGS, f);
}

const struct check check_virtual_alias = {
	.name = "virtual-alias",
	.title = N_("A virtual alias leads to its mailbox"),
	.outside = true,
	.mail = true,
	.timeout = 90,
	.run = run_virtual,
};

const struct check check_alias = {
	.name = "alias",
	.title = N_("A local alias leads to its mailbox"),
	.outside = true,
	.mail = true,
	.timeout = 90,
	.run = run_local,
};

const struct check check_plus_address = {
	.name = "plus-address",
	.title = N_("What follows a + in an address does not hinder"),
	.outside = true,
	.mail = true,
	.timeout = 90,
	.run = run_plus,
};
