#include "checks/published.h"
#include "checks/tally.h"
#include "mail/dns.h"

static bool share_one(const struct list *a, const struct list *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (list_has(b, a->v[i]))
			return true;
	return false;
}

static void compare(const struct check_context *c, const char *type, const struct list *found,
	const struct list *own, bool nat, struct tally *t)
{
	const char *name = c->params->hostname;
	CLEAN(free)
	char *remedy = own->n ? published_remedy(c, name, type, "")
			      : text("remove that record, or give this machine that address");

	if (share_one(found, own))
		tally_ok(t, "%s %s is %s", name, type, found->v[0]);
	else if (!nat)
		tally_failed(
			t, remedy, "%s %s is %s, which is no address of this machine", name, type, found->v[0]);
	else if (c->params->hosts_entry)
		tally_ok(t, "%s %s is %s; this machine is behind NAT", name, type, found->v[0]);
	else
		tally_unknown(t,
			"see that its ports are forwarded to this machine; --hosts-entry says that it is so",
			"%s %s is %s; this machine has private addresses only", name, type, found->v[0]);
}

static void judge(const struct check_context *c, const char *type, const struct list *own, bool required,
	bool nat, struct tally *t)
{
	const char *name = c->params->hostname, *reason = "";
	CLEAN(list) struct list found = { 0 };

	switch (dns_lookup(NULL, name, type, 4, &found, &reason)) {
	case DNS_UNKNOWN:
		tally_unknown(t, "cat /etc/resolv.conf", "%s %s: %s", name, type, reason);
		break;
	case DNS_NONE:
		if (required) {
			CLEAN(free) char *remedy = published_remedy(c, name, type, "");

			tally_unknown(t, remedy, "%s has no %s record yet", name, type);
		}
		break;
	case DNS_FOUND:
		compare(c, type, &found, own, nat, t);
		break;
	}
}

static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(tally) struct tally t = { 0 };
	CLEAN(list) struct list ipv4 = { 0 }, ipv6 = { 0 };

	if (finding_error(f, published_addresses(c, &ipv4, &ipv6), ""))
		return;
	judge(c, "A", &ipv4, ipv4.n || !ipv6.n, !ipv4.n, &t);
	judge(c, "AAAA", &ipv6, ipv6.n > 0, false, &t);
	tally_finding(&t, f);
}

const struct check check_dns_a = {
	.name = "dns-a",
	.title = N_("DNS: the host name leads to this machine"),
	.dns = true,
	.run = run,
};
