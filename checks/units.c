#include "checks/units.h"
#include "checks/ask.h"
#include "host/unit.h"

bool unit_is_active(struct host *h, const char *unit, struct tally *t)
{
	struct unit_status status;
	CLEAN(free) char *remedy = text("systemctl restart %s; journalctl -b -n 50 -u %s", unit, unit);

	if (tally_error(t, unit_status(h, unit, &status), "", "%s", unit))
		return false;
	if (!status.exists)
		tally_failed(t, "mailsetup install", "there is no unit %s", unit);
	else if (!status.active)
		tally_failed(t, remedy, "%s is %s", unit, status.active_state);
	return status.exists && status.active;
}

/* systemd calls Postfix active even when its master is dead: only an answer counts. */
static struct error *ask_postfix(const struct check_context *c)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;

	return ask_smtp_clear(c, ASK_LOOPBACK, 25, &d, NULL);
}

static struct error *ask_dovecot(const struct check_context *c)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	CLEAN(free) char *line = NULL;

	TRY(ask_open(c, ASK_LOOPBACK, 143, &d));
	TRY(dialogue_line(d, &line));
	if (!starts_with(line, "* OK"))
		return fail(ERR_STOPPED, "port 143 greets with %s", line);
	return NULL;
}

static void judge(const struct check_context *c, const char *unit, const char *port,
	struct error *(*ask)(const struct check_context *c), struct tally *t)
{
	if (!unit_is_active(c->host, unit, t))
		return;
	CLEAN(free) char *remedy = text("systemctl restart %s; journalctl -b -n 50 -u %s", unit, unit);
	if (!tally_error(t, ask(c), remedy, "%s is active, but", unit))
		tally_ok(t, "%s answers on port %s", unit, port);
}

static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(tally) struct tally t = { 0 };

	judge(c, c->release->postfix_daemon, "25", ask_postfix, &t);
	judge(c, "dovecot.service", "143", ask_dovecot, &t);
	tally_finding(&t, f);
}

const struct check check_units = {
	.name = "units",
	.title = N_("Postfix and Dovecot run and answer"),
	.base = true,
	.run = run,
};
