#include "base/i18n.h"
#include "ensure/ensure.h"
#include "steps/steps.h"

#define HOSTS "/etc/hosts"

/* Debian's installer gives a name of the machine's own the address 127.0.1.1, which would be found first. */
static char *own_line(const char *hostname)
{
	struct bytes pattern = { 0 };

	bytes_add_text(&pattern, "^127\\.0\\.1\\.1([[:space:]]+[^#[:space:]]+)*[[:space:]]+");
	for (const char *c = hostname; *c; c++)
		bytes_printf(&pattern, *c == '.' ? "\\." : "%c", *c);
	bytes_add_text(&pattern, "([[:space:]]|$)");
	return pattern.data;
}

static struct error *hosts_apply(struct run *run)
{
	const struct params *p = run->params;

	if (!p->hosts_entry)
		return ensure_no_other(run, "line", NULL);
	CLEAN(free) char *line = text("%s\t%s %.*s", p->hosts_entry, p->hostname, (int)strcspn(p->hostname, "."), p->hostname);
	CLEAN(free) char *target = text(HOSTS ": %s", line);
	CLEAN(free) char *pattern = own_line(p->hostname);
	TRY(ensure_no_other(run, "line", target));
	return ensure_line(run, HOSTS, pattern, line, ROOT_FILE);
}

const struct step step_hosts = {
	.name = "hosts",
	.title = N_("Own name behind a NAT"),
	.why = N_("behind a NAT the server must find itself by its inner address (--hosts-entry)"),
	.needs = NEEDS(&step_system),
	.revision = 1,
	.apply = hosts_apply,
};
