#include "checks/tally.h"
#include "host/unit.h"

static void judge(struct host *h, const char *name, struct tally *t)
{
	struct unit_status status;

	if (tally_error(t, unit_status(h, name, &status), "", "%s", name))
		return;
	CLEAN(free) char *remedy = text("systemctl %s %s", status.masked ? "unmask" : "enable", name);
	if (status.masked)
		tally_failed(t, remedy, "%s is masked", name);
	else if (!status.exists)
		tally_failed(t, "mailsetup install", "there is no unit %s", name);
	else if (!status.enabled)
		tally_failed(t, remedy, "%s does not start at boot", name);
	else
		tally_ok(t, "%.*s", (int)strcspn(name, "."), name);
}

static void run(const struct check_context *c, struct finding *f)
{
	const char *const units[] = { "postfix.service", "dovecot.service", "opendkim.service", "spamass-milter.service",
		c->release->spamd_unit };
	CLEAN(tally) struct tally t = { 0 };

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		judge(c->host, units[i], &t);
	tally_finding(&t, f);
}

const struct check check_boot = {
	.name = "boot",
	.title = N_("Everything starts at boot"),
	.run = run,
};
