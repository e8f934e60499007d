#include "checks/ask.h"
#include "checks/tally.h"

#include <openssl/ssl.h>

/* Our own library must be willing to offer the old versions, or the refusal would be ours. */
#define WILLING "ALL:@SECLEVEL=0"

static bool ours(const struct error *e)
{
	const char *s = error_message(e);

	return strcasestr(s, "no protocols available") || strcasestr(s, "no ciphers available") ||
	       strcasestr(s, "no suitable");
}

static bool judge(const struct check_context *c, unsigned port, int version, const char *name, bool wanted,
	struct tally *t)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	static const char remedy[] =
		N_("mailsetup status (main.cf: smtpd_tls_protocols; 10-ssl.conf: ssl_min_protocol)");

	if (tally_error(t, ask_before_tls(c, ASK_LOOPBACK, port, &d), "systemctl restart postfix dovecot", NULL))
		return false;
	struct error *e = dialogue_start_tls(d, c->params->hostname, version, version, wanted ? NULL : WILLING);
	if (!e && !wanted)
		tally_failed(t, remedy, "port %u accepts %s", port, name);
	else if (wanted)
		tally_error(t, TAKE(e), remedy, "port %u refuses %s", port, name);
	else if (ours(e))
		tally_unknown(t, "", "port %u: the TLS library of this machine cannot offer %s", port, name);
	error_free(e);
	return !wanted || dialogue_tls_version(d);
}

static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(tally) struct tally t = { 0 };

	for (const unsigned *port = ask_tls_ports; *port; port++) {
		if (judge(c, *port, TLS1_2_VERSION, "TLS 1.2", true, &t) &&
			judge(c, *port, TLS1_1_VERSION, "TLS 1.1", false, &t))
			judge(c, *port, TLS1_VERSION, "TLS 1.0", false, &t);
	}
	tally_ok(&t, "ports 25, 465, 587, 143, 993 and 4190 take TLS 1.2 and refuse 1.1 and 1.0");
	tally_finding(&t, f);
}

const struct check check_tls_versions = {
	.name = "tls-versions",
	.title = N_("TLS 1.2 works, 1.0 and 1.1 are refused"),
	.timeout = 40,
	.run = run,
};
