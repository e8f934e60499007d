#include "base/i18n.h"
#include "checks/ask.h"
#include "checks/tally.h"
#include "host/crypto.h"
#include "host/file.h"
#include "mail/layout.h"

#include <time.h>

#define RELOAD	  "systemctl reload postfix dovecot"
/* An authority renews long before: by then its renewal has failed. Nobody renews a self-signed one but at its end. */
#define DAYS_LEFT 14

static struct error *served(const struct check_context *c, unsigned port, char fingerprint[65])
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	int64_t end;

	TRY(ask_before_tls(c, ASK_LOOPBACK, port, &d));
	TRY(dialogue_start_tls(d, c->params->hostname, 0, 0, NULL));
	return dialogue_certificate(d, fingerprint, &end);
}

static struct error *judge_pair(const struct check_context *c, const struct bytes *pem)
{
	CLEAN(secret) struct bytes key = { 0 };

	TRY(file_read(c->host, TLS_KEY, PEM_LIMIT, &key));
	return certificate_matches(pem, &key);
}

static void judge_facts(const struct check_context *c, const struct bytes *pem, struct tally *t)
{
	CLEAN(certificate_facts) struct certificate_facts facts = { 0 };
	const char *hostname = c->params->hostname;

	if (tally_error(t, certificate_read(pem, &facts), "", TLS_CERTIFICATE))
		return;
	long days = (long)((facts.not_after - time(NULL)) / 86400);
	if (facts.not_after <= time(NULL))
		tally_failed(t, N_("renew the certificate, then `systemctl reload postfix dovecot`"), "%s has expired", TLS_CERTIFICATE);
	else if (facts.not_before > time(NULL))
		tally_failed(t, "timedatectl", "%s is not valid yet: is the clock right?", TLS_CERTIFICATE);
	else if (days < DAYS_LEFT && !facts.self_signed)
		tally_failed(t, N_("renew the certificate, then `systemctl reload postfix dovecot`"), ngettext("%s expires in %ld day", "%s expires in %ld days", (unsigned long)days), TLS_CERTIFICATE, days);
	else
		tally_ok(t, ngettext("%ld day left", "%ld days left", (unsigned long)days), days);
	if (!certificate_covers(&facts, hostname))
		tally_failed(t, N_("get a certificate for that name, then `systemctl reload postfix dovecot`"),
			"%s does not cover %s", TLS_CERTIFICATE, hostname);
}

static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(tally) struct tally t = { 0 };
	CLEAN(bytes) struct bytes pem = { 0 };
	char on_disk[65], on_port[65];

	if (finding_error(f, file_read(c->host, TLS_CERTIFICATE, PEM_LIMIT, &pem), "mailsetup install"))
		return;
	if (finding_error(f, certificate_fingerprint(&pem, on_disk), "mailsetup install"))
		return;
	for (const unsigned *port = ask_tls_ports; *port; port++)
		if (!tally_error(&t, served(c, *port, on_port), ASK_LOGS, NULL) &&
			strcmp(on_disk, on_port) != 0)
			tally_failed(
				&t, RELOAD, "port %u serves another certificate than %s", *port, TLS_CERTIFICATE);
	tally_error(&t, judge_pair(c, &pem), N_("install a certificate and its key as one pair"),
		"%s and %s", TLS_CERTIFICATE, TLS_KEY);
	judge_facts(c, &pem, &t);
	tally_ok(&t, "all ports serve %s", TLS_CERTIFICATE);
	tally_finding(&t, f);
}

const struct check check_tls_certificate = {
	.name = "tls-certificate",
	.title = N_("The certificate is served, valid, and covers the host name"),
	.timeout = 40,
	.run = run,
};
