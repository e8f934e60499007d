#include "checks/ask.h"

#define REMEDY "postconf smtpd_forbid_bare_newline; mailsetup status"

static struct error *expect(struct dialogue *d, int wanted, const char *command)
{
	CLEAN(list) struct list lines = { 0 };
	int code;

	TRY(dialogue_ask(d, &code, &lines, "%s", command));
	return code == wanted ? NULL : fail(ERR_STOPPED, "%s is answered with %s", command, lines.v[0]);
}

/* A dot between a bare line feed and CRLF, a command, and the true end. Where the first dot ends the message, the
 * command is answered before QUIT is. */
static struct error *smuggle(const struct check_context *c, struct dialogue *d, int *ret_code, struct list *ret_lines)
{
	CLEAN(free) char *recipient = text("RCPT TO:<%s>", c->mailbox);
	CLEAN(bytes) struct bytes message = { 0 };
	int code;

	ask_message(c, "smuggling", ASK_STRANGER, "The next line has a bare line feed before it.\n.", &message);
	TRY(expect(d, 250, "MAIL FROM:<>"));
	TRY(expect(d, 250, recipient));
	TRY(expect(d, 354, "DATA"));
	TRY(dialogue_ask(d, ret_code, ret_lines, "%sNOOP\r\n.", message.data));
	if (*ret_code / 100 != 2)
		return NULL;
	list_free(ret_lines);
	TRY(dialogue_ask(d, &code, ret_lines, "QUIT"));
	*ret_code = code;
	return NULL;
}

static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	CLEAN(list) struct list lines = { 0 };
	int code;

	if (finding_error(f, ask_smtp(c, c->outside->server_ipv4, 25, &d, NULL), ASK_LOGS) ||
		finding_error(f, smuggle(c, d, &code, &lines), ASK_LOGS))
		return;
	if (code == 221)
		finding_ok(f, "a dot after a bare line feed is text, and ends no message");
	else if (code >= 500)
		finding_ok(f, "a bare line feed is answered with %s", lines.v[0]);
	else if (code / 100 == 4)
		finding_unknown(f, ASK_LOGS, "the message is put off before it shows: %s", lines.v[0]);
	else
		finding_failed(f, REMEDY, "a dot after a bare line feed ends a message: a second one can be smuggled "
					  "in (CVE-2023-51764)");
}

const struct check check_smuggling = {
	.name = "smuggling",
	.title = N_("No message can be smuggled in behind another"),
	.outside = true,
	.mail = true,
	.timeout = 40,
	.run = run,
};
