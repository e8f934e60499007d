#include "engine/params.h"
#include "mail/name.h"

#define DOMAIN_MAX 253

/* The main domain is no extra one. */
static void fold_domains(struct params *p)
{
	struct list kept = { 0 };

	for (size_t i = 0; i < p->extra_domains.n; i++)
		if (strcmp(p->extra_domains.v[i], p->domain) != 0)
			list_add(&kept, p->extra_domains.v[i]);
	list_free(&p->extra_domains);
	p->extra_domains = kept;
}

static struct error *complete_hostname(struct params *p, const struct list *domains)
{
	if (!p->hostname) {
		CLEAN(free) char *name = text("mail.%s", p->domain);

		TRY(wrap(hostname_normalise(name, &p->hostname),
			"--hostname is missing, and its default does not fit"));
	}
	if (list_has(domains, p->hostname))
		return fail(ERR_USAGE,
			"--hostname %s is a mail domain too, and Postfix cannot hold one name as both; use for "
			"example mail.%s",
			p->hostname, p->hostname);
	return NULL;
}

static struct error *check_admin(struct params *p, const struct list *domains)
{
	if (!p->admin) {
		free(TAKE(p->admin_hash));
		return NULL;
	}
	if (!list_has(domains, address_domain(p->admin)))
		return fail(ERR_USAGE,
			"--admin %s is not in a domain of this server; use an address in %s, or add "
			"--extra-domain %s",
			p->admin, p->domain, address_domain(p->admin));
	return NULL;
}

static struct error *check_certificate(const struct params *p)
{
	if (p->tls_cert && !p->tls_key)
		return fail(ERR_USAGE, "--tls-cert needs its private key: add --tls-key FILE");
	if (p->tls_key && !p->tls_cert)
		return fail(ERR_USAGE, "--tls-key needs its certificate: add --tls-cert FILE");
	return NULL;
}

static struct error *check_dh(const struct params *p)
{
	static const unsigned sizes[] = { 2048, 3072, 4096, 6144, 8192 };

	if (p->dh_generate)
		return NULL;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		if (p->dh_bits == sizes[i])
			return NULL;
	return fail(ERR_USAGE,
		"--dh-bits %u: RFC 7919 has groups of 2048, 3072, 4096, 6144 and 8192 bits; use one, or add "
		"--dh generate",
		p->dh_bits);
}

static struct error *check_selector(const struct params *p, const struct list *domains)
{
	for (size_t i = 0; i < domains->n; i++) {
		CLEAN(list) struct list selectors = { 0 };

		params_selectors(p, domains->v[i], &selectors);
		for (size_t k = 0; k < selectors.n; k++)
			if (strlen(selectors.v[k]) + strlen("._domainkey.") + strlen(domains->v[i]) > DOMAIN_MAX)
				return fail(ERR_USAGE,
					"--selector %s: its name in the DNS beneath %s has more than %d bytes; use a "
					"shorter one",
					selectors.v[k], domains->v[i], DOMAIN_MAX);
	}
	return NULL;
}

struct error *params_complete(struct params *p)
{
	CLEAN(list) struct list domains = { 0 };

	if (!p->domain)
		return fail(ERR_USAGE, "--domain is missing; say for example --domain exemple.fr");
	fold_domains(p);
	params_domains(p, &domains);
	TRY(complete_hostname(p, &domains));
	TRY(check_admin(p, &domains));
	TRY(check_certificate(p));
	TRY(check_dh(p));
	return check_selector(p, &domains);
}
