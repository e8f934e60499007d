#include "checks/ask.h"
#include "checks/tally.h"

#define REMEDY "postconf -P | grep sender_restrictions; postconf smtpd_sender_login_maps; mailsetup status"

static struct error *log_in(const struct check_context *c, unsigned port, struct dialogue **ret)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	CLEAN(list) struct list lines = { 0 };
	CLEAN(secret) struct bytes plain = { 0 };
	int code;

	TRY(ask_smtp(c, c->outside->server_ipv4, port, &d, NULL));
	ask_plain(c->mailbox, bytes_text(c->password), &plain);
	TRY(dialogue_ask(d, &code, &lines, "AUTH PLAIN %s", plain.data));
	if (code != 235)
		return fail(ERR_STOPPED, "port %u refuses the password of the test mailbox: %s", port,
			lines.n ? lines.v[0] : "nothing");
	*ret = TAKE(d);
	return NULL;
}

static void judge(const struct check_context *c, unsigned port, const char *from, struct tally *t)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	CLEAN(bytes) struct bytes reply = { 0 };
	int code;

	if (tally_error(t, log_in(c, port, &d), ASK_LOGS, NULL))
		return;
	if (tally_error(t, ask_recipient(d, from, c->mailbox, &code, &reply), ASK_LOGS, NULL))
		return;
	if (code / 100 == 5)
		tally_ok(t, "port %u answers %s", port, bytes_text(&reply));
	else if (ask_waits_for_dns(c, bytes_text(&reply)))
		tally_unknown(t, N_("publish the MX record of the domain"), "port %u waits for the DNS: %s", port,
			bytes_text(&reply));
	else
		tally_failed(
			t, REMEDY, "port %u lets one user send as <%s>: %s", port, from, bytes_text(&reply));
}

/* Whoever cannot log in cannot send as another user. */
static void judge_port_25(const struct check_context *c, const char *from, struct tally *t)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	CLEAN(list) struct list features = { 0 };

	if (tally_error(t, ask_smtp(c, c->outside->server_ipv4, 25, &d, &features), ASK_LOGS, NULL))
		return;
	if (ask_has_feature(&features, "AUTH"))
		judge(c, 25, from, t);
	else
		tally_ok(t, "port %u takes no password", 25u);
}

static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(tally) struct tally t = { 0 };
	CLEAN(free) char *other = text("postmaster@%s", c->params->domain);

	judge(c, 587, other, &t);
	judge(c, 465, other, &t);
	judge_port_25(c, other, &t);
	tally_finding(&t, f);
}

const struct check check_sender_login = {
	.name = "sender-login",
	.title = N_("A user cannot send under the address of another"),
	.outside = true,
	.mail = true,
	.timeout = 40,
	.run = run,
};
