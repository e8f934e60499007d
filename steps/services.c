#include "base/i18n.h"
#include "ensure/ensure.h"
#include "host/process.h"
#include "mail/client.h"
#include "mail/layout.h"
#include "mail/spamd.h"
#include "steps/steps.h"

#define DOMAINS_MAP "/etc/postfix/sqlite-domaines.cf"
#define GREETS	    30 /* seconds, until a started daemon must have greeted */

#define FILES(...) (const char *const[]){ __VA_ARGS__, NULL }

static struct error *ensure_behind(struct run *run)
{
	const struct unit_wanted units[] = {
		/* Restarted, not told to read again: a second SIGHUP while it begins anew ends it. */
		{ run->release.spamd_unit, FILES(run->release.spamd_defaults, "/etc/spamassassin/"), NULL, NULL },
		{ "spamass-milter.service", FILES("/etc/default/spamass-milter"), NULL, NULL },
		/* Stopped, it would let mail pass unsigned. */
		{ "opendkim.service", FILES("/etc/opendkim.conf"), FILES(DKIM_DIRECTORY "/"), NULL },
		{ "dovecot.service", FILES("/etc/dovecot/", "/etc/dovecot/conf.d/", TLS_DIRECTORY "/", SIEVE_COMPILED), NULL, NULL },
	};

	return ensure_units_current(run, units, sizeof(units) / sizeof(*units));
}

/* Postfix last, so that no mail passes a server that is not complete. */
static struct error *services_apply(struct run *run)
{
	const struct unit_wanted learning = { LEARN_TIMER, FILES("/etc/systemd/system/" LEARN_TIMER), NULL, NULL };
	const struct unit_wanted front = { "postfix.service", FILES("/etc/postfix/", TLS_DIRECTORY "/"), NULL,
		run->release.postfix_daemon };
	const char *const enabled[] = { run->release.spamd_unit, "spamass-milter.service", "opendkim.service", "dovecot.service",
		front.unit };

	for (size_t i = 0; i < sizeof(enabled) / sizeof(*enabled); i++)
		TRY(ensure_unit_enabled(run, enabled[i]));
	if (!run->params->no_learn)
		TRY(ensure_unit_enabled(run, learning.unit));
	TRY(ensure_behind(run));
	if (!run_is_plan(run))
		spamd_await(run->host, run->release.spamd_unit);
	if (run->release.postfix_left)
		TRY(ensure_unit_stopped(run, run->release.postfix_left));
	TRY(ensure_units_current(run, &front, 1));
	return run->params->no_learn ? NULL : ensure_units_current(run, &learning, 1);
}

/* Postfix itself finds the domain through the map. Asked only now: its tools wait until main.cf is two seconds old. */
static struct error *ask_map(struct run *run)
{
	CLEAN(bytes) struct bytes answer = { 0 };

	TRY(process_simple(run->host, &answer, "postmap", "-q", run->params->domain, "sqlite:" DOMAINS_MAP, NULL));
	if (!starts_with(bytes_text(&answer), run->params->domain))
		return fail(ERR_STOPPED, "%s does not find %s in the database", DOMAINS_MAP, run->params->domain);
	return NULL;
}

static struct error *services_postcheck(struct run *run)
{
	static const unsigned ports[] = { 25, 465, 587, 143, 993, 4190 };

	/* systemd calls a unit active before, and even after, its daemon listens: the port itself must answer. */
	for (size_t i = 0; i < sizeof(ports) / sizeof(*ports); i++)
		TRY(dialogue_await("127.0.0.1", ports[i], ports[i] == 465 || ports[i] == 993, GREETS));
	return ask_map(run);
}

const struct step step_services = {
	.name = "services",
	.title = N_("Services, now and at every boot"),
	.why = N_("milters first, Postfix last: no mail passes a server that is not complete"),
	.needs = NEEDS(&step_postfix, &step_dovecot, &step_sieve, &step_dkim, &step_sockets, &step_spamass_milter,
		&step_learning, &step_administrator, &step_hosts),
	.revision = 1,
	.apply = services_apply,
	.postcheck = services_postcheck,
};
