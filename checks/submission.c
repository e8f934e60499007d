#include "checks/ask.h"

/* From the test mailbox to itself: sent with its password, delivered, found by IMAPS. */
static void send_and_find(const struct check_context *c, unsigned port, const char *word, struct finding *f)
{
	const char *server = c->outside->server_ipv4;
	struct endpoint e = ask_user(c, server, port);
	CLEAN(bytes) struct bytes message = { 0 };
	CLEAN(free) char *uid = NULL;
	const char *folder;

	ask_message(c, word, c->mailbox,
		"This message proves that mail can be sent and read. It is removed again.", &message);
	if (ask_refused(c, f, smtp_send(&e, c->mailbox, c->mailbox, &message), ASK_LOGS))
		return;
	if (finding_error(f, ask_wait(c, server, ask_both, word, &folder, &uid), "postqueue -p; " ASK_LOGS))
		return;
	if (strcmp(folder, "INBOX") == 0)
		finding_ok(f, "sent with a password through port %u from %s, delivered, read by IMAPS", port,
			c->outside->client_ipv4);
	else
		finding_failed(f, ASK_SPAM_LOGS, "an ordinary message of a user is filed into %s", folder);
}

static void run_587(const struct check_context *c, struct finding *f)
{
	send_and_find(c, 587, "submission", f);
}

static void run_465(const struct check_context *c, struct finding *f)
{
	send_and_find(c, 465, "submissions", f);
}

const struct check check_submission = {
	.name = "submission",
	.title = N_("A user sends through port 587 and reads by IMAPS"),
	.outside = true,
	.mail = true,
	.timeout = 90,
	.run = run_587,
};

const struct check check_submissions = {
	.name = "submissions",
	.title = N_("A user sends through port 465 and reads by IMAPS"),
	.outside = true,
	.mail = true,
	.timeout = 90,
	.run = run_465,
};
