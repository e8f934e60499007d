#include "checks/ask.h"
#include "checks/header.h"

#define LOCAL_CF "grep -n -e whitelist -e welcomelist -e required_score -e bayes /etc/spamassassin/local.cf; mailsetup status"

/* What a stranger sends under that From, as it arrives. */
static struct error *judged(const struct check_context *c, const char *from, const char *word, const char *body,
	char **ret_status)
{
	const char *server = c->outside->server_ipv4;
	struct endpoint e = ask_stranger(c, server);
	CLEAN(bytes) struct bytes message = { 0 }, arrived = { 0 };
	CLEAN(list) struct list status = { 0 };
	CLEAN(free) char *uid = NULL;
	const char *folder;

	ask_message(c, word, from, body, &message);
	TRY(ask_deliver(c, &e, "", c->mailbox, word, &message, &folder, &uid));
	TRY(ask_fetch(c, server, folder, uid, &arrived));
	header_values(&arrived, "X-Spam-Status", &status);
	if (!status.n)
		return fail(ERR_STOPPED, "the message came through without an X-Spam-Status: nobody has judged it");
	*ret_status = text_copy(status.v[0]);
	return NULL;
}

/* "No, score=0.8 required=5.0": as much as one wants to read. */
static int score_length(const char *status)
{
	const char *end = strstr(status, " tests=");

	return end ? (int)(end - status) : (int)strlen(status);
}

static void run_ham(const struct check_context *c, struct finding *f)
{
	CLEAN(free) char *status = NULL;

	if (finding_error(f,
		    judged(c, ASK_STRANGER, "ham", "This message proves that ordinary mail is not marked.", &status),
		    "mailsetup verify --only milters; " ASK_SPAM_LOGS))
		return;
	if (strncasecmp(status, "No", 2) == 0)
		finding_ok(f, "an ordinary message from outside: %.*s", score_length(status), status);
	else
		finding_failed(f, LOCAL_CF, "an ordinary message from outside is marked: %s", status);
}

/* Anybody can write any From: only SPF or DKIM proves it. */
static void run_forged(const struct check_context *c, struct finding *f)
{
	CLEAN(free) char *status = NULL;

	if (finding_error(f,
		    judged(c, c->mailbox, "forged", "This message proves that our own name gives no credit.", &status),
		    "mailsetup verify --only milters; " ASK_SPAM_LOGS))
		return;
	if (strstr(status, "USER_IN_WHITELIST") || strstr(status, "USER_IN_WELCOMELIST") ||
		strstr(status, "USER_IN_DEF_WHITELIST"))
		finding_failed(f, LOCAL_CF, "whoever forges a sender of %s passes the spam filter: %s",
			c->params->domain, status);
	else
		finding_ok(f, "forged as <%s>: %.*s", c->mailbox, score_length(status), status);
}

const struct check check_ham = {
	.name = "ham",
	.title = N_("Ordinary mail is judged, and not marked as spam"),
	.outside = true,
	.mail = true,
	.timeout = 90,
	.run = run_ham,
};

const struct check check_forged = {
	.name = "forged",
	.title = N_("A forged sender of our own gets no credit"),
	.outside = true,
	.mail = true,
	.timeout = 90,
	.run = run_forged,
};
