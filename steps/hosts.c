#include "ensure/ensure.h"
#include "steps/steps.h"

static struct error *hosts_apply(struct run *run)
{
	const struct params *p = run->params;

	if (!p->hosts_entry)
		return NULL;
	CLEAN(free) char *line = text("%s\t%s", p->hosts_entry, p->hostname);
	return ensure_line(run, "/etc/hosts", NULL, line, ROOT_FILE);
}

const struct step step_hosts = {
	.name = "hosts",
	.title = "Own name behind a NAT",
	.why = "behind a NAT the server must find itself by its inner address (--hosts-entry)",
	.needs = NEEDS(&step_system),
	.revision = 1,
	.apply = hosts_apply,
};
