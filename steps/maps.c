#include "base/i18n.h"
#include "ensure/ensure.h"
#include "steps/steps.h"

static const char *const maps[] = {
	"/etc/postfix/sqlite-alias.cf",
	"/etc/postfix/sqlite-alias-vituels.cf",
	"/etc/postfix/sqlite-domaines.cf",
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

const struct step step_maps = {
	.name = "maps",
	.title = N_("SQLite maps for Postfix"),
	.why = N_("Postfix looks its users, domains, aliases and blocklists up in the database"),
	.needs = NEEDS(&step_database),
	.revision = 2,
	.apply = maps_apply,
};
