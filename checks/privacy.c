#include "checks/ask.h"
#include "checks/header.h"
#include "checks/tally.h"

#define REMEDY "postconf header_checks mime_header_checks; cat /etc/postfix/header_checks; mailsetup status"

static const char *const fields[] = { "X-Originating-IP", "X-Mailer", "User-Agent" };

static struct error *round_trip(const struct check_context *c, struct bytes *ret)
{
	const char *server = c->outside->server_ipv4;
	struct endpoint e = ask_user(c, server, 587);
	CLEAN(bytes) struct bytes message = { 0 }, extra = { 0 };
	CLEAN(free) char *uid = NULL;
	const char *folder;

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		bytes_printf(&extra, "%s: %s\r\n", fields[i], c->outside->client_ipv4);
	ask_message_with(c, "privacy", c->mailbox, extra.data,
		"This message proves that nothing is told of the sender's machine.", &message);
	TRY(ask_deliver(c, &e, c->mailbox, c->mailbox, "privacy", &message, &folder, &uid));
	return ask_fetch(c, server, folder, uid, ret);
}

static void judge(const struct bytes *message, struct tally *t)
{
	CLEAN(list) struct list received = { 0 };

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		CLEAN(list) struct list found = { 0 };

		header_values(message, fields[i], &found);
		if (found.n)
			tally_failed(t, REMEDY, "%s is passed on: %s", fields[i], found.v[0]);
	}
	header_values(message, "Received", &received);
	for (size_t i = 0; i < received.n; i++)
		if (strstr(received.v[i], "with ESMTPSA"))
			tally_failed(t, REMEDY, "the user's own address is passed on: Received: %s", received.v[i]);
	tally_ok(t, "the user's address, X-Originating-IP, X-Mailer and User-Agent are taken out");
}

static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(bytes) struct bytes message = { 0 };
	CLEAN(tally) struct tally t = { 0 };

	if (ask_refused(c, f, round_trip(c, &message), ASK_LOGS))
		return;
	judge(&message, &t);
	tally_finding(&t, f);
}

const struct check check_privacy = {
	.name = "privacy",
	.title = N_("What users send does not tell about their machines"),
	.outside = true,
	.mail = true,
	.timeout = 90,
	.run = run,
};
