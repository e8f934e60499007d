#include "checks/published.h"

/* A key beside the one that signs is no matter yet, or no more. */
static bool wanted(const struct dns_record *r)
{
	return r->kind == DNS_KIND_DKIM && r->signs;
}

static void run(const struct check_context *c, struct finding *f)
{
	published_judge(c, f, wanted);
}

const struct check check_dns_dkim = {
	.name = "dns-dkim",
	.title = N_("DNS: the DKIM records hold this server's keys"),
	.dns = true,
	.run = run,
};
