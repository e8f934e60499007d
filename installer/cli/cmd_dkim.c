#include "base/i18n.h"
#include "cli/change.h"
#include "cli/dkim_keys.h"
#include "cli/json.h"
#include "cli/records.h"
#include "ensure/ensure.h"
#include "mail/dkim.h"
#include "mail/name.h"
#include "steps/steps.h"

#include <ctype.h>

#define WAIT_DAYS 7 /* a message that was deferred has been delivered, or sent back, by then */

static const char *selector, *server;
static bool force;

/* --- rotate --- */

static struct error *is_free(struct session *s, const char *domain, const char *name, const struct list *keys, bool *ret)
{
	time_t stopped;
	bool exists;

	TRY(dkim_key_exists(s, domain, name, &exists));
	TRY(dkim_stopped(s, domain, name, &stopped));
	*ret = !exists && !stopped && !list_has(keys, name);
	return NULL;
}

/* mail, mail2, mail3; s2026, s2027. */
static struct error *next_selector(struct session *s, const char *domain, const struct list *keys, char **ret)
{
	const char *old = keys->v[0];
	size_t length = strlen(old);

	while (length && isdigit((unsigned char)old[length - 1]) && strlen(old) - length < 9)
		length--;
	unsigned long number = old[length] ? strtoul(old + length, NULL, 10) + 1 : 2;
	for (unsigned tries = 0; tries < 1000; tries++, number++) {
		CLEAN(free) char *name = text("%.*s%lu", (int)length, old, number);
		bool free_name;

		TRY(is_free(s, domain, name, keys, &free_name));
		if (!free_name)
			continue;
		*ret = TAKE(name);
		return NULL;
	}
	return fail(ERR_CONFLICT, "dkim rotate %s: no free name for the new key; give one: --selector NAME", domain);
}

/* The key that waits for its turn; NULL where there is none. */
static struct error *find_new(struct session *s, const char *domain, const struct list *keys, char **ret)
{
	for (size_t i = 1; i < keys->n && !*ret; i++) {
		time_t stopped;

		TRY(dkim_stopped(s, domain, keys->v[i], &stopped));
		if (!stopped)
			*ret = text_copy(keys->v[i]);
	}
	return NULL;
}

/* Which key is to sign. */
static struct error *choose(struct session *s, const char *domain, const struct list *keys, char **ret)
{
	CLEAN(free) char *waiting = NULL, *named = NULL;
	time_t stopped = 0;

	TRY(find_new(s, domain, keys, &waiting));
	if (selector)
		TRY(wrap(selector_normalise(selector, &named), "--selector"));
	if (named && strcmp(named, keys->v[0]) == 0)
		return fail(ERR_CONFLICT, "dkim rotate %s: %s signs already; nothing was changed", domain, named);
	if (waiting && named && strcmp(waiting, named) != 0)
		return fail(ERR_CONFLICT,
			"dkim rotate %s: the new key %s is there already; rotate to it without --selector, or `mailsetup dkim retire %s %s` "
			"first",
			domain, waiting, domain, waiting);
	if (named && !list_has(keys, named)) {
		TRY(dkim_stopped(s, domain, named, &stopped));
		if (stopped) {
			CLEAN(free) char *when = dkim_day(stopped);

			return fail(ERR_CONFLICT,
				"dkim rotate %s: %s is the name of a key that signed until %s and was retired; take another name", domain,
				named, when);
		}
	}
	if (named || waiting) {
		*ret = named ? TAKE(named) : TAKE(waiting);
		return NULL;
	}
	return next_selector(s, domain, keys, ret);
}

/* Does the DNS carry the key? ERR_PRECHECK says what it has instead. */
static struct error *ask_dns(struct session *s, const char *domain, const char *name)
{
	CLEAN(free) char *owner = text("%s._domainkey.%s", name, domain);
	CLEAN(free) char *own = NULL;
	CLEAN(list) struct list found = { 0 };
	const char *reason;
	bool same = false;

	TRY(dkim_read_record(s->host, domain, name, &own));
	switch (dns_lookup(server, owner, "TXT", DKIM_ASK_SECONDS, &found, &reason)) {
	case DNS_UNKNOWN:
		return fail(ERR_PRECHECK, "no answer for %s TXT (%s)", owner, reason);
	case DNS_NONE:
		return fail(ERR_PRECHECK, "the DNS has no record %s yet", owner);
	case DNS_FOUND:
		break;
	}
	/* A receiver takes any of several records. */
	for (size_t i = 0; i < found.n; i++) {
		TRY(recode(wrap(dkim_same_key(found.v[i], own, &same), "%s", owner), ERR_PRECHECK));
		if (!same)
			return fail(ERR_PRECHECK, "the DNS has another key at %s", owner);
	}
	return NULL;
}

static void first(struct list *keys, const char *name)
{
	struct list order = { 0 };

	list_add(&order, name);
	for (size_t i = 0; i < keys->n; i++)
		if (strcmp(keys->v[i], name) != 0)
			list_add(&order, keys->v[i]);
	list_free(keys);
	*keys = order;
}

/* The notes come first: killed then, the key that is noted as stopped still signs, and the next call finds the new one waiting. */
static struct error *let_sign(struct cli *cli, struct session *s, const char *domain, struct list *keys, const char *name)
{
	TRY(dkim_set_stopped(s, domain, keys->v[0], time(NULL)));
	TRY(dkim_set_stopped(s, domain, name, 0));
	first(keys, name);
	TRY(params_set_selectors(&cli->params, domain, keys));
	return change_run(cli, s);
}

static void put_record(struct cli *cli, struct session *s, const char *domain, const char *name)
{
	CLEAN(free) char *record = NULL, *owner = text("%s._domainkey.%s.", name, domain);
	CLEAN(bytes) struct bytes line = { 0 };

	error_free(dkim_read_record(s->host, domain, name, &record));
	dns_zone_line(&(struct dns_record){ .owner = owner, .type = (char *)"TXT", .value = record ? record : (char *)"" }, &line);
	fputs(bytes_text(&line), cli->screen.out);
}

static void done(struct cli *cli, struct session *s, const char *domain, const char *name, const char *signs)
{
	CLEAN(free) char *record = NULL, *owner = text("%s._domainkey.%s.", name, domain);
	json_t *object = json_event("done");

	error_free(dkim_read_record(s->host, domain, name, &record));
	json_object_set_new(object, "changed", json_boolean(s->run.changes > 0));
	json_set_text(object, "domain", domain);
	json_set_text(object, "selector", name);
	json_set_text(object, "signs", signs);
	json_set_text(object, "owner", owner);
	json_set_text(object, "value", record ? record : "");
	json_write(cli->screen.out, object);
}

static void tell_made(struct cli *cli, struct session *s, const char *domain, const char *name)
{
	const char *signs = params_signing_selector(&cli->params, domain);

	if (cli->json) {
		done(cli, s, domain, name, signs);
	} else if (!cli->quiet) {
		fprintf(cli->screen.out, _("The new key %s of %s is made; %s goes on signing. Publish in the DNS:\n\n"), name, domain, signs);
		put_record(cli, s, domain, name);
		fprintf(cli->screen.out, _("\nWhen the record is there, `mailsetup dkim rotate %s` again lets the new key sign.\n"), domain);
	}
}

static void tell_switched(struct cli *cli, struct session *s, const char *domain, const char *before)
{
	const char *name = params_signing_selector(&cli->params, domain);

	if (cli->json) {
		done(cli, s, domain, name, name);
		return;
	}
	if (cli->quiet)
		return;
	if (dkim_key_signs(cli, s, domain, name))
		fprintf(cli->screen.out, _("%s signs for %s now.\n"), name, domain);
	if (force)
		put_record(cli, s, domain, name);
	if (before)
		fprintf(cli->screen.out,
			_("Leave the record of %s in the DNS for a week, for mail that is still on its way; then `mailsetup dkim retire %s %s`.\n"),
			before, domain, before);
}

static struct error *make_key(struct cli *cli, struct session *s, const char *domain, struct list *keys, const char *name)
{
	list_add(keys, name);
	TRY(params_set_selectors(&cli->params, domain, keys));
	TRY(change_run(cli, s));
	tell_made(cli, s, domain, name);
	return NULL;
}

/* A call that was killed has left the machine behind the parameters. */
static struct error *go_on(struct cli *cli, struct session *s, const char *domain, const struct list *keys)
{
	CLEAN(free) char *waiting = NULL;

	TRY(change_run(cli, s));
	TRY(find_new(s, domain, keys, &waiting));
	if (!cli->json && !cli->quiet)
		fputs(_("What was open of an earlier run is done.\n"), cli->screen.out);
	if (waiting)
		tell_made(cli, s, domain, waiting);
	else
		tell_switched(cli, s, domain, keys->n > 1 ? keys->v[1] : NULL);
	return NULL;
}

/* A file that another hand has changed is no sign of a call before. */
static bool is_open(const struct run *run)
{
	for (size_t i = 0; i < run->difference_count; i++)
		if (!run->differences[i].drift)
			return true;
	return false;
}

static struct error *rotate(struct cli *cli, struct session *s, const char *domain, struct list *keys)
{
	CLEAN(free) char *name = NULL, *before = text_copy(keys->v[0]);

	TRY(choose(s, domain, keys, &name));
	if (!list_has(keys, name) && !force)
		return make_key(cli, s, domain, keys, name);
	if (!force)
		TRY(wrap(ask_dns(s, domain, name), "dkim rotate %s: %s goes on signing, nothing was changed", domain, before));
	TRY(let_sign(cli, s, domain, keys, name));
	tell_switched(cli, s, domain, before);
	return NULL;
}

static struct error *rotate_run(struct cli *cli)
{
	CLEAN(session) struct session s = SESSION_CLOSED;
	CLEAN(list) struct list keys = { 0 };
	CLEAN(free) char *domain = NULL;
	bool unfinished;

	if (server)
		TRY(records_check_server(server));
	TRY(change_open(cli, &s));
	TRY(dkim_take_domain(cli, &domain));
	params_selectors(&cli->params, domain, &keys);
	TRY(change_check_unfinished(cli, &s, keys.n > 1, &unfinished));
	TRY(run_plan(&s.run, &s.graph));
	return unfinished || is_open(&s.run) ? go_on(cli, &s, domain, &keys) : rotate(cli, &s, domain, &keys);
}

static const struct option_spec rotate_options[] = {
	{ "selector", 0, N_("NAME"), N_("name of the new key (default: the next one, mail2 after mail)"), NULL, &selector, NULL },
	{ "server", 0, N_("IP[@PORT]"), N_("the DNS server to ask (default: the machine's resolvers)"), NULL, &server, NULL },
	{ "force", 0, NULL, N_("let the new key sign at once, whatever the DNS has: until it is published, receivers distrust the mail"), &force,
		NULL, NULL },
	DRIFT_OPTIONS,
	{ 0 },
};

static const struct command rotate_command = {
	.name = "dkim rotate",
	.operands = N_("DOMAIN"),
	.operands_min = 1,
	.operands_max = 1,
	.summary = N_("a new key for a domain, in two calls"),
	.help = PARAGRAPHS(
		N_("The first call makes a key under a new name, which does not sign yet, and prints the record to "
		   "publish. The second one asks the DNS: when it carries the new key, that one signs from then on, and "
		   "the old one stays until `mailsetup dkim retire`; else the exit status is 3 and nothing is changed. "
		   "No mail is signed with a key that the DNS does not carry, unless --force wants it. A key that is "
		   "there is never made anew.")),
	.examples = "mailsetup dkim rotate exemple.fr\nmailsetup dkim rotate exemple.fr --selector s2027",
	.flags = NEEDS_ROOT | CHANGES,
	.options = rotate_options,
	.run = rotate_run,
};

/* --- retire --- */

static struct error *take_old(struct cli *cli, struct session *s, const char *domain, const struct list *keys, char **ret)
{
	CLEAN(list) struct list others = { 0 };

	for (size_t i = 1; i < keys->n; i++)
		list_add(&others, keys->v[i]);
	TRY(dkim_unused_keys(s, domain, keys, &others));
	if (cli->operands.n > 1) {
		TRY(wrap(selector_normalise(cli->operands.v[1], ret), "dkim retire"));
		if (strcmp(*ret, keys->v[0]) == 0)
			return fail(ERR_CONFLICT, "dkim retire %s: %s signs; `mailsetup dkim rotate %s` lets another key sign first", domain,
				*ret, domain);
		return list_has(&others, *ret) ? NULL
					       : fail(ERR_USAGE, "dkim retire: %s has no key %s; `mailsetup dkim list` shows them", domain, *ret);
	}
	if (!others.n)
		return fail(ERR_CONFLICT, "dkim retire %s: there is no key but %s, which signs; `mailsetup dkim rotate %s` makes another", domain,
			keys->v[0], domain);
	if (others.n > 1) {
		CLEAN(free) char *named = list_join(&others, ", ");

		return fail(ERR_USAGE, "dkim retire %s: which one? There are %s", domain, named);
	}
	*ret = text_copy(others.v[0]);
	return NULL;
}

static struct error *remove_files(struct session *s, const char *domain, const char *name)
{
	CLEAN(free) char *key = dkim_path(domain, name, "private");
	CLEAN(free) char *zone_text = dkim_path(domain, name, "txt");

	s->run.mode = RUN_APPLY;
	s->run.step = &step_dkim;
	TRY(ensure_no_file(&s->run, zone_text));
	return ensure_no_private_key(&s->run, key);
}

static void tell_retired(struct cli *cli, const char *domain, const char *name, time_t stopped)
{
	if (cli->json) {
		json_t *object = json_event("done");

		json_object_set_new(object, "changed", json_true());
		json_set_text(object, "domain", domain);
		json_set_text(object, "selector", name);
		if (stopped)
			json_set_time(object, "signed_until", stopped);
		json_write(cli->screen.out, object);
		return;
	}
	if (cli->quiet)
		return;
	fprintf(cli->screen.out, _("The key %s of %s is removed.\n"), name, domain);
	if (!stopped) {
		fprintf(cli->screen.out, _("It has signed nothing here since `dkim rotate` knows it: the DNS record %s._domainkey.%s may go.\n"), name, domain);
		return;
	}
	CLEAN(free) char *since = dkim_day(stopped);
	CLEAN(free) char *until = dkim_day(stopped + WAIT_DAYS * 24 * 3600);
	fprintf(cli->screen.out, _("It signed until %s. The DNS record %s._domainkey.%s may go from %s on: mail that was on its way has arrived by then.\n"),
		since, name, domain, until);
}

/* Signing goes on without it before the key itself goes. */
static struct error *retire_run(struct cli *cli)
{
	CLEAN(session) struct session s = SESSION_CLOSED;
	CLEAN(list) struct list keys = { 0 }, left = { 0 };
	CLEAN(free) char *domain = NULL, *name = NULL;
	bool unfinished;
	time_t stopped;

	TRY(change_open(cli, &s));
	TRY(dkim_take_domain(cli, &domain));
	params_selectors(&cli->params, domain, &keys);
	TRY(take_old(cli, &s, domain, &keys, &name));
	TRY(change_check_unfinished(cli, &s, !list_has(&keys, name), &unfinished));
	TRY(dkim_stopped(&s, domain, name, &stopped));
	for (size_t i = 0; i < keys.n; i++)
		if (strcmp(keys.v[i], name) != 0)
			list_add(&left, keys.v[i]);
	TRY(params_set_selectors(&cli->params, domain, &left));
	TRY(change_run(cli, &s));
	TRY(remove_files(&s, domain, name));
	tell_retired(cli, domain, name, stopped);
	return NULL;
}

static const struct option_spec retire_options[] = { DRIFT_OPTIONS, { 0 } };

static const struct command retire = {
	.name = "dkim retire",
	.operands = N_("DOMAIN [SELECTOR]"),
	.operands_min = 1,
	.operands_max = 2,
	.summary = N_("remove a key that does not sign any more"),
	.help = PARAGRAPHS(
		N_("Removes the private key, for good, and says from when on its DNS record may go: a week after it "
		   "signed for the last time. The key that signs is refused. The name of one that has signed is not "
		   "used again.")),
	.examples = "mailsetup dkim retire exemple.fr mail",
	.flags = NEEDS_ROOT | CHANGES,
	.options = retire_options,
	.run = retire_run,
};

static const struct command *const actions[] = { &dkim_list, &retire, &rotate_command, NULL };

const struct command command_dkim = {
	.name = "dkim",
	.summary = N_("the keys that sign mail"),
	.help = PARAGRAPHS(
		N_("Each domain has a DKIM key in /etc/dkimkeys/clefs/DOMAIN. Renewing it once a year is good practice: "
		   "`mailsetup dkim rotate`, the DNS, `mailsetup dkim rotate` again, a week, `mailsetup dkim retire`.")),
	.actions = actions,
};
