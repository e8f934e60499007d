/*
 * DNS: what must be published for the server, and what the world sees of it (lookups through libunbound).
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

enum dns_state {
	DNS_FOUND,
	DNS_NONE,     /* the name or the type does not exist */
	DNS_UNKNOWN,  /* no answer: no resolver, a timeout, SERVFAIL */
};

/* type: "A", "AAAA", "MX", "TXT", "PTR" (name is then an IP address). ret gets one text per record: an address, "10
 * mail.exemple.fr", the joined strings of a TXT (control bytes as \\DDD). server: an IP address to ask, with "@PORT"
 * where it is not 53, or NULL for the machine's resolvers (/etc/resolv.conf). Bounded to timeout seconds. ret_reason (may
 * be NULL) gets a static text for DNS_UNKNOWN, else NULL. */
enum dns_state dns_lookup(const char *server, const char *name, const char *type, unsigned timeout, struct list *ret,
	const char **ret_reason);

/* "1.2.0.192.in-addr.arpa" or the like beneath ip6.arpa; NULL when it is no IP address. */
char *dns_reverse_name(const char *address);

struct dns_record {
	char *owner;  /* absolute, with the final dot */
	char *type;
	char *value;  /* one line; TXT unquoted and unsplit */
	char *reason; /* one line, for the administrator */
	bool required;
};
struct dns_records {
	struct dns_record *v;
	size_t n;
};
struct dns_plan {
	const char *hostname;
	const struct list *domains;      /* the main domain first */
	const struct list *ipv4;         /* addresses to publish; may be empty: then a placeholder is said */
	const struct list *ipv6;
	const char *selector;
	const struct list *dkim_records; /* one per domain, in the order of domains; "" when there is none yet */
	const char *admin;               /* for DMARC's rua, or NULL */
};
/* A, AAAA, MX, SPF, DKIM, DMARC, PTR; the addresses first. Where no address or no DKIM key is known yet, the value, or the
 * owner of the PTR, is a placeholder that begins with '<'. */
void dns_plan_records(const struct dns_plan *plan, struct dns_records *ret);
void dns_records_free(struct dns_records *r);
static inline void dns_records_cleanup(struct dns_records *r)
{
	dns_records_free(r);
}
/* A zone-file line of one record, with its line end, a comment where it holds a placeholder; TXT quoted and cut in strings of at most 255 bytes (RFC 1035, 3.3). */
void dns_zone_line(const struct dns_record *r, struct bytes *ret);
