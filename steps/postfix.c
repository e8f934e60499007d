#include "base/i18n.h"
#include "ensure/ensure.h"
#include "steps/steps.h"

#define LOOPBACK "127.0.0.0/8, [::1]/128"

static struct error *postfix_apply(struct run *run)
{
	const struct params *p = run->params;
	const struct release *r = &run->release;
	CLEAN(bytes) struct bytes networks = { 0 };
	CLEAN(free) char *limit = text("%llu", (unsigned long long)p->size_limit);

	bytes_add_text(&networks, LOOPBACK);
	for (size_t i = 0; i < p->networks.n; i++)
		bytes_printf(&networks, ", %s", p->networks.v[i]);
	const struct variable variables[] = {
		{ "HOSTNAME", p->hostname },
		{ "DOMAIN", p->domain },
		{ "NETWORKS", networks.data },
		{ "MESSAGE_SIZE_LIMIT", limit },
		{ "INBOUND_TLS", p->inbound_tls },
		{ "OUTBOUND_TLS", p->outbound_tls },
		{ "COMPATIBILITY_LEVEL", r->compatibility_level },
		{ "BARE_NEWLINE", r->bare_newline },
		{ "PACKAGE_SETTINGS", r->package_settings },
		{ "DH_PARAMETER", r->dh_parameter },
		{ NULL, NULL },
	};
	const struct variable services[] = {
		{ "DEBIAN", r->os.version[0] ? r->os.version : r->os.codename },
		{ "SUBMISSIONS", r->submissions },
		{ NULL, NULL },
	};
	const struct variable hostname[] = { { "HOSTNAME", p->hostname }, { NULL, NULL } };

	/* For other programs that send mail (Debian policy 11.6); Postfix itself has myorigin. */
	TRY(ensure_asset(run, "/etc/mailname", hostname, ROOT_FILE));
	TRY(ensure_asset(run, "/etc/postfix/main.cf", variables, ROOT_FILE));
	TRY(ensure_asset_of(run, r->postfix_tree, "/etc/postfix/master.cf", services, ROOT_FILE));
	return ensure_asset(run, "/etc/postfix/header_checks", NULL, ROOT_FILE);
}

const struct step step_postfix = {
	.name = "postfix",
	.title = N_("Postfix configuration"),
	.why = N_("the MTA: who may send, what is accepted, over which TLS"),
	.needs = NEEDS(&step_maps, &step_dh),
	.revision = 1,
	.apply = postfix_apply,
};
