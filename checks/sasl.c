#include "checks/ask.h"
#include "checks/tally.h"

#define SMTP_REMEDY                                                                                          \
	"mailsetup verify --only dovecot-sockets; postconf smtpd_sasl_auth_enable smtpd_sasl_security_options; " \
	"doveconf auth_mechanisms"
#define IMAP_REMEDY "doveconf auth_mechanisms"

/* "250-AUTH PLAIN LOGIN": the words after the keyword, or NULL. */
static const char *mechanisms(const struct list *features)
{
	for (size_t i = 0; i < features->n; i++)
		if (strncasecmp(features->v[i] + 4, "AUTH ", 5) == 0)
			return features->v[i] + 9;
	return NULL;
}

static void judge_list(struct tally *t, const char *where, const char *offered, const char *remedy)
{
	CLEAN(list) struct list words = { 0 };

	if (offered)
		list_split(&words, offered, " \"");
	if (!list_has(&words, "PLAIN"))
		tally_failed(t, remedy, "%s does not offer PLAIN under TLS, but %s: no user can log in", where,
			words.n ? offered : "nothing");
	else if (list_has(&words, "ANONYMOUS"))
		tally_failed(t, remedy, "%s lets in whoever comes: %s", where, offered);
	else
		tally_ok(t, "%s offers %s under TLS", where, offered);
}

static void judge_smtp(const struct check_context *c, unsigned port, struct tally *t)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	CLEAN(list) struct list features = { 0 };
	CLEAN(free) char *where = text(_("port %u"), port);

	if (!tally_error(t, ask_smtp(c, c->outside->server_ipv4, port, &d, &features), ASK_LOGS, NULL))
		judge_list(t, where, mechanisms(&features), SMTP_REMEDY);
}

static struct error *imap_mechanisms(const struct check_context *c, struct bytes *ret)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	CLEAN(list) struct list lines = { 0 }, words = { 0 };
	CLEAN(free) char *answer = NULL;

	TRY(ask_before_tls(c, c->outside->server_ipv4, 143, &d));
	TRY(dialogue_start_tls(d, c->params->hostname, 0, 0, NULL));
	TRY(ask_imap(d, "CAPABILITY", &lines, &answer));
	for (size_t i = 0; i < lines.n; i++)
		list_split(&words, lines.v[i], " ");
	for (size_t i = 0; i < words.n; i++)
		if (starts_with(words.v[i], "AUTH="))
			bytes_printf(ret, "%s%s", ret->size ? " " : "", words.v[i] + 5);
	return NULL;
}

static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(tally) struct tally t = { 0 };
	CLEAN(bytes) struct bytes imap = { 0 };

	judge_smtp(c, 587, &t);
	judge_smtp(c, 465, &t);
	if (!tally_error(&t, imap_mechanisms(c, &imap), ASK_LOGS, NULL))
		judge_list(&t, "port 143", bytes_text(&imap), IMAP_REMEDY);
	tally_finding(&t, f);
}

const struct check check_sasl = {
	.name = "sasl",
	.title = N_("Users can log in, once the connection is encrypted"),
	.outside = true,
	.timeout = 40,
	.run = run,
};
