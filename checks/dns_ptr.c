#include "checks/published.h"
#include "checks/tally.h"
#include "mail/dns.h"

/* Receivers accept any name that leads back to the address. */
static bool leads_back(const char *name, const char *address)
{
	CLEAN(list) struct list found = { 0 };

	return dns_lookup(NULL, name, strchr(address, ':') ? "AAAA" : "A", 4, &found, NULL) == DNS_FOUND &&
	       list_has(&found, address);
}

static void judge(const struct check_context *c, const char *address, struct tally *t)
{
	CLEAN(list) struct list found = { 0 };
	CLEAN(free)
	char *remedy = text("ask the provider of %s for the reverse name %s", address, c->params->hostname);
	const char *reason = "";

	switch (dns_lookup(NULL, address, "PTR", 4, &found, &reason)) {
	case DNS_UNKNOWN:
		tally_unknown(t, "cat /etc/resolv.conf", "%s PTR: %s", address, reason);
		break;
	case DNS_NONE:
		tally_unknown(t, remedy, "%s has no reverse name yet", address);
		break;
	case DNS_FOUND:
		if (list_has(&found, c->params->hostname))
			tally_ok(t, "%s is %s", address, c->params->hostname);
		else if (leads_back(found.v[0], address))
			tally_unknown(t, remedy, "%s is %s, which leads back, but is not the host name",
				address, found.v[0]);
		else
			tally_failed(t, remedy, "%s is %s, which does not lead back", address, found.v[0]);
	}
}

/* Those that the world knows; while it knows none, the machine's own. */
static struct error *addresses(const struct check_context *c, struct list *ret)
{
	const char *name = c->params->hostname;
	bool a = dns_lookup(NULL, name, "A", 4, ret, NULL) == DNS_FOUND;
	bool aaaa = dns_lookup(NULL, name, "AAAA", 4, ret, NULL) == DNS_FOUND;

	return a || aaaa ? NULL : published_addresses(c, ret, ret);
}

static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(tally) struct tally t = { 0 };
	CLEAN(list) struct list found = { 0 };

	if (finding_error(f, addresses(c, &found), ""))
		return;
	for (size_t i = 0; i < found.n && i < 8; i++)
		judge(c, found.v[i], &t);
	if (!found.n)
		tally_unknown(&t, "", "this machine has no public address to ask for");
	tally_finding(&t, f);
}

const struct check check_dns_ptr = {
	.name = "dns-ptr",
	.title = N_("DNS: the addresses have the host name as reverse name"),
	.dns = true,
	.run = run,
};
