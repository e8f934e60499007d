/*
 * DNS lookups, through libunbound.
 *
 *	struct resolver *r = resolver_open(NULL, 6);
 *	enum dns_state state = resolver_lookup(r, "exemple.fr", "MX", &answers, &reason);
 *	resolver_close(r);
 *
 * A resolver has a time of its own for all that it is asked: when that is over, whatever is open is DNS_UNKNOWN, at once. What it
 * was answered it keeps, so asking the same again costs nothing.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

enum dns_state {
	DNS_FOUND,
	DNS_NONE,     /* the name or the type does not exist */
	DNS_UNKNOWN,  /* no answer: no resolver, a timeout, SERVFAIL */
};

struct resolver;
/* server: an IP address to ask, with "@PORT" where it is not 53, or NULL for the machine's resolvers (/etc/resolv.conf). Whatever is
 * wrong with it is the reason of each answer. */
struct resolver *resolver_open(const char *server, unsigned seconds);
void resolver_close(struct resolver *r);
DEFINE_CLEANUP(struct resolver *, resolver_close)

/* type: "A", "AAAA", "MX", "TXT", "PTR" (name is then an IP address), "SRV", "TLSA", "CAA". */
struct dns_question {
	const char *name, *type;
	enum dns_state state;
	struct list answers; /* one text per record, see below; freed by the caller */
	const char *reason;  /* of DNS_UNKNOWN, a static text; else NULL */
};
/* All of them at the same time. */
void resolver_ask(struct resolver *r, struct dns_question *questions, size_t n);
/* One of them. ret gets one text per record: an address, "10 mail.exemple.fr", the joined strings of a TXT (control bytes as
 * \\DDD), "0 1 465 mail.exemple.fr", "3 1 1 HEX", "0 issue \"ca.example\"". ret_reason may be NULL. */
enum dns_state resolver_lookup(struct resolver *r, const char *name, const char *type, struct list *ret, const char **ret_reason);
/* With a resolver of its own, bounded to timeout seconds. */
enum dns_state dns_lookup(const char *server, const char *name, const char *type, unsigned timeout, struct list *ret,
	const char **ret_reason);

/* "1.2.0.192.in-addr.arpa" or the like beneath ip6.arpa; NULL when it is no IP address. */
char *dns_reverse_name(const char *address);
