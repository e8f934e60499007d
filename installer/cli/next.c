#include "cli/next.h"
#include "base/i18n.h"
#include "cli/json.h"
#include "host/file.h"
#include "host/network.h"
#include "mail/accounts.h"
#include "mail/dkim.h"
#include "mail/dns.h"

#include <arpa/inet.h>

#define KEY_SIZE_MAX 65536

bool address_is_private(const char *address)
{
	struct in_addr a;
	struct in6_addr b;

	if (inet_pton(AF_INET, address, &a) == 1) {
		uint32_t n = ntohl(a.s_addr);

		return n >> 24 == 10 || n >> 20 == 0xac1 || n >> 16 == 0xc0a8 ||
		       n >> 22 == 0x191; /* 100.64/10 */
	}
	return inet_pton(AF_INET6, address, &b) == 1 && (b.s6_addr[0] & 0xfe) == 0xfc;
}

static void keep_public(struct list *addresses)
{
	struct list kept = { 0 };

	for (size_t i = 0; i < addresses->n; i++)
		if (!address_is_private(addresses->v[i]))
			list_add(&kept, addresses->v[i]);
	list_free(addresses);
	*addresses = kept;
}

/* The record of the domain's key, or "" where there is no key yet. */
static char *key_record(struct host *h, const char *domain, const char *selector)
{
	CLEAN(free) char *path = text("/etc/dkimkeys/clefs/%s/%s.private", domain, selector);
	struct bytes pem = { 0 };
	char *record = NULL;
	struct error *e = file_read(h, path, KEY_SIZE_MAX, &pem);

	if (!e)
		e = dkim_record(&pem, &record);
	bytes_wipe(&pem);
	error_free(e);
	return record ? record : text_copy("");
}

static void records_of(const struct params *p, struct host *h, struct dns_records *ret)
{
	CLEAN(list) struct list domains = { 0 }, ipv4 = { 0 }, ipv6 = { 0 }, keys = { 0 };

	params_domains(p, &domains);
	error_free(addresses_read(h, &ipv4, &ipv6)); /* without them, a placeholder is said */
	keep_public(&ipv4);
	keep_public(&ipv6);
	for (size_t i = 0; i < domains.n; i++) {
		CLEAN(free) char *record = key_record(h, domains.v[i], p->selector);

		list_add(&keys, record);
	}
	dns_plan_records(
		&(struct dns_plan){
			.hostname = p->hostname,
			.domains = &domains,
			.ipv4 = &ipv4,
			.ipv6 = &ipv6,
			.selector = p->selector,
			.dkim_records = &keys,
			.admin = p->admin,
		},
		ret);
}

void next_json(struct cli *cli, struct host *h)
{
	CLEAN(dns_records) struct dns_records records = { 0 };

	records_of(&cli->params, h, &records);
	for (size_t i = 0; i < records.n; i++) {
		const struct dns_record *r = &records.v[i];
		json_t *object = json_event("dns-record");

		json_set_text(object, "owner", r->owner);
		json_set_text(object, "type", r->type);
		json_set_text(object, "value", r->value);
		json_set_text(object, "reason", r->reason);
		json_object_set_new(object, "required", json_boolean(r->required));
		json_write(cli->screen.out, object);
	}
}

/* Written so that the block can be pasted into a zone file. */
static void show_records(const struct screen *s, const struct dns_records *records)
{
	for (size_t i = 0; i < records->n; i++) {
		const struct dns_record *r = &records->v[i];
		CLEAN(bytes) struct bytes line = { 0 };

		dns_zone_line(r, &line);
		fprintf(s->out, "%s; %s%s%s\n", style(s->out_color, DIM), translated(r->reason),
			r->required ? "" : _(" (recommended)"), style(s->out_color, PLAIN));
		fprintf(s->out, "%s%s", bytes_text(&line), ends_with(bytes_text(&line), "\n") ? "" : "\n");
	}
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

void next_show(struct cli *cli, struct host *h)
{
	const struct screen *s = &cli->screen;
	const struct params *p = &cli->params;
	CLEAN(dns_records) struct dns_records records = { 0 };

	records_of(p, h, &records);
	fputc('\n', s->out);
	fprintf(s->out, _("%s is the mail server of %s. What to do next:\n"), p->hostname, p->domain);
	heading(s, _("DNS records to publish"));
	show_records(s, &records);
	heading(s, _("TCP ports to open to the world"));
	paragraph(s, _("25 (mail from other servers), 465 and 587 (mail from your users), 143 and 993 (IMAP), "
		       "4190 (Sieve "
		       "filters)."));
	show_mailboxes(s, p, h);
	if (!p->tls_cert) {
		heading(s, _("Certificate"));
		paragraph(s, _("It is self-signed: mail programs ask once whether to trust it. For one of your "
			       "own: `mailsetup "
			       "install --tls-cert FILE --tls-key FILE`."));
	}
	fputc('\n', s->out);
	paragraph(s, _("`mailsetup verify` proves at any time that all of this works."));
}
