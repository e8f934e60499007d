/*
 * What the DNS should say of this server: the records of its domains, keys and addresses, as they are now.
 */
#pragma once

#include "engine/params.h"
#include "engine/state.h"
#include "host/host.h"
#include "mail/dns_check.h"

struct published_options {
	struct state *state;      /* tells an old DKIM key from a new one; may be NULL */
	const char *const *ignored; /* addresses that are nobody's, NULL after the last; may be NULL */
	const char *caa;          /* as struct dns_plan has it, or NULL */
	bool tlsa;
	bool for_check;           /* with what is only asked for */
};
struct published {
	struct list domains; /* active ones of the database, the main one first; those of the parameters where it cannot be read */
	struct list ipv4, ipv6; /* public addresses of the machine; both empty behind a NAT */
	bool private_ipv4; /* it has a private one: a router may have a public one for it */
	struct dns_records records;
	bool forwarded;
	char *hostname;
};
/* Without addresses, a database or keys that can be read there are placeholders, no errors. */
void published_read(struct host *h, const struct params *p, const struct published_options *options, struct published *ret);
void published_free(struct published *p);
static inline void published_cleanup(struct published *p)
{
	published_free(p);
}
struct dns_server published_server(const struct published *p);
/* The zone-file line of the record, without its end. Owned by the caller. */
char *published_line(const struct dns_record *r);
/* No address that the Internet could reach: a router stands before the machine. */
bool address_is_private(const char *address);

/* Notes of this name hold when the key stopped signing (seconds since 1970): "dkim-stopped:DOMAIN:SELECTOR". */
#define DKIM_STOPPED_NOTE "dkim-stopped:"
