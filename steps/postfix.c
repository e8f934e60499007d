#include "ensure/ensure.h"
#include "host/process.h"
#include "steps/layout.h"
#include "steps/steps.h"

#define LOOPBACK "127.0.0.0/8, [::1]/128"

static struct error *postfix_apply(struct run *run)
{
	const struct params *p = run->params;
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
		{ NULL, NULL },
	};
	TRY(ensure_asset(run, "/etc/postfix/main.cf", variables, ROOT_FILE));
	TRY(ensure_asset(run, "/etc/postfix/master.cf", NULL, ROOT_FILE));
	return ensure_asset(run, "/etc/postfix/header_checks", NULL, ROOT_FILE);
}

/* An empty inet_protocols makes a Postfix that "runs" with no port open. */
static struct error *postfix_postcheck(struct run *run)
{
	CLEAN(bytes) struct bytes protocols = { 0 };

	TRY(process_simple(run->host, &protocols, "postconf", "-h", "inet_protocols", NULL));
	if (!starts_with(bytes_text(&protocols), "all"))
		return fail(ERR_STOPPED, "Postfix reads inet_protocols = %s from /etc/postfix/main.cf instead of all",
			bytes_text(&protocols));
	return process_simple(run->host, NULL, "postconf", "-M", NULL);
}

const struct step step_postfix = {
	.name = "postfix",
	.title = "Postfix configuration",
	.why = "the MTA: who may send, what is accepted, over which TLS",
	.needs = NEEDS(&step_database, &step_dh),
	.revision = 1,
	.apply = postfix_apply,
	.postcheck = postfix_postcheck,
};
