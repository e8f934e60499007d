#include "checks/ask.h"
#include "mail/dkim.h"
#include "mail/dns.h"

#define REMEDY "mailsetup verify --only milters; mailsetup doctor --since 1h"

static struct error *round_trip(const struct check_context *c, struct bytes *ret)
{
	struct endpoint submission = ask_user(c, ASK_LOOPBACK, 587), imap = ask_user(c, ASK_LOOPBACK, 993);
	CLEAN(bytes) struct bytes message = { 0 };
	CLEAN(free) char *uid = NULL;
	const char *folder;

	ask_message(c, "dkim", c->mailbox, "This message proves that mail is signed. It is removed again.",
		&message);
	TRY(smtp_send(&submission, c->mailbox, c->mailbox, &message));
	TRY(ask_wait(c, ASK_LOOPBACK, ask_both, "dkim", &folder, &uid));
	return imap_fetch(&imap, folder, uid, ret);
}

/* What the world sees; *ret is NULL while it sees none. */
static void find_published(const struct params *p, char **ret)
{
	CLEAN(free) char *name = text("%s._domainkey.%s", params_signing_selector(p, p->domain), p->domain);
	CLEAN(list) struct list found = { 0 };

	*ret = dns_lookup(NULL, name, "TXT", 4, &found, NULL) == DNS_FOUND && found.n ? text_copy(found.v[0])
										      : NULL;
}

static void judge(const struct check_context *c, const struct bytes *message, struct finding *f)
{
	const struct params *p = c->params;
	const char *selector = params_signing_selector(p, p->domain);
	CLEAN(free) char *published = NULL;
	CLEAN(free) char *own = NULL;

	if (finding_error(f, dkim_read_record(c->host, p->domain, selector, &own), "mailsetup install"))
		return;
	if (finding_error(f, dkim_verify_message(message, p->domain, selector, own), REMEDY))
		return;
	find_published(p, &published);
	if (!published) {
		finding_ok(f,
			"signed for %s; the signature verifies with the key on disk, the DNS does not show it "
			"yet",
			p->domain);
		return;
	}
	/* Another key in the DNS is the finding of dns-dkim; the server itself signs as it should. */
	struct error *e = dkim_verify_message(message, p->domain, selector, published);
	finding_ok(f, e ? "signed for %s; the signature verifies with the key on disk, but not with the one in the DNS" :
		N_("signed for %s; the signature verifies with the key in the DNS"), p->domain);
	error_free(e);
}

static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(bytes) struct bytes message = { 0 };

	if (!ask_refused(c, f, round_trip(c, &message), ASK_LOGS))
		judge(c, &message, f);
}

const struct check check_dkim = {
	.name = "dkim",
	.title = N_("What users send is signed"),
	.mail = true,
	.timeout = 90,
	.run = run,
};
