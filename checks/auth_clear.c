#include "checks/ask.h"
#include "checks/tally.h"

/* Nobody's: a real password never travels in clear, not even to prove that it cannot. */
#define FALSE_USER     "mailsetup-nobody"
#define FALSE_PASSWORD "not-a-password"

#define SMTP_REMEDY "postconf smtpd_tls_auth_only; mailsetup status"
#define IMAP_REMEDY "doveconf disable_plaintext_auth ssl; mailsetup status"

static void judge_smtp(const struct check_context *c, const char *server, unsigned port, struct tally *t)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	CLEAN(list) struct list features = { 0 }, lines = { 0 };
	CLEAN(bytes) struct bytes plain = { 0 };
	int code;

	if (tally_error(t, ask_smtp_clear(c, server, port, &d, &features), ASK_LOGS, NULL))
		return;
	if (ask_has_feature(&features, "AUTH"))
		tally_failed(t, SMTP_REMEDY, "port %u offers AUTH before STARTTLS", port);
	if (!ask_has_feature(&features, "STARTTLS"))
		tally_failed(t, "postconf smtpd_tls_security_level; mailsetup status",
			"port %u does not offer STARTTLS", port);
	ask_plain(FALSE_USER, FALSE_PASSWORD, &plain);
	if (tally_error(t, dialogue_ask(d, &code, &lines, "AUTH PLAIN %s", plain.data), ASK_LOGS, NULL))
		return;
	/* 535 would mean that the password was looked at. */
	if (code / 100 == 2 || code == 535)
		tally_failed(t, SMTP_REMEDY, "port %u takes a password in clear: %s", port, lines.v[0]);
	else
		tally_ok(t, "port %u answers AUTH with %d", port, code);
}

static struct error *imap_login_clear(
	const struct check_context *c, const char *server, char **ret_greeting, char **ret_answer)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;

	TRY(ask_open(c, server, 143, &d));
	TRY(dialogue_line(d, ret_greeting));
	TRY(dialogue_send(d, "a LOGIN " FALSE_USER " " FALSE_PASSWORD));
	for (unsigned lines = 0; lines < 20; lines++) {
		CLEAN(free) char *line = NULL;

		TRY(dialogue_line(d, &line));
		if (starts_with(line, "a ")) {
			*ret_answer = TAKE(line);
			return NULL;
		}
	}
	return fail(ERR_STOPPED, "port 143 does not answer LOGIN");
}

static void judge_imap(const struct check_context *c, const char *server, struct tally *t)
{
	CLEAN(free) char *greeting = NULL;
	CLEAN(free) char *answer = NULL;

	if (tally_error(t, imap_login_clear(c, server, &greeting, &answer), ASK_LOGS, NULL))
		return;
	if (!strstr(greeting, "LOGINDISABLED"))
		tally_failed(t, IMAP_REMEDY, "port 143 does not say LOGINDISABLED: %s", greeting);
	/* Dovecot answers [PRIVACYREQUIRED] without looking at the password. */
	if (starts_with(answer, "a OK") || strstr(answer, "AUTHENTICATIONFAILED"))
		tally_failed(t, IMAP_REMEDY, "port 143 takes a password in clear: %s", answer);
	else
		tally_ok(t, "port 143 answers LOGIN with %s", answer + 2);
}

static struct error *sieve_mechanisms(const struct check_context *c, const char *server, char **ret)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;

	TRY(ask_open(c, server, 4190, &d));
	for (unsigned lines = 0; lines < 30; lines++) {
		CLEAN(free) char *line = NULL;

		TRY(dialogue_line(d, &line));
		if (strncasecmp(line, "\"SASL\"", 6) == 0)
			*ret = TAKE(line);
		else if (strncasecmp(line, "OK", 2) == 0)
			return NULL;
	}
	return fail(ERR_STOPPED, "the greeting of port 4190 does not end");
}

static void judge_sieve(const struct check_context *c, const char *server, struct tally *t)
{
	CLEAN(free) char *line = NULL;

	if (tally_error(t, sieve_mechanisms(c, server, &line), ASK_LOGS, NULL))
		return;
	if (line && strcspn(line + 6, "\"") + 8 < strlen(line))
		tally_failed(t, IMAP_REMEDY, "port 4190 offers passwords in clear: %s", line);
	else
		tally_ok(t, "port 4190 offers none");
}

static void run(const struct check_context *c, struct finding *f)
{
	const char *server = c->outside->server_ipv4;
	CLEAN(tally) struct tally t = { 0 };

	judge_smtp(c, server, 25, &t);
	judge_smtp(c, server, 587, &t);
	judge_imap(c, server, &t);
	judge_sieve(c, server, &t);
	tally_finding(&t, f);
}

const struct check check_auth_clear = {
	.name = "auth-clear",
	.title = N_("No password is taken without encryption"),
	.outside = true,
	.timeout = 40,
	.run = run,
};
