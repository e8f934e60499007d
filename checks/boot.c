#include "checks/tally.h"
#include "host/unit.h"

static void judge(struct host *h, const char *const *names, struct tally *t)
{
	struct unit_status status = { 0 };
	const char *name = names[0];

	for (size_t i = 0; names[i] && !status.exists; i++) {
		name = names[i];
		if (tally_error(t, unit_status(h, name, &status), "", "%s", name))
			return;
	}
	CLEAN(free) char *remedy = text("systemctl %s %s", status.masked ? "unmask" : "enable", name);
	if (status.masked)
		tally_failed(t, remedy, "%s is masked", name);
	else if (!status.exists)
		tally_failed(t, "mailsetup install", "there is no unit %s", names[0]);
	else if (!status.enabled)
		tally_failed(t, remedy, "%s does not start at boot", name);
	else
		tally_ok(t, "%.*s", (int)strcspn(name, "."), name);
}

static void run(const struct check_context *c, struct finding *f)
{
	static const char *const units[][3] = {
		{ "postfix.service" },
		{ "dovecot.service" },
		{ "opendkim.service" },
		{ "spamass-milter.service" },
		{ "spamassassin.service", "spamd.service" },
	};
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
