#include "checks/spf.h"
#include "mail/dns.h"

#include <arpa/inet.h>

#define LOOKUPS 10 /* RFC 7208, 4.6.4 */
#define TIMEOUT 3

struct question {
	const char *domain;
	const char *address;
	int family;
	unsigned char bytes[16];
	unsigned lookups;
};

enum match { NO, YES, UNJUDGED };

static bool same_network(const struct question *q, const char *network, unsigned prefix)
{
	unsigned char other[16];
	unsigned bits = q->family == AF_INET ? 32 : 128;

	if (inet_pton(q->family, network, other) != 1)
		return false;
	if (prefix > bits)
		prefix = bits;
	if (memcmp(q->bytes, other, prefix / 8) != 0)
		return false;
	unsigned rest = prefix % 8;
	return !rest || (q->bytes[prefix / 8] ^ other[prefix / 8]) >> (8 - rest) == 0;
}

static enum match match_host(struct question *q, const char *host, unsigned prefix)
{
	CLEAN(list) struct list found = { 0 };

	if (q->lookups++ >= LOOKUPS)
		return UNJUDGED;
	if (dns_lookup(NULL, host, q->family == AF_INET ? "A" : "AAAA", TIMEOUT, &found, NULL) == DNS_UNKNOWN)
		return UNJUDGED;
	for (size_t i = 0; i < found.n; i++)
		if (same_network(q, found.v[i], prefix))
			return YES;
	return NO;
}

static enum match match_mx(struct question *q, const char *domain, unsigned prefix)
{
	CLEAN(list) struct list found = { 0 };
	enum match match = NO;

	if (q->lookups++ >= LOOKUPS || dns_lookup(NULL, domain, "MX", TIMEOUT, &found, NULL) == DNS_UNKNOWN)
		return UNJUDGED;
	for (size_t i = 0; i < found.n && match != YES; i++) {
		const char *host = strchr(found.v[i], ' ');
		enum match m = host ? match_host(q, host + 1, prefix) : NO;

		match = m == NO ? match : m;
	}
	return match;
}

/* "a", "mx:other.fr", "a/24", "mx:other.fr/24//64": name, and the prefix of the question's family. */
static void split(const struct question *q, char *term, char **ret_value, unsigned *ret_prefix)
{
	char *slash = strchr(term, '/');
	char *second = slash ? strstr(slash, "//") : NULL;
	char *colon = strchr(term, ':');
	const char *prefix = slash && slash != second ? slash + 1 : NULL;

	if (q->family == AF_INET6 && !starts_with(term, "ip6"))
		prefix = second ? second + 2 : NULL;
	*ret_prefix = prefix ? (unsigned)strtoul(prefix, NULL, 10) : 128;
	if (slash)
		*slash = '\0';
	*ret_value = NULL;
	if (colon) {
		*colon = '\0';
		*ret_value = colon + 1;
	}
}

static enum match match_term(struct question *q, char *term)
{
	char *value;
	unsigned prefix;

	if (strchr(term, '%') || starts_with(term, "redirect="))
		return UNJUDGED;
	if (strchr(term, '='))
		return NO;
	split(q, term, &value, &prefix);
	const char *host = value ? value : q->domain;
	if (strcasecmp(term, "all") == 0)
		return YES;
	if (strcasecmp(term, "a") == 0)
		return match_host(q, host, prefix);
	if (strcasecmp(term, "mx") == 0)
		return match_mx(q, host, prefix);
	if (strcasecmp(term, "ip4") == 0)
		return q->family == AF_INET && value && same_network(q, value, prefix) ? YES : NO;
	if (strcasecmp(term, "ip6") == 0)
		return q->family == AF_INET6 && value && same_network(q, value, prefix) ? YES : NO;
	return UNJUDGED;
}

enum spf_result spf_judge(const char *record, const char *domain, const char *address)
{
	struct question q = {
		.domain = domain, .address = address, .family = strchr(address, ':') ? AF_INET6 : AF_INET
	};
	CLEAN(list) struct list terms = { 0 };
	bool unjudged = false;

	if (inet_pton(q.family, address, q.bytes) != 1)
		return SPF_UNJUDGED;
	list_split(&terms, record, " ");
	for (size_t i = 1; i < terms.n; i++) {
		char *term = terms.v[i];
		char qualifier = strchr("+-~?", *term) ? *term++ : '+';
		enum match m = match_term(&q, term);

		if (m == YES && qualifier == '+')
			return SPF_PASS;
		if (m == YES)
			return unjudged ? SPF_UNJUDGED : SPF_FAIL;
		unjudged |= m == UNJUDGED;
	}
	return unjudged ? SPF_UNJUDGED : SPF_FAIL;
}
