#include "cli/next.h"
#include "base/i18n.h"
#include "cli/records.h"
#include "host/crypto.h"
#include "host/file.h"
#include "mail/accounts.h"
#include "mail/layout.h"

void next_json(struct cli *cli, struct host *h)
{
	records_json_to_publish(cli, h, NULL);
}

static void heading(const struct screen *s, const char *text_of)
{
	fprintf(s->out, "\n%s%s%s\n", style(s->out_color, BOLD), text_of, style(s->out_color, PLAIN));
}

static void paragraph(const struct screen *s, const char *text_of)
{
	put_wrapped(s->out, text_of, 0, 0, s->out_terminal ? screen_width(s) : 80);
}

static size_t count_mailboxes(struct host *h)
{
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(list) struct list users = { 0 };
	struct error *e = accounts_open(h, true, &a);

	/* Only words at the end of a run that went well: what cannot be read is not told. */
	if (!e)
		e = accounts_users(a, &users);
	error_free(e);
	return users.n;
}

static void show_mailboxes(const struct screen *s, const struct params *p, struct host *h)
{
	heading(s, _("Mailboxes"));
	if (p->admin)
		fprintf(s->out, _("The first one is %s.\n"), p->admin);
	else if (!count_mailboxes(h))
		paragraph(s, _("There is none yet: `mailsetup install --admin ADDRESS` makes the first one."));
	paragraph(s, _("`mailsetup user add ADDRESS` makes another one, `mailsetup virtual-alias add ADDRESS ADDRESS` an alias."));
}

static void show_certificate(const struct screen *s, struct host *h)
{
	CLEAN(certificate_facts) struct certificate_facts facts = { .self_signed = true };
	CLEAN(bytes) struct bytes pem = { 0 };
	struct error *e = file_read(h, TLS_CERTIFICATE, PEM_LIMIT, &pem);
	char day[32] = "";
	struct tm tm;

	if (!e)
		e = certificate_read(&pem, &facts);
	error_free(e);
	heading(s, _("Certificate"));
	if (facts.self_signed) {
		paragraph(s, _("It is self-signed: mail programs ask once whether to trust it. For one of your own: `mailsetup install "
			       "--tls-cert FILE --tls-key FILE`."));
		return;
	}
	if (gmtime_r(&facts.not_after, &tm))
		strftime(day, sizeof(day), "%Y-%m-%d", &tm);
	CLEAN(free) char *text_of = text(_("It came from the other machine, and is valid until %s. Nothing renews it here yet: set that up as it "
					   "was there, then `mailsetup install --tls-cert FILE --tls-key FILE`."),
		day);
	paragraph(s, text_of);
}

void next_show(struct cli *cli, struct host *h)
{
	const struct screen *s = &cli->screen;
	const struct params *p = &cli->params;

	fputc('\n', s->out);
	CLEAN(free) char *done = text(_("%s is the mail server of %s. What to do next:"), p->hostname, p->domain);
	put_flow(s, s->out, done, 0, 0);
	heading(s, _("DNS records to publish"));
	records_show_to_publish(s, h, p, NULL);
	heading(s, _("TCP ports to open to the world"));
	paragraph(s, _("25 (mail from other servers), 465 and 587 (mail from your users), 143 and 993 (IMAP), "
		       "4190 (Sieve "
		       "filters)."));
	show_mailboxes(s, p, h);
	if (!p->tls_cert)
		show_certificate(s, h);
	fputc('\n', s->out);
	paragraph(s, _("`mailsetup verify` proves at any time that all of this works."));
}
