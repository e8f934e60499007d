/*
 * What the DNS says of the records that there should be: each is judged by what it means, not by its text.
 */
#pragma once

#include "mail/dns.h"
#include "mail/dns_records.h"

enum dns_verdict {
	DNS_IS_RIGHT,
	DNS_IS_MISSING,
	DNS_IS_WRONG,
	DNS_IS_UNKNOWN, /* no answer, or nothing that could be compared with it from here */
};

struct dns_finding {
	const struct dns_record *record; /* the caller's */
	char *subject;                   /* what was asked for: a name without the final dot, or an address */
	enum dns_verdict verdict;
	bool tolerable;                  /* of DNS_IS_WRONG: works nevertheless */
	struct list found;               /* what the DNS has, if anything */
	char *note;                      /* why, or what else there is to say of it; or NULL */
};
struct dns_findings {
	struct dns_finding *v; /* one per record, in their order, and for the PTR of an address that only the DNS knows one per address */
	size_t n;
};

struct dns_server {
	const char *hostname;
	const struct list *ipv4, *ipv6; /* public addresses of the machine; both empty behind a NAT */
	bool private_ipv4;              /* it has a private one */
	bool forwarded;                 /* behind a NAT, and the administrator has said so (--hosts-entry) */
};

/* Asks for all of them, within the resolver's time. */
void dns_check(struct resolver *r, const struct dns_records *records, const struct dns_server *server, struct dns_findings *ret);
void dns_findings_free(struct dns_findings *f);
static inline void dns_findings_cleanup(struct dns_findings *f)
{
	dns_findings_free(f);
}
const char *dns_verdict_name(enum dns_verdict verdict); /* "right" */
