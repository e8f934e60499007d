#include "checks/ask.h"
#include "checks/tally.h"
#include "host/crypto.h"
#include "host/file.h"
#include "mail/layout.h"

#include <openssl/ssl.h>

#define REMEDY "mailsetup install"

/* Postfix is silent about a file that it cannot read, and takes a group of its own instead. */
static bool judge_file(const struct check_context *c, struct tally *t)
{
	CLEAN(bytes) struct bytes pem = { 0 };
	unsigned bits;

	if (tally_error(t, file_read(c->host, TLS_DH, PEM_LIMIT, &pem), REMEDY, NULL))
		return false;
	if (tally_error(t, dh_bits(&pem, &bits), REMEDY, TLS_DH))
		return false;
	if (bits < 2048)
		tally_failed(t, REMEDY, "%s has only %u bits", TLS_DH, bits);
	else
		tally_ok(t, "%s has %u bits", TLS_DH, bits);
	return true;
}

static void judge_port(const struct check_context *c, struct tally *t)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;

	if (tally_error(t, ask_before_tls(c, ASK_LOOPBACK, 25, &d), ASK_LOGS, NULL))
		return;
	if (!tally_error(t,
		    dialogue_start_tls(d, c->params->hostname, TLS1_2_VERSION, TLS1_2_VERSION,
			    "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384"),
		    "postconf smtpd_tls_dh1024_param_file tls_medium_cipherlist; mailsetup status",
		    "port 25 does not take it up"))
		tally_ok(t, "port 25 takes %s", dialogue_tls_cipher(d));
}

static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(tally) struct tally t = { 0 };

	if (!*c->release->dh_parameter || judge_file(c, &t))
		judge_port(c, &t);
	tally_finding(&t, f);
}

const struct check check_dh = {
	.name = "dh",
	.title = N_("The Diffie-Hellman group is sound"),
	.run = run,
};
