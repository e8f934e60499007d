#include "base/i18n.h"
#include "ensure/ensure.h"
#include "host/crypto.h"
#include "host/file.h"
#include "host/process.h"
#include "mail/dkim.h"
#include "mail/layout.h"
#include "steps/steps.h"

#define DKIM(m) OWNED("opendkim", "opendkim", m)

/* For every key of every domain. */
static struct error *each_key(struct run *run, struct error *(*f)(struct run *run, const char *domain, const char *selector))
{
	CLEAN(list) struct list domains = { 0 };

	params_domains(run->params, &domains);
	for (size_t i = 0; i < domains.n; i++) {
		CLEAN(list) struct list selectors = { 0 };

		params_selectors(run->params, domains.v[i], &selectors);
		for (size_t k = 0; k < selectors.n; k++)
			TRY(f(run, domains.v[i], selectors.v[k]));
	}
	return NULL;
}

/* The text to publish, beside the key, as opendkim-genkey(8) leaves it. */
static struct error *ensure_zone_text(struct run *run, const char *domain, const char *selector)
{
	CLEAN(free) char *path = dkim_path(domain, selector, "txt");
	CLEAN(free) char *key = dkim_path(domain, selector, "private");
	CLEAN(free) char *record = NULL;
	CLEAN(bytes) struct bytes zone = { 0 };
	bool there;

	TRY(machine_file_exists(run, key, &there));
	if (!there) {
		run_difference(run, "file", path, false, "to be made");
		return NULL;
	}
	TRY(dkim_read_record(run->host, domain, selector, &record));
	TRY(dkim_zone_text(selector, domain, record, &zone));
	return ensure_file(run, path, zone.data, zone.size, DKIM(0644));
}

/* The key that is there, or that will be written, as it came from another machine or was there before a rollback of this step. Secret;
 * *ret stays empty where one is to be made. */
static struct error *known_key(struct run *run, const char *path, struct bytes *ret)
{
	CLEAN(free) char *note = text(KEY_NOTE "%s", path);
	char *known = NULL;
	bool there;

	TRY(machine_file_exists(run, path, &there));
	if (there)
		return file_read(run->host, path, PEM_LIMIT, ret);
	TRY(run_note(run, note, &known));
	bytes_take(ret, known);
	return NULL;
}

/* A key that is published is never made anew: who asks for another size needs another name for it. */
static struct error *check_size(struct run *run, const char *domain, const char *selector)
{
	CLEAN(free) char *path = dkim_path(domain, selector, "private");
	CLEAN(secret) struct bytes pem = { 0 };
	unsigned bits = 0;

	TRY(wrap(known_key(run, path, &pem), "%s", path));
	if (pem.size)
		TRY(wrap(key_bits(&pem, &bits), "%s", path));
	if (pem.size && bits != run->params->dkim_bits)
		run_blocker(run, "--dkim-bits %u: the key of %s has %u bits and stays, as the DNS may hold it; for a new key give a"
			" new name too: --selector NAME", run->params->dkim_bits, domain, bits);
	return NULL;
}

static struct error *dkim_precheck(struct run *run)
{
	CLEAN(list) struct list given = { 0 };

	params_get(run->params, "dkim-bits", &given);
	return given.n ? each_key(run, check_size) : NULL;
}

static struct error *ensure_key(struct run *run, const char *domain, const char *selector)
{
	CLEAN(free) char *directory = text(DKIM_KEYS "/%s", domain);
	CLEAN(free) char *path = dkim_path(domain, selector, "private");

	TRY(ensure_directory(run, directory, DKIM(0700)));
	TRY(ensure_private_key(run, path, run->params->dkim_bits, DKIM(0600)));
	return ensure_zone_text(run, domain, selector);
}

/* All keys stand in the table, so that each can be tried with opendkim-testkey(8); the signing table names the one that signs. */
static void add_keys(struct run *run, const char *domain, struct bytes *keys)
{
	CLEAN(list) struct list selectors = { 0 };

	params_selectors(run->params, domain, &selectors);
	for (size_t i = 0; i < selectors.n; i++) {
		const char *s = selectors.v[i];

		bytes_printf(keys, "%s._domainkey.%s %s:%s:" DKIM_KEYS "/%s/%s.private\n", s, domain, domain, s, domain, s);
	}
}

static struct error *ensure_tables(struct run *run, const struct list *domains)
{
	const struct params *p = run->params;
	CLEAN(bytes) struct bytes keys = { 0 }, signing = { 0 }, hosts = { 0 };

	for (size_t i = 0; i < domains->n; i++) {
		const char *d = domains->v[i];

		add_keys(run, d, &keys);
		bytes_printf(&signing, "%s %s._domainkey.%s\n", d, params_signing_selector(p, d), d);
	}
	/* Mail of the machine itself leaves as root@HOSTNAME; a signature counts where its domain is the sender's or above. */
	CLEAN(free) char *below = text(".%s", p->domain);
	if (ends_with(p->hostname, below))
		bytes_printf(&signing, "%s %s._domainkey.%s\n", p->hostname, params_signing_selector(p, p->domain), p->domain);
	bytes_printf(&hosts, "127.0.0.1\n::1\nlocalhost\n%s\n", p->hostname);
	for (size_t i = 0; i < domains->n; i++)
		bytes_printf(&hosts, "%s\n", domains->v[i]);
	TRY(ensure_file(run, DKIM_KEY_TABLE, keys.data, keys.size, DKIM(0660)));
	TRY(ensure_file(run, DKIM_SIGNING_TABLE, signing.data, signing.size, DKIM(0660)));
	return ensure_file(run, DKIM_DIRECTORY "/HotesDeConfiance", hosts.data, hosts.size, DKIM(0660));
}

static struct error *dkim_apply(struct run *run)
{
	CLEAN(list) struct list domains = { 0 };

	params_domains(run->params, &domains);
	TRY(ensure_directory(run, DKIM_KEYS, DKIM(0700)));
	TRY(each_key(run, ensure_key));
	TRY(ensure_tables(run, &domains));
	return ensure_asset(run, "/etc/opendkim.conf", NULL, ROOT_FILE);
}

/* The private key signs, and the key of the record to publish verifies it. */
static struct error *prove_key(struct run *run, const char *domain, const char *selector)
{
	CLEAN(free) char *path = dkim_path(domain, selector, "private");
	CLEAN(free) char *record = NULL;
	CLEAN(bytes) struct bytes public_key = { 0 };
	CLEAN(secret) struct bytes pem = { 0 };

	TRY(dkim_read_record(run->host, domain, selector, &record));
	TRY(dkim_record_key(record, &public_key));
	TRY(wrap(file_read(run->host, path, PEM_LIMIT, &pem), "%s", path));
	return wrap(key_proves(&pem, &public_key), "%s", path);
}

static struct error *dkim_postcheck(struct run *run)
{
	TRY(each_key(run, prove_key));
	return process_simple(run->host, NULL, "opendkim", "-n", "-x", "/etc/opendkim.conf", NULL);
}

const struct step step_dkim = {
	.name = "dkim",
	.title = N_("DKIM keys and signing tables"),
	.why = N_("receivers can prove that mail of the domains comes from here, unchanged"),
	.needs = NEEDS(&step_accounts),
	.revision = 1,
	.precheck = dkim_precheck,
	.apply = dkim_apply,
	.postcheck = dkim_postcheck,
};
