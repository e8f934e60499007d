#include "checks/published.h"

/* The sender is a domain; the name that the server greets with only helps. */
static bool wanted(const struct dns_record *r)
{
	return r->kind == DNS_KIND_SPF && *r->domain;
}

static void run(const struct check_context *c, struct finding *f)
{
	published_judge(c, f, wanted);
}

const struct check check_dns_spf = {
	.name = "dns-spf",
	.title = N_("DNS: SPF lets this server send for the domains"),
	.dns = true,
	.run = run,
};
