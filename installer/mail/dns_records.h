/*
 * The DNS records of a mail server: which there should be, why, and how they are written down.
 */
#pragma once

#include "base/bytes.h"

enum dns_level {
	DNS_REQUIRED,    /* without it no mail arrives */
	DNS_RECOMMENDED, /* without it mail that is sent is distrusted, or refused by many */
	DNS_OPTIONAL,    /* a comfort, or a protection more */
};
enum dns_kind {
	DNS_KIND_ADDRESS,
	DNS_KIND_MX,
	DNS_KIND_SPF,
	DNS_KIND_DKIM,
	DNS_KIND_DMARC,
	DNS_KIND_REPORTS, /* another domain's DMARC reports may come here: RFC 7489, 7.1 */
	DNS_KIND_PTR,
	DNS_KIND_SRV,     /* RFC 6186, RFC 8314, RFC 5804 */
	DNS_KIND_CAA,     /* RFC 8659 */
	DNS_KIND_TLSA,    /* RFC 7672 */
};

struct dns_record {
	enum dns_kind kind;
	enum dns_level level;
	char *domain;   /* the mail domain that it belongs to; "" for those of the host name */
	char *owner;    /* absolute, with the final dot */
	char *type;
	char *value;    /* one line; TXT unquoted and unsplit */
	char *reason;   /* one line, for the administrator */
	char *selector; /* of DKIM */
	char *address;  /* of PTR; "" while it is not known */
	bool signs;     /* of DKIM: the server signs with this key */
	bool only_asked;/* nothing to publish: what stands there must be right */
};
struct dns_records {
	struct dns_record *v;
	size_t n;
};

enum dns_key_state {
	DNS_KEY_SIGNS,
	DNS_KEY_NEW, /* is to sign when the DNS has it */
	DNS_KEY_OLD, /* has signed */
};
struct dns_key {
	const char *domain, *selector;
	const char *record; /* "" when there is none yet */
	enum dns_key_state state;
};

struct dns_plan {
	const char *hostname;
	const struct list *domains;  /* the main domain first */
	const struct list *ipv4;     /* addresses to publish; may be empty: then a placeholder is said */
	const struct list *ipv6;
	bool nat;                    /* it has a public IPv4 address too, that of a router: a placeholder stands for it */
	const struct dns_key *keys;
	size_t key_count;
	const char *admin;           /* for DMARC's rua, or NULL */
	const char *caa;             /* the certificate authority that may issue, "none", or NULL: no CAA */
	const char *tlsa;            /* SHA-256 of the served key in hex, or NULL: no TLSA */
	bool for_check;              /* with the records that are only asked for */
};
/* The host name's first, then those of each domain, then the reverse names. Where no address or no DKIM key is known yet, the value,
 * or the owner of the PTR, is a placeholder that begins with '<'. */
void dns_plan_records(const struct dns_plan *plan, struct dns_records *ret);
void dns_records_free(struct dns_records *r);
static inline void dns_records_cleanup(struct dns_records *r)
{
	dns_records_free(r);
}
bool dns_is_placeholder(const struct dns_record *r);
const char *dns_level_name(enum dns_level level); /* "required" */

/* A zone-file line of one record, with its line end, a comment where it holds a placeholder; TXT quoted and cut in strings of at most
 * 255 bytes (RFC 1035, 3.3). */
void dns_zone_line(const struct dns_record *r, struct bytes *ret);
/* The strings that a TXT record is cut in. */
void dns_txt_strings(const char *value, struct list *ret);
/* For a provider's form: "NAME<tab>TYPE<tab>VALUE", names without the final dot, TXT as one text without quotes. */
void dns_form_line(const struct dns_record *r, struct bytes *ret);
/* The domain in whose zone the owner lies, the longest one; "" for none of them. */
const char *dns_zone_of(const struct dns_record *r, const struct list *domains);
