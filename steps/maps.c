#include "ensure/ensure.h"
#include "host/process.h"
#include "steps/layout.h"
#include "steps/steps.h"

#define DOMAINS_MAP "/etc/postfix/sqlite-domaines.cf"

static const char *const maps[] = {
	"/etc/postfix/sqlite-alias.cf",
	"/etc/postfix/sqlite-alias-vituels.cf",
	DOMAINS_MAP,
	"/etc/postfix/sqlite-expediteurs.cf",
	"/etc/postfix/sqlite-liste-noire-destinataires.cf",
	"/etc/postfix/sqlite-liste-noire-expediteurs.cf",
	"/etc/postfix/sqlite-utilisateurs.cf",
};

static struct error *maps_apply(struct run *run)
{
	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++)
		TRY(ensure_asset(run, maps[i], NULL, ROOT_FILE));
	return NULL;
}

/* Postfix itself, with its own main.cf, finds the domain through the map. */
static struct error *maps_postcheck(struct run *run)
{
	CLEAN(bytes) struct bytes answer = { 0 };

	TRY(process_simple(run->host, &answer, "postmap", "-q", run->params->domain, "sqlite:" DOMAINS_MAP, NULL));
	if (!starts_with(bytes_text(&answer), run->params->domain))
		return fail(ERR_STOPPED, DOMAINS_MAP " does not find %s in the database", run->params->domain);
	return NULL;
}

const struct step step_maps = {
	.name = "maps",
	.title = "SQLite maps for Postfix",
	.why = "Postfix looks its users, domains, aliases and blocklists up in the database",
	.needs = NEEDS(&step_database, &step_postfix),
	.revision = 1,
	.apply = maps_apply,
	.postcheck = maps_postcheck,
};
