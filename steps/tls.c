#include "base/i18n.h"
#include "ensure/ensure.h"
#include "host/crypto.h"
#include "host/file.h"
#include "mail/layout.h"
#include "steps/steps.h"

#include <time.h>

#define KEY_BITS 4096
#define DAYS     3650

static struct error *read_pair(struct run *run, struct bytes *certificate, struct bytes *key)
{
	CLEAN(free) char *certificate_path = NULL, *key_path = NULL;

	TRY(wrap(file_resolve(run->host, run->params->tls_cert, &certificate_path), "--tls-cert"));
	TRY(wrap(file_resolve(run->host, run->params->tls_key, &key_path), "--tls-key"));
	TRY(wrap(file_read(run->host, certificate_path, PEM_LIMIT, certificate), "--tls-cert"));
	return wrap(file_read(run->host, key_path, PEM_LIMIT, key), "--tls-key");
}

static struct error *pair_serves(struct run *run, const struct bytes *certificate, const struct bytes *key)
{
	CLEAN(certificate_facts) struct certificate_facts facts = { 0 };

	TRY(wrap(certificate_matches(certificate, key), "--tls-cert %s and --tls-key %s", run->params->tls_cert,
		run->params->tls_key));
	TRY(certificate_read(certificate, &facts));
	if (!certificate_covers(&facts, run->params->hostname))
		return fail(ERR_PRECHECK, "--tls-cert %s does not name %s: clients would refuse it", run->params->tls_cert,
			run->params->hostname);
	if (facts.not_after < time(NULL))
		return fail(ERR_PRECHECK, "--tls-cert %s has expired: clients would refuse it", run->params->tls_cert);
	if (facts.not_before > time(NULL))
		return fail(ERR_PRECHECK, "--tls-cert %s is not valid yet: clients would refuse it", run->params->tls_cert);
	return recode(wrap(certificate_usable(certificate, key), "--tls-cert %s", run->params->tls_cert), ERR_PRECHECK);
}

static struct error *tls_precheck(struct run *run)
{
	CLEAN(bytes) struct bytes certificate = { 0 };
	CLEAN(secret) struct bytes key = { 0 };

	if (!run->params->tls_cert)
		return NULL;
	TRY(read_pair(run, &certificate, &key));
	return pair_serves(run, &certificate, &key);
}

static struct error *tls_apply(struct run *run)
{
	const struct params *p = run->params;
	struct owner secret = OWNED("root", "root", 0600);

	TRY(ensure_directory(run, TLS_DIRECTORY, OWNED("root", "root", 0755)));
	if (p->tls_cert) {
		TRY(wrap(ensure_copy(run, TLS_KEY, p->tls_key, NULL, secret), "--tls-key"));
		/* Everybody may read it, so no key that stands in the same file comes along. */
		return wrap(ensure_copy(run, TLS_CERTIFICATE, p->tls_cert, certificates_only, ROOT_FILE), "--tls-cert");
	}
	TRY(ensure_private_key(run, TLS_KEY, KEY_BITS, secret));
	return ensure_certificate(run, TLS_CERTIFICATE, TLS_KEY, p->hostname, DAYS, ROOT_FILE);
}

static struct error *tls_postcheck(struct run *run)
{
	CLEAN(bytes) struct bytes certificate = { 0 };
	CLEAN(secret) struct bytes key = { 0 };

	TRY(file_read(run->host, TLS_KEY, PEM_LIMIT, &key));
	TRY(file_read(run->host, TLS_CERTIFICATE, PEM_LIMIT, &certificate));
	return certificate_matches(&certificate, &key);
}

const struct step step_tls = {
	.name = "tls",
	.title = N_("TLS key and certificate"),
	.why = N_("passwords and mail travel encrypted; the certificate names the host"),
	.needs = NEEDS(&step_packages),
	.revision = 1,
	.precheck = tls_precheck,
	.apply = tls_apply,
	.postcheck = tls_postcheck,
};
