#include "mail/dns.h"

#include <arpa/inet.h>

#define NO_ADDRESS "<the server's public IPv4 address>"
#define NO_REVERSE "<the reverse name of the server's public address>"
#define STRING_MAX 255

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
static void add(
	struct dns_records *r, char *owner, const char *type, char *value, bool required, const char *reason)
{
	r->v = reallocate(r->v, r->n + 1, sizeof(*r->v));
	r->v[r->n++] = (struct dns_record){
		.owner = owner,
		.type = text_copy(type),
		.value = value,
		.reason = text_copy(reason),
		.required = required,
	};
}

static void add_addresses(const struct dns_plan *plan, struct dns_records *ret)
{
	static const char reason[] = "other servers find this server by it";

	for (size_t i = 0; i < plan->ipv4->n; i++)
		add(ret, text("%s.", plan->hostname), "A", text_copy(plan->ipv4->v[i]), true, reason);
	for (size_t i = 0; i < plan->ipv6->n; i++)
		add(ret, text("%s.", plan->hostname), "AAAA", text_copy(plan->ipv6->v[i]), true,
			"the server sends over IPv6 too, and must be found by it");
	if (!plan->ipv4->n && !plan->ipv6->n)
		add(ret, text("%s.", plan->hostname), "A", text_copy(NO_ADDRESS), true, reason);
}

/* quarantine: the server signs everything it sends and SPF names it, so only forgeries fail, and a forgery in
 * the spam folder can still be found there where a rejected message of a forwarder would be lost. */
static void add_dmarc(const struct dns_plan *plan, const char *domain, struct dns_records *ret)
{
	bool reports = plan->admin && *plan->admin;

	add(ret, text("_dmarc.%s.", domain), "TXT",
		text("v=DMARC1; p=quarantine%s%s", reports ? "; rua=mailto:" : "", reports ? plan->admin : ""),
		false,
		"mail forged in your name goes to spam folders; quarantine, as reject loses forwarded mail and "
		"none protects nothing");
}

static void add_domain(const struct dns_plan *plan, size_t i, struct dns_records *ret)
{
	const char *domain = plan->domains->v[i];
	const char *key = i < plan->dkim_records->n ? plan->dkim_records->v[i] : "";

	add(ret, text("%s.", domain), "MX", text("10 %s.", plan->hostname), true,
		"mail for this domain is delivered to the server named here");
	add(ret, text("%s.", domain), "TXT", text_copy("v=spf1 mx -all"), false,
		"SPF: only this server may send for the domain; large providers distrust mail without it");
	add(ret, text("%s._domainkey.%s.", plan->selector, domain), "TXT",
		text_copy(*key ? key : "<the DKIM record, known once the key is made>"), false,
		"DKIM: receivers verify the server's signature with it");
	add_dmarc(plan, domain, ret);
}

static void add_reverse(const struct dns_plan *plan, const struct list *addresses, struct dns_records *ret)
{
	for (size_t i = 0; i < addresses->n; i++) {
		CLEAN(free) char *name = dns_reverse_name(addresses->v[i]);
		CLEAN(free)
		char *reason =
			text("ask the provider of %s to set it (reverse DNS); many servers refuse mail without",
				addresses->v[i]);

		add(ret, name ? text("%s.", name) : text_copy(NO_REVERSE), "PTR", text("%s.", plan->hostname),
			false, reason);
	}
}

void dns_plan_records(const struct dns_plan *plan, struct dns_records *ret)
{
	*ret = (struct dns_records){ 0 };
	add_addresses(plan, ret);
	for (size_t i = 0; i < plan->domains->n; i++)
		add_domain(plan, i, ret);
	add_reverse(plan, plan->ipv4, ret);
	add_reverse(plan, plan->ipv6, ret);
	if (!plan->ipv4->n && !plan->ipv6->n)
		add(ret, text_copy(NO_REVERSE), "PTR", text("%s.", plan->hostname), false,
			"ask the provider of the address to set it (reverse DNS); many servers refuse mail "
			"without");
}

void dns_records_free(struct dns_records *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->v[i].owner);
		free(r->v[i].type);
		free(r->v[i].value);
		free(r->v[i].reason);
	}
	free(r->v);
	*r = (struct dns_records){ 0 };
}

static void add_string(struct bytes *ret, const char *s, size_t size)
{
	bytes_add_text(ret, "\"");
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\')
			bytes_printf(ret, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			bytes_printf(ret, "\\%03u", c);
		else
			bytes_add(ret, &c, 1);
	}
	bytes_add_text(ret, "\"");
}

void dns_zone_line(const struct dns_record *r, struct bytes *ret)
{
	bool placeholder = r->owner[0] == '<' || r->value[0] == '<';
	size_t size = strlen(r->value), at = 0;

	bytes_printf(ret, "%s%s\tIN\t%s\t", placeholder ? "; " : "", r->owner, r->type);
	if (placeholder || strcmp(r->type, "TXT") != 0) {
		bytes_printf(ret, "%s\n", r->value);
		return;
	}
	do {
		size_t piece = size - at < STRING_MAX ? size - at : STRING_MAX;

		add_string(ret, r->value + at, piece);
		at += piece;
		bytes_add_text(ret, at < size ? " " : "\n");
	} while (at < size);
}
