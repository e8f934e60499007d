#include "checks/published.h"

static bool wanted(const struct dns_record *r)
{
	return r->kind == DNS_KIND_MX;
}

static void run(const struct check_context *c, struct finding *f)
{
	published_judge(c, f, wanted);
}

const struct check check_dns_mx = {
	.name = "dns-mx",
	.title = N_("DNS: the domains' mail comes to this host"),
	.dns = true,
	.run = run,
};
