/*
 * Stands in for the network: a port answers when the unit behind it runs, and the checks of the verdict hold
 * when all do.
 */
#include "checks/check.h"
#include "cli/sinks.h"
#include "engine/release.h"
#include "mail/client.h"
#include "mail/spamd.h"
#include "tests/crash/state.h"

const struct check *const all_checks[] = { NULL };

/* The fake daemons are ready as soon as they run. */
void spamd_await(struct host *h, const char *unit)
{
	(void)h;
	(void)unit;
}

static const char *unit_of(unsigned port)
{
	return port == 143 || port == 993 || port == 4190 ? "dovecot.service" : "postfix.service";
}

struct error *dialogue_open(const char *address, unsigned port, unsigned timeout, struct dialogue **ret)
{
	(void)address;
	(void)timeout;
	*ret = NULL;
	return unit_is_active(unit_of(port)) ? NULL
					     : fail_errno(ECONNREFUSED, "cannot connect to port %u", port);
}

void dialogue_close(struct dialogue *d)
{
	(void)d;
}

struct error *dialogue_start_tls(
	struct dialogue *d, const char *hostname, int min, int max, const char *ciphers)
{
	(void)d;
	(void)hostname;
	(void)min;
	(void)max;
	(void)ciphers;
	return NULL;
}

struct error *dialogue_line(struct dialogue *d, char **ret)
{
	(void)d;
	*ret = text_copy("220 fake");
	return NULL;
}

struct error *listeners_read(struct host *h, struct listener **ret, size_t *ret_count)
{
	(void)h;
	*ret = NULL;
	*ret_count = 0;
	return NULL;
}

struct error *checks_run(struct host *h, const struct params *p, const struct check_options *options,
	const struct events *events, struct check_summary *ret)
{
	struct release release;

	TRY(release_read(h, &release));
	const char *const units[] = { release.spamd_unit, "spamass-milter.service", "opendkim.service", "dovecot.service",
		"postfix.service" };

	(void)p;
	(void)options;
	(void)events;
	state_root(host_root(h));
	*ret = (struct check_summary){ 0 };
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		*(unit_is_active(units[i]) ? &ret->ok : &ret->failed) += 1;
	ret->mail_ok = !ret->failed;
	return NULL;
}

static void ignore(void *context, const struct event *event)
{
	(void)context;
	(void)event;
}

/* The journal of the machine that runs the test is no place for its events. */
struct event_sink journal_sink(void)
{
	return (struct event_sink){ .emit = ignore };
}
