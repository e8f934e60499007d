#include "checks/check.h"
#include "mail/client.h"
#include "mail/dns.h"

/* Nothing is sent: a connection is made, and closed. */
#define SOMEBODY "debian.org"
#define DNS_WAIT 1u
#define WAIT	 2u /* seconds */

/* An address of one of its mail servers; NULL where the DNS gives none. */
static char *find_server(void)
{
	CLEAN(list) struct list mx = { 0 }, addresses = { 0 };

	if (dns_lookup(NULL, SOMEBODY, "MX", DNS_WAIT, &mx, NULL) != DNS_FOUND || !mx.n)
		return NULL;
	const char *host = strchr(mx.v[0], ' ');
	if (!host || dns_lookup(NULL, host + 1, "A", DNS_WAIT, &addresses, NULL) != DNS_FOUND || !addresses.n)
		return NULL;
	return text_copy(addresses.v[0]);
}

/* Whether it is our provider, a firewall, or the other side cannot be known from here. */
static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(free) char *server = find_server();
	CLEAN(dialogue_close) struct dialogue *d = NULL;

	(void)c;
	if (!server) {
		finding_unknown(f, "cat /etc/resolv.conf", "the DNS names no mail server of %s", SOMEBODY);
		return;
	}
	struct error *e = dialogue_open(server, 25, WAIT, &d);
	if (e)
		finding_unknown(f, N_("ask the provider to open port 25 towards the world"),
			"the mail server of %s cannot be reached: %s", SOMEBODY, error_message(e));
	else
		finding_ok(f, "port 25 of %s's mail server (%s) can be reached", SOMEBODY, server);
	error_free(e);
}

const struct check check_outbound = {
	.name = "outbound",
	.title = N_("Port 25 of other servers can be reached"),
	.run = run,
};
