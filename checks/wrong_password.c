#include "checks/ask.h"
#include "checks/tally.h"

#define WRONG "not-the-password-0000000"

static struct error *open_imap(const struct check_context *c, const char *server, struct dialogue **ret)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	CLEAN(free) char *greeting = NULL;

	TRY(ask_open(c, server, 993, &d));
	TRY(dialogue_start_tls(d, c->params->hostname, 0, 0, NULL));
	TRY(dialogue_line(d, &greeting));
	*ret = TAKE(d);
	return NULL;
}

/* Dovecot slows down an address that fails, from its next attempt on. Both attempts stand open before either is
 * wrong, so neither waits for the other's sake. */
static struct error *begin(struct dialogue *smtp, struct dialogue *imap)
{
	CLEAN(list) struct list lines = { 0 };
	CLEAN(free) char *line = NULL;
	int code;

	TRY(dialogue_ask(smtp, &code, &lines, "AUTH PLAIN"));
	if (code != 334)
		return fail(ERR_STOPPED, "port 587 answers AUTH with %s", lines.n ? lines.v[0] : "nothing");
	TRY(dialogue_send(imap, "a AUTHENTICATE PLAIN"));
	TRY(dialogue_line(imap, &line));
	if (line[0] != '+')
		return fail(ERR_STOPPED, "port 993 answers AUTHENTICATE with %s", line);
	return NULL;
}

static struct error *imap_answer(struct dialogue *d, char **ret)
{
	for (unsigned lines = 0; lines < 20; lines++) {
		CLEAN(free) char *line = NULL;

		TRY(dialogue_line(d, &line));
		if (starts_with(line, "a ")) {
			*ret = TAKE(line);
			return NULL;
		}
	}
	return fail(ERR_STOPPED, "port 993 does not answer the login");
}

static void judge(struct dialogue *smtp, struct dialogue *imap, struct tally *t)
{
	CLEAN(list) struct list lines = { 0 };
	CLEAN(free) char *answer = NULL;
	int code;

	if (!tally_error(t, dialogue_smtp(smtp, &code, &lines), ASK_LOGS, NULL)) {
		if (code == 535)
			tally_ok(t, "port 587 answers %d", code);
		else
			tally_failed(t, ASK_LOGS, "port 587 answers a wrong password with %s",
				lines.n ? lines.v[0] : "nothing");
	}
	if (!tally_error(t, imap_answer(imap, &answer), ASK_LOGS, NULL)) {
		if (starts_with(answer, "a NO") && strstr(answer, "AUTHENTICATIONFAILED"))
			tally_ok(t, "port 993 answers NO");
		else
			tally_failed(t, ASK_LOGS, "port 993 answers a wrong password with %s", answer + 2);
	}
}

static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(dialogue_close) struct dialogue *smtp = NULL;
	CLEAN(dialogue_close) struct dialogue *imap = NULL;
	CLEAN(tally) struct tally t = { 0 };
	CLEAN(bytes) struct bytes plain = { 0 };
	/* The other checks log in over IPv4: they do not feel the slowing down. */
	const char *server = *c->outside->server_ipv6 ? c->outside->server_ipv6 : c->outside->server_ipv4;

	if (finding_error(f, ask_smtp(c, server, 587, &smtp, NULL), ASK_LOGS) ||
		finding_error(f, open_imap(c, server, &imap), ASK_LOGS) ||
		finding_error(f, begin(smtp, imap), ASK_LOGS))
		return;
	ask_plain(c->mailbox, WRONG, &plain);
	if (finding_error(f, dialogue_send(smtp, plain.data), "") ||
		finding_error(f, dialogue_send(imap, plain.data), ""))
		return;
	judge(smtp, imap, &t);
	tally_finding(&t, f);
}

const struct check check_wrong_password = {
	.name = "wrong-password",
	.title = N_("A wrong password is refused"),
	.outside = true,
	.mail = true,
	.timeout = 40,
	.run = run,
};
