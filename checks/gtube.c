#include "checks/ask.h"

/* The text that every SpamAssassin takes for spam. */
#define GTUBE "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"

static void run(const struct check_context *c, struct finding *f)
{
	const char *server = c->outside->server_ipv4;
	struct endpoint e = ask_stranger(c, server);
	CLEAN(bytes) struct bytes message = { 0 };
	CLEAN(free) char *uid = NULL;
	const char *folder;

	ask_message(c, "gtube", ASK_STRANGER, GTUBE, &message);
	if (finding_error(f, smtp_send(&e, "", c->mailbox, &message), ASK_LOGS))
		return;
	if (finding_error(f, ask_wait(c, server, ask_both, "gtube", &folder, &uid), "postqueue -p; " ASK_LOGS))
		return;
	if (strcmp(folder, "Spam") == 0)
		finding_ok(f, "the GTUBE message from %s is filed into Spam", c->outside->client_ipv4);
	else
		finding_failed(f, "mailsetup verify --only milters; " ASK_SPAM_LOGS,
			"the GTUBE message is in the inbox, not in Spam");
}

const struct check check_gtube = {
	.name = "gtube",
	.title = N_("Spam from the world is filed into Spam"),
	.outside = true,
	.mail = true,
	.timeout = 90,
	.run = run,
};
