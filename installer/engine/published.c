#include "engine/published.h"
#include "host/crypto.h"
#include "host/file.h"
#include "host/network.h"
#include "mail/accounts.h"
#include "mail/dkim.h"
#include "mail/layout.h"

#include <arpa/inet.h>

bool address_is_private(const char *address)
{
	unsigned char b[16];

	if (inet_pton(AF_INET, address, b) == 1)
		return b[0] == 10 || (b[0] == 172 && b[1] >> 4 == 1) || (b[0] == 192 && b[1] == 168) ||
		       (b[0] == 100 && b[1] >> 6 == 1); /* 100.64/10 */
	return inet_pton(AF_INET6, address, b) == 1 && (b[0] & 0xfe) == 0xfc;
}

static void read_domains(struct host *h, const struct params *p, struct list *ret)
{
	CLEAN(accounts_close) struct accounts *a = NULL;
	struct error *e = accounts_open(h, true, &a);

	if (!e)
		e = accounts_domains(a, ret);
	if (e || !ret->n) {
		list_free(ret);
		params_domains(p, ret);
	}
	error_free(e);
}

static void keep_public(const struct list *all, const char *const *ignored, struct list *ret)
{
	for (size_t i = 0; i < all->n; i++) {
		bool skip = address_is_private(all->v[i]);

		for (const char *const *s = ignored; s && *s; s++)
			skip |= strcmp(all->v[i], *s) == 0;
		if (!skip)
			list_add(ret, all->v[i]);
	}
}

static void read_addresses(struct host *h, const char *const *ignored, struct published *ret)
{
	CLEAN(list) struct list ipv4 = { 0 }, ipv6 = { 0 };

	error_free(addresses_read(h, &ipv4, &ipv6));
	keep_public(&ipv4, ignored, &ret->ipv4);
	keep_public(&ipv6, ignored, &ret->ipv6);
}

static bool has_stopped(struct state *s, const char *domain, const char *selector)
{
	CLEAN(free) char *note = text(DKIM_STOPPED_NOTE "%s:%s", domain, selector);
	CLEAN(free) char *when = NULL;

	if (s)
		error_free(state_note_get(s, note, &when));
	return when != NULL;
}

struct keys {
	struct dns_key *v;
	size_t n;
	struct list records; /* their texts, in the same order */
	struct list selectors;
};

static void keys_cleanup(struct keys *k)
{
	free(k->v);
	list_free(&k->records);
	list_free(&k->selectors);
}

static void read_keys(struct host *h, const struct params *p, struct state *s, const struct list *domains, struct keys *ret)
{
	for (size_t i = 0; i < domains->n; i++) {
		CLEAN(list) struct list selectors = { 0 };

		params_selectors(p, domains->v[i], &selectors);
		for (size_t k = 0; k < selectors.n; k++) {
			CLEAN(free) char *record = NULL;

			error_free(dkim_read_record(h, domains->v[i], selectors.v[k], &record));
			list_add(&ret->records, record ? record : "");
			list_add(&ret->selectors, selectors.v[k]);
			ret->v = reallocate(ret->v, ret->n + 1, sizeof(*ret->v));
			ret->v[ret->n++] = (struct dns_key){
				.domain = domains->v[i],
				.state = k == 0 ? DNS_KEY_SIGNS : has_stopped(s, domains->v[i], selectors.v[k]) ? DNS_KEY_OLD : DNS_KEY_NEW,
			};
		}
	}
	for (size_t i = 0; i < ret->n; i++) {
		ret->v[i].record = ret->records.v[i];
		ret->v[i].selector = ret->selectors.v[i];
	}
}

/* SHA-256 of the served key's SubjectPublicKeyInfo; NULL where it cannot be read. */
static char *read_tls_digest(struct host *h)
{
	CLEAN(bytes) struct bytes public_key = { 0 };
	CLEAN(secret) struct bytes pem = { 0 };
	char hex[65];
	struct error *e = file_read(h, TLS_KEY, PEM_LIMIT, &pem);

	if (!e)
		e = key_public(&pem, &public_key);
	if (e) {
		error_free(e);
		return NULL;
	}
	sha256_hex(public_key.data, public_key.size, hex);
	return text_copy(hex);
}

void published_read(struct host *h, const struct params *p, const struct published_options *options, struct published *ret)
{
	CLEAN(keys) struct keys keys = { 0 };
	CLEAN(free) char *tlsa = options->tlsa || options->for_check ? read_tls_digest(h) : NULL;

	*ret = (struct published){ .forwarded = p->hosts_entry != NULL, .hostname = text_copy(p->hostname) };
	read_domains(h, p, &ret->domains);
	read_addresses(h, options->ignored, ret);
	read_keys(h, p, options->state, &ret->domains, &keys);
	dns_plan_records(
		&(struct dns_plan){
			.hostname = ret->hostname,
			.domains = &ret->domains,
			.ipv4 = &ret->ipv4,
			.ipv6 = &ret->ipv6,
			.keys = keys.v,
			.key_count = keys.n,
			.admin = p->admin,
			.caa = options->caa,
			.tlsa = tlsa,
			.for_check = options->for_check,
		},
		&ret->records);
	/* One that nobody has asked for need not be there, but a wrong one turns mail away. */
	for (size_t i = 0; i < ret->records.n; i++)
		if (ret->records.v[i].kind == DNS_KIND_TLSA)
			ret->records.v[i].only_asked = !options->tlsa;
}

void published_free(struct published *p)
{
	list_free(&p->domains);
	list_free(&p->ipv4);
	list_free(&p->ipv6);
	dns_records_free(&p->records);
	free(p->hostname);
	*p = (struct published){ 0 };
}

struct dns_server published_server(const struct published *p)
{
	return (struct dns_server){ .hostname = p->hostname, .ipv4 = &p->ipv4, .ipv6 = &p->ipv6, .forwarded = p->forwarded };
}

char *published_line(const struct dns_record *r)
{
	CLEAN(bytes) struct bytes line = { 0 };

	dns_zone_line(r, &line);
	return text_copy_n(line.data, line.size - 1);
}
