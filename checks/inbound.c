#include "checks/ask.h"

static void run(const struct check_context *c, struct finding *f)
{
	const char *server = c->outside->server_ipv4;
	struct endpoint e = ask_stranger(c, server);
	CLEAN(bytes) struct bytes message = { 0 };
	CLEAN(free) char *uid = NULL;
	const char *folder;

	/* The null sender: no sender's domain has to exist. */
	ask_message(c, "inbound", ASK_STRANGER,
		"This message proves that the world can write here. It is removed again.", &message);
	if (finding_error(f, smtp_send(&e, "", c->mailbox, &message), ASK_LOGS))
		return;
	if (finding_error(
		    f, ask_wait(c, server, ask_both, "inbound", &folder, &uid), "postqueue -p; " ASK_LOGS))
		return;
	if (strcmp(folder, "INBOX") == 0)
		finding_ok(f, "delivered from %s through port 25 with STARTTLS", c->outside->client_ipv4);
	else
		finding_failed(f, ASK_SPAM_LOGS, "an ordinary message from outside is filed into %s", folder);
}

const struct check check_inbound = {
	.name = "inbound",
	.title = N_("Mail from the world arrives in the inbox"),
	.outside = true,
	.mail = true,
	.timeout = 90,
	.run = run,
};
