#include "checks/published.h"

static bool wanted(const struct dns_record *r)
{
	return r->kind == DNS_KIND_PTR;
}

static void run(const struct check_context *c, struct finding *f)
{
	published_judge(c, f, wanted);
}

const struct check check_dns_ptr = {
	.name = "dns-ptr",
	.title = N_("DNS: the addresses have the host name as reverse name"),
	.dns = true,
	.run = run,
};
