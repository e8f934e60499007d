#include "checks/published.h"
#include "checks/tally.h"
#include "mail/dkim.h"
#include "mail/dns.h"

/* By key, not by text: spaces, tags and cuts do not matter. */
static struct error *same_key(const char *published, const char *own, bool *ret)
{
	CLEAN(bytes) struct bytes a = { 0 }, b = { 0 };

	TRY(dkim_record_key(own, &b));
	TRY(dkim_record_key(published, &a));
	*ret = bytes_equal(&a, &b);
	return NULL;
}

static void compare(
	const char *name, const char *published, const char *own, const char *remedy, struct tally *t)
{
	bool same = false;

	if (tally_error(t, same_key(published, own, &same), remedy, "%s", name))
		return;
	if (same)
		tally_ok(t, "%s holds the key of this server", name);
	else
		tally_failed(t, remedy, "%s holds another key than this server signs with", name);
}

static void judge(const struct check_context *c, const char *domain, struct tally *t)
{
	CLEAN(free) char *name = text("%s._domainkey.%s", c->params->selector, domain);
	CLEAN(free) char *own = NULL;
	CLEAN(list) struct list found = { 0 };
	const char *reason = "";

	if (tally_error(t, published_dkim_record(c, domain, &own), "mailsetup install", "%s", domain))
		return;
	CLEAN(free) char *remedy = published_remedy(c, name, "TXT", "");
	switch (dns_lookup(NULL, name, "TXT", 4, &found, &reason)) {
	case DNS_UNKNOWN:
		tally_unknown(t, "cat /etc/resolv.conf", "%s TXT: %s", name, reason);
		break;
	case DNS_NONE:
		tally_unknown(t, remedy, "%s has no TXT record yet", name);
		break;
	case DNS_FOUND:
		compare(name, found.v[0], own, remedy, t);
		break;
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

const struct check check_dns_dkim = {
	.name = "dns-dkim",
	.title = N_("DNS: the DKIM records hold this server's keys"),
	.dns = true,
	.run = run,
};
