#include "checks/ask.h"
#include "checks/tally.h"

#include <openssl/ssl.h>

/* The guide's lists. TLS 1.3 has suites of its own, none of them weak. */
#define ELLIPTIC                                                                                             \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"               \
	"ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define POSTFIX ELLIPTIC ":DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384"
#define DOVECOT ELLIPTIC

static const char *list_of(unsigned port)
{
	return port == 25 || port == 465 || port == 587 ? POSTFIX : DOVECOT;
}

static const char *remedy_of(unsigned port)
{
	return strcmp(list_of(port), POSTFIX) == 0
		       ? "postconf tls_medium_cipherlist smtpd_tls_mandatory_ciphers smtpd_tls_exclude_ciphers; "
			 "mailsetup status"
		       : "doveconf ssl_cipher_list; mailsetup status";
}

/* All that our own library can offer, but the list: without encryption and without authentication, too. */
static char *all_but(const char *list)
{
	CLEAN(list) struct list names = { 0 };
	CLEAN(bytes) struct bytes b = { 0 };

	bytes_add_text(&b, "ALL:COMPLEMENTOFALL");
	list_split(&names, list, ":");
	for (size_t i = 0; i < names.n; i++)
		bytes_printf(&b, ":!%s", names.v[i]);
	return TAKE(b.data);
}

static struct error *negotiate(
	const struct check_context *c, struct dialogue *d, const char *ciphers)
{
	return dialogue_start_tls(d, c->params->hostname, TLS1_2_VERSION, TLS1_2_VERSION, ciphers);
}

/* Says whether the port could be asked. */
static bool judge_listed(const struct check_context *c, unsigned port, struct tally *t)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;

	if (tally_error(t, ask_before_tls(c, ASK_LOOPBACK, port, &d), "systemctl restart postfix dovecot", NULL))
		return false;
	tally_error(t, negotiate(c, d, list_of(port)), remedy_of(port),
		"port %u takes none of the guide's ciphers", port);
	return true;
}

static void judge_others(const struct check_context *c, unsigned port, struct tally *t)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	CLEAN(free) char *others = all_but(list_of(port));

	if (tally_error(t, ask_before_tls(c, ASK_LOOPBACK, port, &d), "systemctl restart postfix dovecot", NULL))
		return;
	struct error *e = negotiate(c, d, others);
	if (!e)
		tally_failed(t, remedy_of(port), "port %u takes %s, which the guide does not list", port,
			dialogue_tls_cipher(d));
	error_free(e);
}

static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(tally) struct tally t = { 0 };

	for (const unsigned *port = ask_tls_ports; *port; port++)
		if (judge_listed(c, *port, &t))
			judge_others(c, *port, &t);
	tally_ok(&t, "ports 25, 465, 587, 143, 993 and 4190 take the guide's ciphers and none beside them");
	tally_finding(&t, f);
}

const struct check check_tls_ciphers = {
	.name = "tls-ciphers",
	.title = N_("Only the guide's ciphers are taken"),
	.timeout = 40,
	.run = run,
};
