#include "mail/spf.h"
#include "base/i18n.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <strings.h>

/* RFC 7208, 4.6.4 */
#define LOOKUPS 10
#define HOSTS	10

struct question {
	struct resolver *resolver;
	const char *address;
	int family;
	unsigned char bytes[16];
	unsigned lookups;
	const char *malformed; /* why the whole record does not count */
};

enum match { NO, YES, UNJUDGED, MALFORMED };

static enum match malformed(struct question *q, const char *why)
{
	if (!q->malformed)
		q->malformed = why;
	return MALFORMED;
}

bool spf_is_record(const char *txt)
{
	return strncasecmp(txt, "v=spf1", 6) == 0 && (!txt[6] || txt[6] == ' ');
}

static bool same_network(const struct question *q, const char *network, unsigned prefix)
{
	unsigned char other[16];

	if (inet_pton(q->family, network, other) != 1 || memcmp(q->bytes, other, prefix / 8) != 0)
		return false;
	unsigned rest = prefix % 8;
	return !rest || (q->bytes[prefix / 8] ^ other[prefix / 8]) >> (8 - rest) == 0;
}

/* A mechanism: "a", "mx:other.fr", "a/24", "mx:other.fr/24//64", "ip6:2001:db8::/32". */
struct mechanism {
	const char *name;
	const char *value; /* NULL where there is none */
	unsigned ipv4_prefix, ipv6_prefix;
};

static bool parse_prefix(const char *s, unsigned most, unsigned *ret)
{
	if (!isdigit((unsigned char)*s) || strlen(s) > 3 || strspn(s, "0123456789") != strlen(s))
		return false;
	*ret = (unsigned)strtoul(s, NULL, 10);
	return *ret <= most;
}

/* Cuts the term in place. */
static bool parse(char *term, struct mechanism *ret)
{
	char *slash = strchr(term, '/'), *colon = strchr(term, ':');
	bool is_ipv6 = strncasecmp(term, "ip6:", 4) == 0;

	*ret = (struct mechanism){ .name = term, .ipv4_prefix = 32, .ipv6_prefix = 128 };
	if (colon && slash && slash < colon)
		return false;
	if (colon) {
		*colon = '\0';
		ret->value = colon + 1;
	}
	if (!slash)
		return true;
	*slash++ = '\0';
	if (is_ipv6)
		return parse_prefix(slash, 128, &ret->ipv6_prefix);
	char *second = strchr(slash, '/');
	if (second) {
		*second++ = '\0';
		/* "/24//64" or "//64" */
		if (second == slash + 1 ? false : *second++ != '/')
			return false;
		if (!parse_prefix(second, 128, &ret->ipv6_prefix))
			return false;
	}
	return (second && !*slash) || parse_prefix(slash, 32, &ret->ipv4_prefix);
}

static bool one_more_lookup(struct question *q)
{
	return q->lookups++ < LOOKUPS;
}

static enum match match_host(struct question *q, const char *host, unsigned prefix)
{
	CLEAN(list) struct list found = { 0 };

	if (resolver_lookup(q->resolver, host, q->family == AF_INET ? "A" : "AAAA", &found, NULL) == DNS_UNKNOWN)
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

	if (resolver_lookup(q->resolver, domain, "MX", &found, NULL) == DNS_UNKNOWN)
		return UNJUDGED;
	if (found.n > HOSTS)
		return malformed(q, _("an mx of its leads to more than 10 hosts"));
	for (size_t i = 0; i < found.n && match != YES; i++) {
		const char *host = strchr(found.v[i], ' ');
		enum match m = host ? match_host(q, host + 1, prefix) : NO;

		match = m == NO ? match : m;
	}
	return match;
}

static enum match judge_record(struct question *q, const char *record, const char *domain);

/* What the record of another domain says; a domain without one makes this record malformed. */
static enum match judge_other(struct question *q, const char *domain)
{
	CLEAN(list) struct list found = { 0 };
	const char *record = NULL;

	if (resolver_lookup(q->resolver, domain, "TXT", &found, NULL) == DNS_UNKNOWN)
		return UNJUDGED;
	for (size_t i = 0; i < found.n; i++) {
		if (!spf_is_record(found.v[i]))
			continue;
		if (record)
			return malformed(q, _("it leads to a domain that has several SPF records"));
		record = found.v[i];
	}
	return record ? judge_record(q, record, domain) : malformed(q, _("it leads to a domain that has no SPF record"));
}

static enum match match_network(struct question *q, int family, const struct mechanism *m)
{
	unsigned char bytes[16];

	if (!m->value || inet_pton(family, m->value, bytes) != 1)
		return malformed(q, _("it holds what is no IP address"));
	return q->family == family && same_network(q, m->value, family == AF_INET ? m->ipv4_prefix : m->ipv6_prefix) ? YES : NO;
}

static enum match match_mechanism(struct question *q, char *term, const char *domain)
{
	struct mechanism m;

	if (!parse(term, &m))
		return malformed(q, _("it holds a malformed prefix"));
	const char *host = m.value ? m.value : domain;
	unsigned prefix = q->family == AF_INET ? m.ipv4_prefix : m.ipv6_prefix;

	if (strcasecmp(m.name, "all") == 0)
		return YES;
	if (strcasecmp(m.name, "ip4") == 0)
		return match_network(q, AF_INET, &m);
	if (strcasecmp(m.name, "ip6") == 0)
		return match_network(q, AF_INET6, &m);
	bool is_a = strcasecmp(m.name, "a") == 0, is_mx = strcasecmp(m.name, "mx") == 0;
	bool is_include = strcasecmp(m.name, "include") == 0;
	bool is_other = strcasecmp(m.name, "exists") == 0 || strcasecmp(m.name, "ptr") == 0;
	if (!is_a && !is_mx && !is_include && !is_other)
		return malformed(q, _("it holds an unknown word"));
	if (!one_more_lookup(q))
		return malformed(q, _("it needs more than 10 lookups"));
	if (is_other || strchr(host, '%'))
		return UNJUDGED;
	if (is_include)
		return m.value ? judge_other(q, m.value) : malformed(q, _("it holds an include without a domain"));
	return is_a ? match_host(q, host, prefix) : match_mx(q, host, prefix);
}

static enum match judge_redirect(struct question *q, const char *target)
{
	if (!one_more_lookup(q))
		return malformed(q, _("it needs more than 10 lookups"));
	return strchr(target, '%') ? UNJUDGED : judge_other(q, target);
}

/* YES: pass. */
static enum match judge_record(struct question *q, const char *record, const char *domain)
{
	CLEAN(list) struct list terms = { 0 };
	const char *redirect = NULL;
	bool unjudged = false;

	list_split(&terms, record, " ");
	for (size_t i = 1; i < terms.n; i++) {
		char *term = terms.v[i];
		char *equals = strchr(term, '=');

		if (equals && equals < term + strcspn(term, ":/")) {
			redirect = strncasecmp(term, "redirect=", 9) == 0 ? equals + 1 : redirect;
			continue;
		}
		char qualifier = strchr("+-~?", *term) ? *term++ : '+';
		enum match m = match_mechanism(q, term, domain);

		if (m == MALFORMED)
			return m;
		if (m == YES && qualifier == '+')
			return YES;
		if (m == YES)
			return unjudged ? UNJUDGED : NO;
		unjudged |= m == UNJUDGED;
	}
	enum match last = redirect ? judge_redirect(q, redirect) : NO;
	return unjudged && last == NO ? UNJUDGED : last;
}

enum spf_result spf_judge(struct resolver *r, const char *record, const char *domain, const char *address, const char **ret_reason)
{
	struct question q = { .resolver = r, .address = address, .family = strchr(address, ':') ? AF_INET6 : AF_INET };
	enum match m = inet_pton(q.family, address, q.bytes) == 1 ? judge_record(&q, record, domain) : UNJUDGED;

	if (ret_reason)
		*ret_reason = q.malformed;
	return m == YES ? SPF_PASS : m == UNJUDGED ? SPF_UNJUDGED : SPF_FAIL;
}
