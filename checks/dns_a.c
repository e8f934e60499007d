#include "checks/published.h"

static bool wanted(const struct dns_record *r)
{
	return r->kind == DNS_KIND_ADDRESS;
}

static void run(const struct check_context *c, struct finding *f)
{
	published_judge(c, f, wanted);
}

const struct check check_dns_a = {
	.name = "dns-a",
	.title = N_("DNS: the host name leads to this machine"),
	.dns = true,
	.run = run,
};
