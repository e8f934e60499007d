#include "checks/ask.h"
#include "base/clock.h"
#include "host/queue.h"
#include "checks/mailbox.h"
#include "host/crypto.h"

#include <poll.h>

#define LINES_MAX 200

const char *const ask_both[] = { "INBOX", "Spam", NULL };

struct error *ask_open(const struct check_context *c, const char *address, unsigned port, struct dialogue **ret)
{
	return dialogue_open(address, port, ASK_TIMEOUT * c->patience, ret);
}

static struct error *hello(struct dialogue *d, unsigned port, struct list *features)
{
	CLEAN(list) struct list lines = { 0 };
	int code;

	TRY(dialogue_ask(d, &code, &lines, "EHLO " ASK_HELLO));
	if (code != 250)
		return fail(
			ERR_STOPPED, "port %u answers EHLO with %s", port, lines.n ? lines.v[0] : "nothing");
	if (features) {
		list_free(features);
		*features = lines;
		lines = (struct list){ 0 };
	}
	return NULL;
}

static struct error *greeting(struct dialogue *d, unsigned port)
{
	CLEAN(list) struct list lines = { 0 };
	int code;

	TRY(dialogue_smtp(d, &code, &lines));
	if (code != 220)
		return fail(ERR_STOPPED, "port %u greets with %s", port, lines.n ? lines.v[0] : "nothing");
	return NULL;
}

struct error *ask_smtp_clear(const struct check_context *c, const char *address, unsigned port,
	struct dialogue **ret, struct list *ret_features)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;

	TRY(ask_open(c, address, port, &d));
	TRY(greeting(d, port));
	TRY(hello(d, port, ret_features));
	*ret = TAKE(d);
	return NULL;
}

const unsigned ask_tls_ports[] = { 25, 465, 587, 143, 993, 4190, 0 };

struct error *ask_imap(struct dialogue *d, const char *command, struct list *ret_lines, char **ret_answer)
{
	CLEAN(secret) struct bytes line = { 0 }; /* it may be LOGIN */

	bytes_printf(&line, "a %s", command);
	TRY(dialogue_send(d, line.data));
	for (unsigned lines = 0; lines < LINES_MAX; lines++) {
		CLEAN(free) char *answer = NULL;

		TRY(dialogue_line(d, &answer));
		if (starts_with(answer, "a ")) {
			*ret_answer = text_copy(answer + 2);
			return NULL;
		}
		if (ret_lines)
			list_add(ret_lines, answer);
	}
	return fail(ERR_STOPPED, "the answer of IMAP does not end");
}

struct error *ask_sieve(struct dialogue *d, const char *command, struct list *ret_lines)
{
	if (command)
		TRY(dialogue_send(d, command));
	for (unsigned lines = 0; lines < LINES_MAX; lines++) {
		CLEAN(free) char *line = NULL;

		TRY(dialogue_line(d, &line));
		if (strncasecmp(line, "OK", 2) == 0)
			return NULL;
		if (strncasecmp(line, "NO", 2) == 0 || strncasecmp(line, "BYE", 3) == 0)
			return fail(ERR_STOPPED, "port 4190 answers %s", line);
		if (ret_lines)
			list_add(ret_lines, line);
	}
	return fail(ERR_STOPPED, "the answer of port 4190 does not end");
}

static struct error *agree_on_tls(struct dialogue *d, unsigned port)
{
	CLEAN(free) char *line = NULL;
	CLEAN(list) struct list lines = { 0 };
	int code;

	switch (port) {
	case 143:
		TRY(dialogue_line(d, &line));
		free(TAKE(line));
		TRY(ask_imap(d, "STARTTLS", NULL, &line));
		return starts_with(line, "OK") ? NULL
					       : fail(ERR_STOPPED, "port 143 answers STARTTLS with %s", line);
	case 4190:
		TRY(ask_sieve(d, NULL, NULL));
		return ask_sieve(d, "STARTTLS", NULL);
	default:
		TRY(greeting(d, port));
		TRY(hello(d, port, NULL));
		TRY(dialogue_ask(d, &code, &lines, "STARTTLS"));
		return code == 220 ? NULL
				   : fail(ERR_STOPPED, "port %u answers STARTTLS with %s", port, lines.v[0]);
	}
}

struct error *ask_before_tls(
	const struct check_context *c, const char *address, unsigned port, struct dialogue **ret)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;

	TRY(ask_open(c, address, port, &d));
	if (port != 465 && port != 993)
		TRY(agree_on_tls(d, port));
	*ret = TAKE(d);
	return NULL;
}

struct error *ask_smtp(const struct check_context *c, const char *address, unsigned port, struct dialogue **ret,
	struct list *ret_features)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;

	TRY(ask_before_tls(c, address, port, &d));
	TRY(dialogue_start_tls(d, c->params->hostname, 0, 0, NULL));
	if (port == 465)
		TRY(greeting(d, port));
	TRY(hello(d, port, ret_features));
	*ret = TAKE(d);
	return NULL;
}

void ask_plain(const char *user, const char *password, struct bytes *ret)
{
	CLEAN(secret) struct bytes b = { 0 };

	bytes_add(&b, "", 1);
	bytes_add(&b, user, strlen(user) + 1);
	bytes_add_text(&b, password);
	base64_encode(b.data, b.size, ret);
}

struct error *ask_recipient(
	struct dialogue *d, const char *from, const char *to, int *ret_code, struct bytes *ret_reply)
{
	CLEAN(list) struct list lines = { 0 };
	int code;

	TRY(dialogue_ask(d, &code, &lines, "MAIL FROM:<%s>", from));
	if (code / 100 == 2) {
		list_free(&lines);
		TRY(dialogue_ask(d, &code, &lines, "RCPT TO:<%s>", to));
	}
	*ret_code = code;
	for (size_t i = 0; i < lines.n; i++)
		bytes_printf(ret_reply, "%s%s", i ? " " : "", lines.v[i]);
	return dialogue_ask(d, &code, NULL, "RSET");
}

bool ask_has_feature(const struct list *features, const char *keyword)
{
	size_t n = strlen(keyword);

	for (size_t i = 0; i < features->n; i++) {
		const char *s = features->v[i];

		if (strlen(s) >= 4 + n && strncasecmp(s + 4, keyword, n) == 0 && strchr(" =", s[4 + n]))
			return true; /* strchr finds the final NUL too */
	}
	return false;
}

static struct endpoint endpoint_of(const struct check_context *c, const char *address, unsigned port)
{
	return (struct endpoint){
		.address = address,
		.hostname = c->params->hostname,
		.port = port,
		.security = port == 465 || port == 993 ? SECURITY_TLS : SECURITY_STARTTLS,
		.timeout = ASK_TRANSFER * c->patience,
	};
}

struct endpoint ask_stranger(const struct check_context *c, const char *address)
{
	return endpoint_of(c, address, 25);
}

struct endpoint ask_user(const struct check_context *c, const char *address, unsigned port)
{
	struct endpoint e = endpoint_of(c, address, port);

	e.user = c->mailbox;
	e.password = c->password;
	return e;
}

void ask_message(
	const struct check_context *c, const char *word, const char *from, const char *body, struct bytes *ret)
{
	ask_message_with(c, word, from, "", body, ret);
}

void ask_message_with(const struct check_context *c, const char *word, const char *from, const char *extra,
	const char *body, struct bytes *ret)
{
	char date[64];
	time_t now = time(NULL);
	struct tm utc;

	/* LC_TIME is never set by the program, so days and months have their English names. */
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", gmtime_r(&now, &utc));
	bytes_printf(ret,
		"Date: %s\r\n"
		"From: <%s>\r\n"
		"To: <%s>\r\n"
		"Subject: Verification of the mail server (%s)\r\n"
		"Message-ID: <%s.%s@%s>\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: 7bit\r\n" ASK_TOKEN_FIELD ": %s-%s\r\n"
		"%s"
		"\r\n"
		"%s\r\n",
		date, from, c->mailbox, word, c->token, word, c->params->hostname, c->token, word, extra, body);
}

static struct error *find(const struct check_context *c, const char *address, const char *folder,
	const char *word, struct list *ret_uids)
{
	CLEAN(free) char *token = text("%s-%s", c->token, word);
	struct endpoint e = ask_user(c, address, 993);

	return imap_search_header(&e, folder, ASK_TOKEN_FIELD, token, ret_uids);
}

/* Postfix notes why it could not deliver at once; it would try again only after minutes. */
static struct error *stuck(const struct check_context *c)
{
	CLEAN(free) char *reason = NULL;

	TRY(test_mailbox_stuck(c->host, c->mailbox, &reason));
	return reason ? fail(ERR_STOPPED, "the message was accepted but cannot be delivered: %s", reason)
		      : NULL;
}

struct error *ask_wait(const struct check_context *c, const char *address, const char *const *folders,
	const char *word, const char **ret_folder, char **ret_uid)
{
	const double begin = clock_now();
	double looked = begin + 1;
	int pause = 50;

	while (clock_now() - begin < ASK_DELIVERY * c->patience) {
		poll(NULL, 0, pause);
		pause = pause * 3 / 2 < 500 ? pause * 3 / 2 : 500;
		for (size_t i = 0; folders[i]; i++) {
			CLEAN(list) struct list uids = { 0 };

			TRY(wrap(find(c, address, folders[i], word, &uids),
				"reading the test mailbox by IMAPS"));
			if (!uids.n)
				continue;
			*ret_folder = folders[i];
			*ret_uid = text_copy(uids.v[0]);
			return NULL;
		}
		if (clock_now() - looked > 2) {
			looked = clock_now();
			TRY(stuck(c));
		}
	}
	return fail(ERR_STOPPED, "the message was accepted but is in no folder after %u s",
		ASK_DELIVERY * c->patience);
}

struct error *ask_deliver(const struct check_context *c, const struct endpoint *e, const char *from,
	const char *to, const char *word, const struct bytes *message, const char **ret_folder, char **ret_uid)
{
	TRY(smtp_send(e, from, to, message));
	return ask_wait(c, e->address, ask_both, word, ret_folder, ret_uid);
}

struct error *ask_fetch(const struct check_context *c, const char *address, const char *folder,
	const char *uid, struct bytes *ret)
{
	struct endpoint e = ask_user(c, address, 993);

	return wrap(imap_fetch(&e, folder, uid, ret), "reading the test mailbox by IMAPS");
}

bool ask_waits_for_dns(const struct check_context *c, const char *reply)
{
	return c->domain_missing && strstr(reply, "4.1.8");
}

void ask_dns_unknown(const struct check_context *c, struct finding *f, const char *reply)
{
	CLEAN(free)
	char *remedy = text(_("publish in the DNS: %s. IN MX 10 %s."), c->params->domain, c->params->hostname);

	finding_unknown(
		f, remedy, "waits for the DNS, which has no record of %s yet: %s", c->params->domain, reply);
}

bool ask_refused(const struct check_context *c, struct finding *f, struct error *e, const char *remedy)
{
	if (!e)
		return false;
	const char *reply = *error_detail(e) ? error_detail(e) : error_message(e);
	if (!ask_waits_for_dns(c, reply))
		return finding_error(f, e, remedy);
	ask_dns_unknown(c, f, reply);
	error_free(e);
	return true;
}
