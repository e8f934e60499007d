#include "base/i18n.h"
#include "ensure/ensure.h"
#include "mail/layout.h"
#include "steps/steps.h"

/* Postfix writes [2001:db8::]/32, SpamAssassin 2001:db8::/32. */
static void trusted_networks(const struct params *p, struct bytes *ret)
{
	for (size_t i = 0; i < p->networks.n; i++) {
		bytes_add_text(ret, i ? " " : "");
		for (const char *c = p->networks.v[i]; *c; c++)
			if (*c != '[' && *c != ']')
				bytes_add(ret, c, 1);
	}
}

static struct error *spamassassin_apply(struct run *run)
{
	CLEAN(list) struct list domains = { 0 };
	CLEAN(bytes) struct bytes whitelist = { 0 }, networks = { 0 };

	params_domains(run->params, &domains);
	for (size_t i = 0; i < domains.n; i++)
		bytes_printf(&whitelist, "%s%s *@%s", i ? "\n" : "", run->release.welcomelist, domains.v[i]);
	trusted_networks(run->params, &networks);
	const struct variable variables[] = {
		{ "WHITELIST", whitelist.data },
		{ "TRUSTED_NETWORKS", bytes_text(&networks) },
		{ NULL, NULL },
	};
	TRY(ensure_directory(run, SPAMD_HOME, OWNED(SPAMD_USER, SPAMD_USER, 0750)));
	if (run->release.spamd_state)
		TRY(ensure_directory(run, run->release.spamd_state, OWNED(SPAMD_USER, SPAMD_USER, 0700)));
	TRY(ensure_asset(run, "/etc/spamassassin/local.cf", variables, ROOT_FILE));
	if (run->release.spamd_left)
		TRY(ensure_taken_back(run, "file", run->release.spamd_left));
	return ensure_asset(run, run->release.spamd_defaults, NULL, ROOT_FILE);
}

const struct step step_spamassassin = {
	.name = "spamassassin",
	.title = N_("SpamAssassin and spamd"),
	.why = N_("every message from outside gets a score, and spam a mark"),
	.needs = NEEDS(&step_tmpfiles),
	.revision = 1,
	.apply = spamassassin_apply,
};
