/*
 * The parameters of a server: what `install` was told, and what is remembered of it.
 *
 * One table (params.def) names each parameter: its long option, its key in --config FILE and in the state store (the
 * same word), its argument and help. A value is text; params_set() normalises it and refuses what is malformed, so
 * a struct params always holds good values. Precedence: command line, then --config FILE, then what is
 * remembered, then the default. A repeatable parameter given anew replaces the whole remembered list. So whoever fills a
 * struct params goes in that order, and a later source sets only what has no value yet (params_get gives nothing).
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

struct params {
	char *domain;
	char *hostname;            /* default mail.DOMAIN */
	struct list extra_domains;
	struct list networks;
	char *admin;               /* address or NULL */
	char *admin_hash;          /* "{SHA512-CRYPT}..."; remembered only until the account stands */
	bool dh_generate;
	unsigned dh_bits;          /* default 4096 */
	char *tls_cert;            /* path or NULL: self-signed */
	char *tls_key;
	char *selector;            /* default "mail" */
	unsigned dkim_bits;        /* default 4096 */
	char *inbound_tls;         /* "encrypt" (default) or "may" */
	char *outbound_tls;
	bool no_learn;
	char *hosts_entry;         /* IP address or NULL */
	uint64_t size_limit;       /* bytes, default 31457280 */
	bool force_release;        /* install on a release of Debian that mailsetup does not know */
	struct list dkim_keys;     /* "DOMAIN:SELECTOR", where a domain has other keys than its one of that selector; hidden */
	char *default_domain;      /* of the guide's web portal, where it is not domain; hidden */
	uint32_t given;            /* which ones were set: a bit each, in the order of param_specs */
};

void params_init(struct params *p);
void params_free(struct params *p);
static inline void params_cleanup(struct params *p)
{
	params_free(p);
}

struct param_spec {
	const char *name;      /* "extra-domain" */
	int key;               /* short option or a number above 256 */
	const char *argument;  /* "DOMAIN", or NULL for a flag */
	const char *help;
	bool repeatable;
	bool can_be_none;      /* the word "none" empties it */
	bool hidden;           /* remembered, but no option and no key of a config file */
};
extern const struct param_spec param_specs[];
extern const size_t param_count;

/* Sets one parameter from text (a flag: "yes" or "no"); a repeatable one gets one value more. The word "none" empties what has
 * no default value: extra-domain, network, admin, tls-cert, tls-key, hosts-entry. ERR_USAGE: "--NAME VALUE: reason". */
struct error *params_set(struct params *p, const char *name, const char *value) MUST_USE;
/* The same for a remembered value: a file that it names need not exist any more. */
struct error *params_restore(struct params *p, const char *name, const char *value) MUST_USE;
/* Its value or values as params_set would take them; nothing when unset (a default is not a value). */
void params_get(const struct params *p, const char *name, struct list *ret);
/* A config file: lines `name = value` or `name` (a flag), '#' comments. Parameters that p has already stay as they are.
 * ERR_USAGE names file and line. */
struct error *params_read_file(struct params *p, const char *path) MUST_USE;
/* What only makes sense together: domain present, cert with key, admin in a domain of ours, ... ERR_USAGE. Fills in the
 * defaults that follow from other parameters. */
struct error *params_complete(struct params *p) MUST_USE;
/* domain, then the extra domains. */
void params_domains(const struct params *p, struct list *ret);

/* params_dkim.c: the selectors of a domain's DKIM keys. The first one signs; the others are beside it: one that is not published
 * yet, or one that has signed before. Changed by `mailsetup dkim`; a domain that it has never changed has one, params.selector. */
void params_selectors(const struct params *p, const char *domain, struct list *ret);
/* The one that signs; it stays p's. */
const char *params_signing_selector(const struct params *p, const char *domain);
/* selectors: at least one. */
struct error *params_set_selectors(struct params *p, const char *domain, const struct list *selectors) MUST_USE;
