#include "checks/ask.h"
#include "checks/tally.h"

/* Nobody's: a real password never travels in clear, not even to prove that it cannot. */
#define FALSE_USER     "mailsetup-nobody"
#define FALSE_PASSWORD "not-a-password"

#define SMTP_REMEDY "postconf smtpd_tls_auth_only; mailsetup status"
#define IMAP_REMEDY "doveconf -n | grep -e plaintext -e cleartext -e '^ssl ='; mailsetup status"

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
	return ask_imap(d, "LOGIN " FALSE_USER " " FALSE_PASSWORD, NULL, ret_answer);
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
	if (starts_with(answer, "OK") || strstr(answer, "AUTHENTICATIONFAILED"))
		tally_failed(t, IMAP_REMEDY, "port 143 takes a password in clear: %s", answer);
	else
		tally_ok(t, "port 143 answers LOGIN with %s", answer);
}

static struct error *sieve_mechanisms(const struct check_context *c, const char *server, char **ret)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;

	CLEAN(list) struct list lines = { 0 };

	TRY(ask_open(c, server, 4190, &d));
	TRY(ask_sieve(d, NULL, &lines));
	for (size_t i = 0; i < lines.n; i++)
		if (strncasecmp(lines.v[i], "\"SASL\"", 6) == 0)
			*ret = text_copy(lines.v[i]);
	return NULL;
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
