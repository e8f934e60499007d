#include "checks/published.h"
#include "checks/spf.h"
#include "checks/tally.h"
#include "mail/dns.h"

static void judge_record(const char *domain, const char *record, const struct list *addresses,
	const char *remedy, struct tally *t)
{
	for (size_t i = 0; i < addresses->n; i++) {
		const char *address = addresses->v[i];

		switch (spf_judge(record, domain, address)) {
		case SPF_PASS:
			tally_ok(t, "%s lets %s send: %s", domain, address, record);
			break;
		case SPF_FAIL:
			tally_failed(t, remedy, "%s does not let %s send: %s", domain, address, record);
			break;
		case SPF_UNJUDGED:
			tally_unknown(t, "", "%s lets %s send by another's record, or not: %s", domain, address,
				record);
			break;
		}
	}
}

static void judge(
	const struct check_context *c, const char *domain, const struct list *addresses, struct tally *t)
{
	CLEAN(list) struct list found = { 0 }, records = { 0 };
	CLEAN(free) char *remedy = published_remedy(c, domain, "TXT", "v=spf1");
	const char *reason = "";

	if (dns_lookup(NULL, domain, "TXT", 4, &found, &reason) == DNS_UNKNOWN) {
		tally_unknown(t, "cat /etc/resolv.conf", "%s TXT: %s", domain, reason);
		return;
	}
	for (size_t i = 0; i < found.n; i++)
		if (strcasecmp(found.v[i], "v=spf1") == 0 || strncasecmp(found.v[i], "v=spf1 ", 7) == 0)
			list_add(&records, found.v[i]);
	if (!records.n)
		tally_unknown(t, remedy, "%s has no SPF record yet", domain);
	else if (records.n > 1)
		tally_failed(t, "keep one SPF record per domain", "%s has %zu SPF records, so none counts",
			domain, records.n);
	else
		judge_record(domain, records.v[0], addresses, remedy, t);
}

/* The addresses that mail leaves from: the machine's own, or behind NAT the published one. */
static struct error *senders(const struct check_context *c, struct list *ret)
{
	TRY(published_addresses(c, ret, ret));
	if (!ret->n)
		dns_lookup(NULL, c->params->hostname, "A", 4, ret, NULL);
	return NULL;
}

static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(tally) struct tally t = { 0 };
	CLEAN(list) struct list domains = { 0 }, addresses = { 0 };

	if (finding_error(f, senders(c, &addresses), ""))
		return;
	published_domains(c, &domains);
	for (size_t i = 0; i < domains.n; i++)
		judge(c, domains.v[i], &addresses, &t);
	if (!addresses.n)
		tally_unknown(&t, "", "the public address of this machine is not known");
	tally_finding(&t, f);
}

const struct check check_dns_spf = {
	.name = "dns-spf",
	.title = N_("DNS: SPF lets this server send for the domains"),
	.dns = true,
	.run = run,
};
