#include "mail/dns_records.h"
#include "base/i18n.h"
#include "mail/dns.h"
#include "mail/name.h"

#include <arpa/inet.h>

#define NO_ADDRESS N_("<the server's public IPv4 address>")
#define NO_REVERSE N_("<the reverse name of the server's public address>")
#define NO_KEY	   N_("<the DKIM record, known once the key is made>")

char *dns_reverse_name(const char *address)
{
	unsigned char byte[16];
	struct bytes b = { 0 };

	if (inet_pton(AF_INET, address, byte) == 1)
		return text("%u.%u.%u.%u.in-addr.arpa", byte[3], byte[2], byte[1], byte[0]);
	if (inet_pton(AF_INET6, address, byte) != 1)
		return NULL;
	for (int i = 15; i >= 0; i--)
		bytes_printf(&b, "%x.%x.", byte[i] & 15u, byte[i] >> 4);
	bytes_add_text(&b, "ip6.arpa");
	return b.data;
}

/* Takes owner and value. */
static struct dns_record *add(struct dns_records *r, enum dns_kind kind, enum dns_level level, const char *domain, char *owner,
	const char *type, char *value, const char *reason)
{
	r->v = reallocate(r->v, r->n + 1, sizeof(*r->v));
	r->v[r->n] = (struct dns_record){
		.kind = kind,
		.level = level,
		.domain = text_copy(domain),
		.owner = owner,
		.type = text_copy(type),
		.value = value,
		.reason = text_copy(reason),
	};
	return &r->v[r->n++];
}

static bool has_unknown_address(const struct dns_plan *plan)
{
	return !plan->ipv4->n && (plan->nat || !plan->ipv6->n);
}

/* No address of that family: what the DNS has all the same would lead nowhere. */
static void add_absence(const struct dns_plan *plan, const char *type, struct dns_records *ret)
{
	add(ret, DNS_KIND_ADDRESS, DNS_REQUIRED, "", text("%s.", plan->hostname), type, text_copy("none"),
		N_("this machine has no such address"))->only_asked = true;
}

static void add_addresses(const struct dns_plan *plan, struct dns_records *ret)
{
	static const char reason[] = N_("other servers find this server by it");

	for (size_t i = 0; i < plan->ipv4->n; i++)
		add(ret, DNS_KIND_ADDRESS, DNS_REQUIRED, "", text("%s.", plan->hostname), "A", text_copy(plan->ipv4->v[i]), reason);
	for (size_t i = 0; i < plan->ipv6->n; i++)
		add(ret, DNS_KIND_ADDRESS, DNS_REQUIRED, "", text("%s.", plan->hostname), "AAAA", text_copy(plan->ipv6->v[i]),
			N_("the server sends over IPv6 too, and must be found by it"));
	if (has_unknown_address(plan))
		add(ret, DNS_KIND_ADDRESS, DNS_REQUIRED, "", text("%s.", plan->hostname), "A", text_copy(translated(NO_ADDRESS)), reason);
	else if (plan->for_check && !plan->ipv4->n)
		add_absence(plan, "A", ret);
	if (plan->for_check && !plan->ipv6->n)
		add_absence(plan, "AAAA", ret);
}

static void add_host(const struct dns_plan *plan, struct dns_records *ret)
{
	const char *host = plan->hostname;

	add_addresses(plan, ret);
	add(ret, DNS_KIND_SPF, DNS_RECOMMENDED, "", text("%s.", host), "TXT", text_copy("v=spf1 a -all"),
		N_("SPF of the name that the server greets with; bounces have no other sender"));
	if (plan->caa)
		add(ret, DNS_KIND_CAA, DNS_OPTIONAL, "", text("%s.", host), "CAA",
			strcmp(plan->caa, "none") == 0 ? text_copy("0 issue \";\"") : text("0 issue \"%s\"", plan->caa),
			N_("only this certificate authority may issue certificates for the host name"));
	if (plan->tlsa)
		add(ret, DNS_KIND_TLSA, DNS_OPTIONAL, "", text("_25._tcp.%s.", host), "TLSA", text("3 1 1 %s", plan->tlsa),
			N_("senders that know DANE accept the served key alone; counts only where the zone is signed (DNSSEC), and has to follow "
			   "each new key"));
}

/* quarantine: the server signs everything it sends and SPF names it, so only forgeries fail, and a forgery in
 * the spam folder can still be found there where a rejected message of a forwarder would be lost. */
static void add_dmarc(const struct dns_plan *plan, const char *domain, struct dns_records *ret)
{
	bool reports = plan->admin && *plan->admin;

	add(ret, DNS_KIND_DMARC, DNS_RECOMMENDED, domain, text("_dmarc.%s.", domain), "TXT",
		text("v=DMARC1; p=quarantine%s%s", reports ? "; rua=mailto:" : "", reports ? plan->admin : ""),
		N_("mail forged in your name goes to spam folders; quarantine, as reject loses forwarded mail and "
		   "none protects nothing"));
	if (reports && strcmp(address_domain(plan->admin), domain) != 0)
		add(ret, DNS_KIND_REPORTS, DNS_OPTIONAL, domain, text("%s._report._dmarc.%s.", domain, address_domain(plan->admin)), "TXT",
			text_copy("v=DMARC1"), N_("lets the DMARC reports of the one domain go to an address in the other"));
}

static void add_key(const struct dns_key *key, struct dns_records *ret)
{
	static const struct {
		enum dns_level level;
		const char *reason;
	} states[] = {
		[DNS_KEY_SIGNS] = { DNS_RECOMMENDED, N_("DKIM: receivers verify the server's signature with it") },
		[DNS_KEY_NEW] = { DNS_RECOMMENDED, N_("DKIM: the new key, which signs once `mailsetup dkim rotate` finds it in the DNS") },
		[DNS_KEY_OLD] = { DNS_OPTIONAL, N_("DKIM: the old key, for mail that is still on its way; `mailsetup dkim retire` ends it") },
	};
	struct dns_record *r = add(ret, DNS_KIND_DKIM, states[key->state].level, key->domain,
		text("%s._domainkey.%s.", key->selector, key->domain), "TXT", text_copy(*key->record ? key->record : translated(NO_KEY)),
		states[key->state].reason);

	r->selector = text_copy(key->selector);
	r->signs = key->state == DNS_KEY_SIGNS;
}

static void add_services(const struct dns_plan *plan, const char *domain, struct dns_records *ret)
{
	static const struct {
		const char *service, *data, *reason;
	} services[] = {
		{ "_submissions", "0 1 465", N_("mail programs find by it where to send, with TLS from the start") },
		{ "_submission", "10 1 587", N_("mail programs find by it where to send, by STARTTLS") },
		{ "_imaps", "0 1 993", N_("mail programs find by it where to read, with TLS from the start") },
		{ "_imap", "10 1 143", N_("mail programs find by it where to read, by STARTTLS") },
		{ "_sieve", "0 1 4190", N_("mail programs find by it where to keep filters (ManageSieve)") },
		{ "_pop3s", NULL, N_("there is no POP3 here") },
		{ "_pop3", NULL, N_("there is no POP3 here") },
	};

	for (size_t i = 0; i < sizeof(services) / sizeof(*services); i++)
		add(ret, DNS_KIND_SRV, DNS_OPTIONAL, domain, text("%s._tcp.%s.", services[i].service, domain), "SRV",
			services[i].data ? text("%s %s.", services[i].data, plan->hostname) : text_copy("0 0 0 ."), services[i].reason);
}

static void add_domain(const struct dns_plan *plan, const char *domain, struct dns_records *ret)
{
	add(ret, DNS_KIND_MX, DNS_REQUIRED, domain, text("%s.", domain), "MX", text("10 %s.", plan->hostname),
		N_("mail for this domain is delivered to the server named here"));
	add(ret, DNS_KIND_SPF, DNS_RECOMMENDED, domain, text("%s.", domain), "TXT", text_copy("v=spf1 mx -all"),
		N_("SPF: only this server may send for the domain; large providers distrust mail without it"));
	for (size_t i = 0; i < plan->key_count; i++)
		if (strcmp(plan->keys[i].domain, domain) == 0)
			add_key(&plan->keys[i], ret);
	add_dmarc(plan, domain, ret);
	add_services(plan, domain, ret);
}

static void add_reverse(const struct dns_plan *plan, const struct list *addresses, struct dns_records *ret)
{
	for (size_t i = 0; i < addresses->n; i++) {
		CLEAN(free) char *name = dns_reverse_name(addresses->v[i]);
		CLEAN(free)
		char *reason =
			text(_("ask the provider of %s to set it (reverse DNS); many servers refuse mail without"),
				addresses->v[i]);

		add(ret, DNS_KIND_PTR, DNS_RECOMMENDED, "", name ? text("%s.", name) : text_copy(translated(NO_REVERSE)), "PTR",
			text("%s.", plan->hostname), reason)->address = text_copy(addresses->v[i]);
	}
}

void dns_plan_records(const struct dns_plan *plan, struct dns_records *ret)
{
	*ret = (struct dns_records){ 0 };
	add_host(plan, ret);
	for (size_t i = 0; i < plan->domains->n; i++)
		add_domain(plan, plan->domains->v[i], ret);
	add_reverse(plan, plan->ipv4, ret);
	add_reverse(plan, plan->ipv6, ret);
	if (has_unknown_address(plan))
		add(ret, DNS_KIND_PTR, DNS_RECOMMENDED, "", text_copy(translated(NO_REVERSE)), "PTR", text("%s.", plan->hostname),
			N_("ask the provider of the address to set it (reverse DNS); many servers refuse mail "
			   "without"))->address = text_copy("");
}

void dns_records_free(struct dns_records *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->v[i].domain);
		free(r->v[i].owner);
		free(r->v[i].type);
		free(r->v[i].value);
		free(r->v[i].reason);
		free(r->v[i].selector);
		free(r->v[i].address);
	}
	free(r->v);
	*r = (struct dns_records){ 0 };
}

bool dns_is_placeholder(const struct dns_record *r)
{
	return r->owner[0] == '<' || r->value[0] == '<';
}

const char *dns_level_name(enum dns_level level)
{
	static const char *const names[] = { "required", "recommended", "optional" };

	return names[level];
}
