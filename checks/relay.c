#include "checks/ask.h"
#include "checks/tally.h"

#define REMEDY "postconf mynetworks smtpd_relay_restrictions smtpd_recipient_restrictions; mailsetup status"

static void judge(struct dialogue *d, const char *from, const char *to, struct tally *t)
{
	CLEAN(bytes) struct bytes reply = { 0 };
	int code;

	if (tally_error(t, ask_recipient(d, from, to, &code, &reply), "", "from <%s> to <%s>", from, to))
		return;
	/* 4.1.8 says that the sender's domain is not in the DNS: refused before the question of relaying came
	 * up. */
	if (code / 100 == 5 || strstr(bytes_text(&reply), "4.1.8"))
		return;
	if (code / 100 == 2)
		tally_failed(t, REMEDY, "OPEN RELAY: from <%s> to <%s> is accepted: %s", from, to,
			bytes_text(&reply));
	else
		tally_failed(t, REMEDY, "from <%s> to <%s> is only put off: %s", from, to, bytes_text(&reply));
}

static void ask_forms(const struct check_context *c, struct tally *t)
{
	const char *domain = c->params->domain, *hostname = c->params->hostname;
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	CLEAN(list) struct list forms = { 0 };
	CLEAN(free) char *forged = text("postmaster@%s", domain);

	if (tally_error(t, ask_smtp(c, c->outside->server_ipv4, 25, &d, NULL), ASK_LOGS, NULL))
		return;
	list_add(&forms, ASK_STRANGER);
	list_addf(&forms, "nobody%%example.net@%s", hostname);
	list_addf(&forms, "nobody%%example.net@%s", domain);
	list_addf(&forms, "\"" ASK_STRANGER "\"@%s", hostname);
	list_addf(&forms, "@%s:" ASK_STRANGER, hostname);
	list_addf(&forms, "example.net!nobody@%s", hostname);
	list_addf(&forms, ASK_STRANGER "@%s", domain);
	for (size_t i = 0; i < forms.n; i++)
		judge(d, "", forms.v[i], t);
	judge(d, forged, ASK_STRANGER, t);
	tally_ok(t, "%zu ways to relay from %s are refused", forms.n + 1, c->outside->client_ipv4);
}

static void ask_over_ipv6(const struct check_context *c, struct tally *t)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;

	/* Where IPv4 does not answer, neither will this, and each takes its time. */
	if (!*c->outside->server_ipv6 || t->failed.size)
		return;
	if (tally_error(t, ask_smtp(c, c->outside->server_ipv6, 25, &d, NULL), ASK_LOGS, NULL))
		return;
	judge(d, "", ASK_STRANGER, t);
	tally_ok(t, "over IPv6 too");
}

static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(tally) struct tally t = { 0 };

	ask_forms(c, &t);
	ask_over_ipv6(c, &t);
	tally_finding(&t, f);
}

const struct check check_relay = {
	.name = "relay",
	.title = N_("A stranger cannot relay through the server"),
	.outside = true,
	.timeout = 40,
	.run = run,
};
