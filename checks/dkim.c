#include "checks/ask.h"
#include "checks/published.h"
#include "mail/dkim.h"
#include "mail/dns.h"

#define REMEDY "mailsetup verify --only milters; journalctl -b -n 50 -u opendkim"

static struct error *round_trip(const struct check_context *c, struct bytes *ret)
{
	struct endpoint submission = ask_user(c, ASK_LOOPBACK, 587), imap = ask_user(c, ASK_LOOPBACK, 993);
	CLEAN(bytes) struct bytes message = { 0 };
	CLEAN(free) char *uid = NULL;
	const char *folder;

	ask_message(c, "dkim", c->mailbox, "This message proves that mail is signed. It is removed again.", &message);
	TRY(smtp_send(&submission, c->mailbox, c->mailbox, &message));
	TRY(ask_wait(c, ASK_LOOPBACK, ASK_BOTH, "dkim", &folder, &uid));
	return imap_fetch(&imap, folder, uid, ret);
}

/* The key that the world sees; while DNS has none, the one that waits to be published. */
static struct error *find_record(const struct check_context *c, char **ret, bool *ret_published)
{
	CLEAN(free) char *name = text("%s._domainkey.%s", c->params->selector, c->params->domain);
	CLEAN(list) struct list found = { 0 };

	*ret_published = dns_lookup(NULL, name, "TXT", 4, &found, NULL) == DNS_FOUND && found.n;
	if (!*ret_published)
		return published_dkim_record(c, c->params->domain, ret);
	*ret = text_copy(found.v[0]);
	return NULL;
}

static void run(const struct check_context *c, struct finding *f)
{
	const struct params *p = c->params;
	CLEAN(bytes) struct bytes message = { 0 };
	CLEAN(free) char *record = NULL;
	bool published = false;

	if (ask_refused(c, f, round_trip(c, &message), ASK_LOGS))
		return;
	if (finding_error(f, find_record(c, &record, &published), "mailsetup install"))
		return;
	if (finding_error(f, dkim_verify_message(&message, p->domain, p->selector, record), REMEDY))
		return;
	finding_ok(f, "a message sent through port 587 is signed for %s, and the signature verifies against the key %s", p->domain,
		published ? "in the DNS" : "on disk (the DNS has none yet)");
}

const struct check check_dkim = {
	.name = "dkim",
	.title = N_("What users send is signed"),
	.mail = true,
	.timeout = 45,
	.run = run,
};
