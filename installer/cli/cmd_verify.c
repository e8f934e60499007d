#include "base/i18n.h"
#include "checks/check.h"
#include "cli/json.h"
#include "cli/session.h"
#include "cli/suggest.h"

#include <unistd.h>

#define BROKEN_SECONDS 16 /* for all checks, where what they rest on is broken and none of them was asked for by name */

static struct list only;
static bool no_mail, list;

static const struct option_spec options[] = {
	{ "only", 0, N_("NAME"), N_("run this check alone; more of them with commas, or by repeating the option"), NULL, NULL, &only },
	{ "no-mail", 0, NULL, N_("send no mail: without the checks that need a test mailbox"), &no_mail, NULL, NULL },
	{ "list", 0, NULL, N_("list the checks, run none"), &list, NULL, NULL },
	{ 0 },
};

static void list_text(const struct screen *s)
{
	for (size_t i = 0; all_checks[i]; i++) {
		put_padded(s->out, all_checks[i]->name, 20);
		fputc(' ', s->out);
		put_flow(s, s->out, translated(all_checks[i]->title), 21, 21);
	}
}

static void list_json(FILE *f)
{
	json_t *document = json_object(), *checks = json_array();

	for (size_t i = 0; all_checks[i]; i++) {
		json_t *check = json_object();

		json_set_text(check, "name", all_checks[i]->name);
		json_set_text(check, "title", all_checks[i]->title);
		json_object_set_new(check, "mail", json_boolean(all_checks[i]->mail));
		json_object_set_new(check, "outside", json_boolean(all_checks[i]->outside));
		json_array_append_new(checks, check);
	}
	json_object_set_new(document, "checks", checks);
	json_write(f, document);
}

static struct error *check_name(const char *name)
{
	CLEAN(list) struct list names = { 0 };
	CLEAN(free) char *shown = text_fit(name, 40);

	for (size_t i = 0; all_checks[i]; i++)
		list_add(&names, all_checks[i]->name);
	if (list_has(&names, name))
		return NULL;
	const char *near = suggest(name, &names);
	if (near)
		return fail(ERR_USAGE, "--only: no check is called “%s”; did you mean “%s”?", shown, near);
	return fail(
		ERR_USAGE, "--only: no check is called “%s”; `mailsetup verify --list` lists them", shown);
}

/* "a,b" is two names. */
static struct error *split_names(struct list *ret)
{
	for (size_t i = 0; i < only.n; i++) {
		if (!only.v[i][strspn(only.v[i], ",")])
			return fail(ERR_USAGE, "--only: names no check");
		list_split(ret, only.v[i], ",");
	}
	for (size_t i = 0; i < ret->n; i++)
		TRY(check_name(ret->v[i]));
	return NULL;
}

/* Silence is no proof. What was asked and cannot be known now is none either, but it is an answer. */
static bool nothing_asked(const struct check_summary *s)
{
	return s->unasked && !s->ok && !s->failed && s->unasked == s->unknown;
}

static void tell_summary(struct cli *cli, const struct check_summary *summary)
{
	if (cli->json) {
		json_t *object = json_event("summary");

		json_object_set_new(object, "ok", json_integer(summary->ok));
		json_object_set_new(object, "failed", json_integer(summary->failed));
		json_object_set_new(object, "unknown", json_integer(summary->unknown));
		json_write(cli->screen.out, object);
	} else if (!cli->quiet) {
		fprintf(cli->screen.out, _("%u ok, %u failed, %u unknown\n"), summary->ok, summary->failed,
			summary->unknown);
	}
	if (nothing_asked(summary) && !cli->json)
		fprintf(cli->screen.out, "%s\n", _("nothing could be asked; each check says why"));
}

static struct error *verify(struct cli *cli)
{
	CLEAN(session) struct session s = SESSION_CLOSED;
	CLEAN(list) struct list names = { 0 };
	struct check_summary summary = { 0 };

	TRY(split_names(&names));
	if (list) {
		if (cli->json)
			list_json(cli->screen.out);
		else
			list_text(&cli->screen);
		return NULL;
	}
	if (geteuid() != 0)
		return fail(ERR_PRECHECK, "mailsetup verify must run as root");
	TRY(session_open(cli, SESSION_LOCK, &s));
	if (!s.run.state || !cli->params.domain)
		return fail(ERR_PRECHECK,
			"nothing is installed here: `mailsetup install --domain DOMAIN` comes first");
	s.terminal.every_finding = true;
	TRY(checks_run(s.host, &cli->params,
		&(struct check_options){ .only = &names, .no_mail = no_mail, .seconds = names.n ? 0 : BROKEN_SECONDS }, &s.events, &summary));
	terminal_close(&s.terminal);
	tell_summary(cli, &summary);
	cli->verdict = summary.failed || nothing_asked(&summary) ? ERR_STOPPED : ERR_OK;
	return NULL;
}

const struct command command_verify = {
	.name = "verify",
	.summary = N_("prove that the server works, by real mail and from outside"),
	.help = PARAGRAPHS(
		N_("Asks the running server whether it does what it should and refuses what it must: mail in and out, "
		   "aliases, blocklists, DKIM, spam, filters, relaying from an outside address, TLS, the database's "
		   "maps, permissions, the queue, the disk, DNS. Each check is `ok`, `failed` or `unknown`, with a line "
		   "of evidence; where it is not ok, the next command is given. `unknown` is what cannot be known now, "
		   "such as a DNS record that is not published yet; it is not a failure. The exit status is 1 when a "
		   "check failed, or when nothing could be asked."),
		N_("It makes a mailbox for itself, `mailsetup-verify-HEX@DOMAIN`, with an alias and an entry on each "
		   "blocklist, and removes them with all that it sent; what a killed run has left, the next one "
		   "removes. It sends nothing to the world; one connection to port 25 of a mail server of debian.org "
		   "shows whether the way is open."),
		N_("--json writes one line for each finding (check, state, evidence, remedy, seconds), and a line with "
		   "the summary at the end.")),
	.examples = "mailsetup verify\nmailsetup verify --no-mail --json",
	.options = options,
	.run = verify,
};
