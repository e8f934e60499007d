#include "checks/ask.h"
#include "checks/tally.h"

#define REMEDY "postconf -P | grep -e submission -e smtps; mailsetup status"

/* To an address of ours, which port 25 would take, and to a stranger's. "No such user" is no refusal either:
 * the server would have taken the message for one that exists. */
static bool judge(const struct check_context *c, unsigned port, const char *to, struct tally *t)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	CLEAN(bytes) struct bytes reply = { 0 };
	int code;

	if (tally_error(t, ask_smtp(c, c->outside->server_ipv4, port, &d, NULL), ASK_LOGS, NULL))
		return false;
	if (tally_error(t, ask_recipient(d, "", to, &code, &reply), ASK_LOGS, NULL))
		return false;
	if (code / 100 == 5 && !strstr(bytes_text(&reply), "5.1.1"))
		tally_ok(t, "port %u answers %d", port, code);
	else
		tally_failed(t, REMEDY, "port %u takes mail without a password, to <%s>: %s", port, to,
			bytes_text(&reply));
	return true;
}

static void run(const struct check_context *c, struct finding *f)
{
	static const unsigned ports[] = { 587, 465 };
	CLEAN(tally) struct tally t = { 0 };
	CLEAN(free) char *postmaster = text("postmaster@%s", c->params->domain);
	const char *ours = c->mailbox ? c->mailbox : postmaster;

	for (size_t i = 0; i < sizeof(ports) / sizeof(*ports); i++)
		if (judge(c, ports[i], ours, &t))
			judge(c, ports[i], ASK_STRANGER, &t);
	tally_finding(&t, f);
}

const struct check check_submission_auth = {
	.name = "submission-auth",
	.title = N_("Ports 587 and 465 take no mail without a password"),
	.outside = true,
	.timeout = 40,
	.run = run,
};
