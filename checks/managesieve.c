#include "checks/ask.h"

#define FOLDER "Verification"
#define REMEDY "doveconf protocols; doveconf -n | grep sieve; journalctl -b -n 50 -t dovecot"

static struct error *log_in(const struct check_context *c, struct dialogue **ret)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	CLEAN(secret) struct bytes plain = { 0 }, command = { 0 };

	TRY(ask_before_tls(c, c->outside->server_ipv4, 4190, &d));
	TRY(dialogue_start_tls(d, c->params->hostname, 0, 0, NULL));
	TRY(ask_sieve(d, NULL, NULL)); /* the capabilities anew (RFC 5804, 2.2) */
	ask_plain(c->mailbox, bytes_text(c->password), &plain);
	bytes_printf(&command, "AUTHENTICATE \"PLAIN\" \"%s\"", plain.data);
	TRY(ask_sieve(d, command.data, NULL));
	*ret = TAKE(d);
	return NULL;
}

static struct error *put_filter(const struct check_context *c)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	CLEAN(free)
	char *script = text("require [\"fileinto\", \"mailbox\"];\r\n"
			    "if header :is \"" ASK_TOKEN_FIELD "\" \"%s-managesieve\" { fileinto :create \"" FOLDER "\"; }\r\n",
		c->token);
	CLEAN(free) char *put = text("PUTSCRIPT \"verification\" {%zu+}\r\n%s", strlen(script), script);

	TRY(log_in(c, &d));
	TRY(wrap(ask_sieve(d, put, NULL), "putting a filter on the server"));
	return wrap(ask_sieve(d, "SETACTIVE \"verification\"", NULL), "activating the filter");
}

static void run(const struct check_context *c, struct finding *f)
{
	static const char *const folders[] = { FOLDER, "INBOX", "Spam", NULL };
	const char *server = c->outside->server_ipv4;
	struct endpoint e = ask_stranger(c, server);
	CLEAN(bytes) struct bytes message = { 0 };
	CLEAN(free) char *uid = NULL;
	const char *folder;

	if (finding_error(f, put_filter(c), REMEDY))
		return;
	ask_message(c, "managesieve", ASK_STRANGER, "This message proves that a user's filter works.", &message);
	if (finding_error(f, smtp_send(&e, "", c->mailbox, &message), ASK_LOGS) ||
		finding_error(f, ask_wait(c, server, folders, "managesieve", &folder, &uid), "postqueue -p; " ASK_LOGS))
		return;
	if (strcmp(folder, FOLDER) == 0)
		finding_ok(f, "a filter put on the server by port 4190 files a message into a new folder");
	else
		finding_failed(f, REMEDY, "port 4190 took the user's filter, but the message is in %s", folder);
}

const struct check check_managesieve = {
	.name = "managesieve",
	.title = N_("A user's own filter can be put on the server, and works"),
	.outside = true,
	.mail = true,
	.timeout = 90,
	.run = run,
};
