#include "base/clock.h"
#include "checks/check.h"
#include "checks/mailbox.h"
#include "checks/runner.h"
#include "host/crypto.h"
#include "mail/dns.h"
#include "mail/spamd.h"

#define CHECK(name) &check_##name,
const struct check *const all_checks[] = {
#include "checks/checks.def"
	NULL,
};
#undef CHECK

#define CHECK_COUNT (sizeof(all_checks) / sizeof(*all_checks))

struct selection {
	const struct check *checks[CHECK_COUNT]; /* NULL after the last */
	bool outside, mail;
};

static bool is_known(const char *name)
{
	for (size_t i = 0; all_checks[i]; i++)
		if (strcmp(all_checks[i]->name, name) == 0)
			return true;
	return false;
}

static struct error *select_checks(const struct check_options *options, struct selection *ret)
{
	const struct list *only = options->only && options->only->n ? options->only : NULL;
	size_t n = 0;

	for (size_t i = 0; only && i < only->n; i++)
		if (!is_known(only->v[i]))
			return fail(ERR_USAGE, "there is no check named “%s”", only->v[i]);

	for (size_t i = 0; all_checks[i]; i++) {
		const struct check *c = all_checks[i];

		if (only && !list_has(only, c->name))
			continue;
		if (c->mail && options->no_mail) {
			if (only)
				return fail(ERR_USAGE,
					"the check %s needs the mail round trip: leave out --no-mail", c->name);
			continue;
		}
		ret->checks[n++] = c;
		ret->outside |= c->outside;
		ret->mail |= c->mail;
	}
	return NULL;
}

/* What the state of the DNS changes for the other checks. */
static void ask_dns(struct check_context *c)
{
	CLEAN(list) struct list found = { 0 };
	enum dns_state mx = dns_lookup(NULL, c->params->domain, "MX", 2, &found, NULL);

	c->no_resolver = mx == DNS_UNKNOWN;
	c->patience = c->no_resolver ? 6 : 1;
	c->domain_missing =
		mx == DNS_NONE && dns_lookup(NULL, c->params->domain, "A", 2, &found, NULL) == DNS_NONE;
}

static void warn(const struct events *events, const char *s)
{
	events_emit(events, &(struct event){ .kind = EVENT_WARNING, .text = s });
}

static void find_outside(struct check_context *c, struct outside *outside, const struct events *events, struct list *reasons)
{
	struct error *e = outside_open(c->host, outside);

	if (e) {
		CLEAN(free) char *s = text(_("%s: the machine asks itself by its own address instead of from outside"),
			error_message(e));

		error_free(e);
		e = outside_own_address(c->host, outside);
		if (!e)
			warn(events, s);
	}
	if (e) {
		list_add(reasons, error_message(e));
		c->outside_reason = reasons->v[reasons->n - 1];
		error_free(e);
	} else {
		c->outside = outside;
	}
}

/* What cannot be made is said by each check that needs it. */
static struct error *prepare(struct check_context *c, const struct selection *selection,
	struct outside *outside, struct test_mailbox *mailbox, const struct events *events, struct list *reasons)
{
	ask_dns(c);
	spamd_await(c->host, c->release->spamd_unit);
	if (selection->outside)
		find_outside(c, outside, events, reasons);
	if (selection->mail) {
		struct error *e = test_mailbox_make(c->host, c->params->domain, mailbox);

		if (error_code(e) == ERR_BUSY)
			return e;
		if (e) {
			list_add(reasons, error_message(e));
			c->mailbox_reason = reasons->v[reasons->n - 1];
			error_free(e);
		} else {
			c->mailbox = mailbox->address;
			c->password = &mailbox->password;
		}
	}
	return NULL;
}

struct error *checks_run(struct host *h, const struct params *p, const struct check_options *options,
	const struct events *events, struct check_summary *ret)
{
	struct selection selection = { 0 };
	struct outside outside = { .namespace_fd = -1 };
	struct test_mailbox mailbox = { .lock = -1 };
	CLEAN(list) struct list reasons = { 0 };
	char token[17] = "";
	struct release release;
	struct check_context context = {
		.host = h,
		.params = p,
		.release = &release,
		.token = token,
	};

	*ret = (struct check_summary){ 0 };
	TRY(select_checks(options, &selection));
	if (!p->domain)
		return fail(
			ERR_STOPPED, "no mail server was installed here: mailsetup install --domain DOMAIN");
	TRY(release_read(h, &release));
	random_hex(token, sizeof(token) - 1);

	struct error *e = prepare(&context, &selection, &outside, &mailbox, events, &reasons);
	/* Only now: what has to be there first may have to be waited for, and then each check still has its time. */
	context.give_up = options->seconds ? clock_now() + options->seconds : 0;
	if (!e)
		e = runner_run(selection.checks, &context, events, ret);
	e = join(e, test_mailbox_remove(h, &mailbox));
	if (context.outside)
		outside_close(&outside);
	return e;
}
