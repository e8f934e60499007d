#include "checks/published.h"
#include "checks/tally.h"
#include "mail/dns.h"

static bool leads_here(const struct list *found, const char *hostname)
{
	for (size_t i = 0; i < found->n; i++) {
		const char *host = strchr(found->v[i], ' ');

		if (host && strcasecmp(host + 1, hostname) == 0)
			return true;
	}
	return false;
}

static void judge(const struct check_context *c, const char *domain, struct tally *t)
{
	CLEAN(list) struct list found = { 0 };
	CLEAN(free) char *remedy = published_remedy(c, domain, "MX", "");
	const char *reason = "";

	switch (dns_lookup(NULL, domain, "MX", 4, &found, &reason)) {
	case DNS_UNKNOWN:
		tally_unknown(t, "cat /etc/resolv.conf", "%s MX: %s", domain, reason);
		break;
	case DNS_NONE:
		tally_unknown(t, remedy, "%s has no MX record yet", domain);
		break;
	case DNS_FOUND:
		if (leads_here(&found, c->params->hostname))
			tally_ok(t, "%s MX is %s", domain, found.v[0]);
		else
			tally_failed(t, remedy, "%s MX is %s: mail goes there", domain, found.v[0]);
	}
}

static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(tally) struct tally t = { 0 };
	CLEAN(list) struct list domains = { 0 };

	published_domains(c, &domains);
	for (size_t i = 0; i < domains.n; i++)
		judge(c, domains.v[i], &t);
	tally_finding(&t, f);
}

const struct check check_dns_mx = {
	.name = "dns-mx",
	.title = N_("DNS: the domains' mail comes to this host"),
	.dns = true,
	.run = run,
};
