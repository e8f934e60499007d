#include "checks/units.h"
#include "host/local_socket.h"
#include "mail/layout.h"
#include "mail/spamd.h"

#define OPENDKIM_SOCKET POSTFIX_CHROOT "/var/run/opendkim/opendkim.sock"
#define SPAMASS_SOCKET	POSTFIX_CHROOT "/spamass/spamass.sock"

/* The first packet of the milter protocol: option negotiation, version 6, then all actions and all steps that
 * exist. */
static struct error *ask_milter(const char *path)
{
	static const char hello[] = { 0, 0, 0, 13, 'O', 0, 0, 0, 6, 0, 0, 1, (char)0xff, 0, 0x1f, (char)0xff,
		(char)0xff };
	CLEAN(bytes) struct bytes request = { 0 }, reply = { 0 };

	bytes_add(&request, hello, sizeof(hello));
	TRY(local_socket_ask(path, "postfix", &request, 5, &reply));
	if (reply.data[4] != 'O')
		return fail(ERR_STOPPED, "what answers on %s is no milter", path);
	return NULL;
}

static struct error *ask_opendkim(void)
{
	return ask_milter(OPENDKIM_SOCKET);
}

static struct error *ask_spamass(void)
{
	return ask_milter(SPAMASS_SOCKET);
}

/* With as many messages as it has children, spamd answers nobody else. */
static bool waits_for_dns(const struct check_context *c, struct error *e, const char *unit, struct tally *t)
{
	if (!c->no_resolver || error_code(e) != ERR_BUSY || strcmp(unit, c->release->spamd_unit) != 0)
		return false;
	tally_unknown(t, "cat /etc/resolv.conf", "%s is busy: no resolver answers, for which it waits with each message", unit);
	error_free(e);
	return true;
}

static void judge(const struct check_context *c, const char *unit, struct error *(*ask)(void), struct tally *t)
{
	if (!unit_is_active(c->host, unit, t))
		return;
	CLEAN(free) char *remedy = text("systemctl restart %s; journalctl -b -n 50 -u %s", unit, unit);
	struct error *e = ask();
	if (waits_for_dns(c, e, unit, t))
		return;
	if (!tally_error(t, e, remedy, "%s is active, but cannot be asked", unit))
		tally_ok(t, "%.*s answers", (int)strcspn(unit, "."), unit);
}

static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(tally) struct tally t = { 0 };

	judge(c, "opendkim.service", ask_opendkim, &t);
	judge(c, "spamass-milter.service", ask_spamass, &t);
	judge(c, c->release->spamd_unit, spamd_ask, &t);
	tally_finding(&t, f);
}

const struct check check_milters = {
	.name = "milters",
	.title = N_("OpenDKIM, spamass-milter and spamd run and answer to the users that ask them"),
	.base = true,
	.run = run,
};
