#include "base/i18n.h"
#include "cli/json.h"
#include "cli/records.h"
#include "cli/session.h"
#include "mail/name.h"

#define CHECK_SECONDS 6 /* for all questions together */
#define SHORT	      80 /* bytes of an answer that is right: a key says nothing to anybody */

static bool zone, one_line, ask, tlsa;
static const char *server, *caa;

static const struct option_spec options[] = {
	{ "zone", 0, NULL, N_("as the text of a zone file"), &zone, NULL, NULL },
	{ "one-line", 0, NULL, N_("for a provider's form: name, type and value, each TXT in one piece"), &one_line, NULL, NULL },
	{ "check", 0, NULL, N_("ask the DNS for each of them and say whether it is right"), &ask, NULL, NULL },
	{ "server", 0, N_("IP[@PORT]"), N_("with --check: the DNS server to ask (default: the machine's resolvers)"), NULL, &server, NULL },
	{ "caa", 0, N_("CA"), N_("with a CAA record: the certificate authority that may issue, such as letsencrypt.org, or `none`"), NULL,
		&caa, NULL },
	{ "tlsa", 0, NULL, N_("with a TLSA record of the served key (DANE); it counts only in a zone that is signed by DNSSEC"), &tlsa, NULL,
		NULL },
	{ 0 },
};

static struct error *check_caa(void)
{
	CLEAN(free) char *normal = NULL;

	return strcmp(caa, "none") == 0 ? NULL : wrap(domain_normalise(caa, &normal), "--caa");
}

static struct error *check_usage(const struct cli *cli)
{
	if (zone + one_line + ask + (cli->json && !ask) > 1)
		return fail(ERR_USAGE, "--zone, --one-line, --json and --check are different answers: ask for one of them (--check and --json "
					 "go together)");
	if (server && !ask)
		return fail(ERR_USAGE, "--server: only --check asks a DNS server");
	if (server)
		TRY(records_check_server(server));
	return caa ? check_caa() : NULL;
}

static struct error *keep_domain(const struct cli *cli, struct published *p)
{
	CLEAN(free) char *domain = NULL;

	if (!cli->operands.n)
		return NULL;
	TRY(wrap(domain_normalise(cli->operands.v[0], &domain), "dns"));
	if (!list_has(&p->domains, domain))
		return fail(ERR_USAGE, "dns %s: this is no active domain of this server; `mailsetup domain list` shows them", domain);
	if (zone)
		records_keep_zone(p, domain);
	else
		records_keep(p, domain);
	return NULL;
}

/* What lies in none of our zones: the reverse names, which the provider sets, or the name of a server in another domain. */
static void show_elsewhere(FILE *f, const struct published *p)
{
	bool begun = false;

	for (size_t i = 0; i < p->records.n; i++) {
		const struct dns_record *r = &p->records.v[i];
		CLEAN(free) char *line = published_line(r);

		if (*dns_zone_of(r, &p->domains))
			continue;
		if (!begun)
			fputs(_("; in zones of others: the provider of an address sets its reverse name\n"), f);
		begun = true;
		fprintf(f, "%s%s\n", starts_with(line, ";") ? "" : "; ", line);
	}
}

static void show_zone(FILE *f, const struct published *p)
{
	for (size_t d = 0; d < p->domains.n; d++) {
		bool begun = false;

		for (size_t i = 0; i < p->records.n; i++) {
			const struct dns_record *r = &p->records.v[i];
			CLEAN(free) char *line = published_line(r);

			if (strcmp(dns_zone_of(r, &p->domains), p->domains.v[d]) != 0)
				continue;
			if (!begun)
				fprintf(f, "; %s\n", p->domains.v[d]);
			begun = true;
			fprintf(f, "%s\n", line);
		}
	}
	show_elsewhere(f, p);
}

static void show_forms(FILE *f, const struct published *p)
{
	for (size_t i = 0; i < p->records.n; i++) {
		CLEAN(bytes) struct bytes line = { 0 };

		if (!dns_is_placeholder(&p->records.v[i]))
			dns_form_line(&p->records.v[i], &line);
		fputs(bytes_text(&line), f);
	}
}

static void show_json(FILE *f, const struct published *p)
{
	json_t *document = json_object(), *records = json_array();

	for (size_t i = 0; i < p->records.n; i++) {
		const struct dns_record *r = &p->records.v[i];
		CLEAN(list) struct list strings = { 0 };
		json_t *object = record_json(r);

		dns_txt_strings(r->value, &strings);
		if (strcmp(r->type, "TXT") == 0)
			json_object_set_new(object, "strings", json_list(&strings));
		json_set_text(object, "zone", dns_zone_of(r, &p->domains));
		json_object_set_new(object, "known", json_boolean(!dns_is_placeholder(r)));
		json_array_append_new(records, object);
	}
	json_object_set_new(document, "records", records);
	json_write(f, document);
}

static void show(struct cli *cli, const struct published *p)
{
	if (cli->json)
		show_json(cli->screen.out, p);
	else if (zone)
		show_zone(cli->screen.out, p);
	else if (one_line)
		show_forms(cli->screen.out, p);
	else
		records_show(&cli->screen, &p->records);
}

/* Of what is only asked for, the good news is none. */
static bool is_listed(const struct dns_finding *f)
{
	return !f->record->only_asked || f->verdict == DNS_IS_WRONG || (f->verdict == DNS_IS_RIGHT && f->found.n);
}

static size_t verdict_columns(void)
{
	size_t widest = 0;

	for (enum dns_verdict v = DNS_IS_RIGHT; v <= DNS_IS_UNKNOWN; v++) {
		size_t columns = text_columns(translated(dns_verdict_name(v)));

		widest = columns > widest ? columns : widest;
	}
	return widest + 1;
}

static void show_finding(const struct screen *s, const struct dns_finding *f)
{
	static const struct {
		enum mark mark;
		enum style color;
	} looks[] = { { MARK_DONE, GREEN }, { MARK_FAILED, RED }, { MARK_FAILED, RED }, { MARK_UNKNOWN, YELLOW } };
	const struct dns_record *r = f->record;
	bool mild = r->level == DNS_OPTIONAL && f->verdict == DNS_IS_MISSING;
	CLEAN(free) char *line = text("%s %s", *f->subject ? f->subject : r->owner, r->type);

	fprintf(s->out, "%s%s%s ", style(s->out_color, mild ? DIM : looks[f->verdict].color),
		screen_mark(s, mild ? MARK_SKIPPED : looks[f->verdict].mark), style(s->out_color, PLAIN));
	put_padded(s->out, translated(dns_verdict_name(f->verdict)), verdict_columns());
	put_text(s->out, line);
	fputs(f->verdict == DNS_IS_RIGHT || r->level == DNS_REQUIRED ? "" : r->level == DNS_RECOMMENDED ? _(" (recommended)") : _(" (optional)"),
		s->out);
	if (f->verdict == DNS_IS_RIGHT && f->found.n && strlen(f->found.v[0]) <= SHORT) {
		fputs(": ", s->out);
		put_text(s->out, f->found.v[0]);
	}
	if (f->note)
		fprintf(s->out, "%s %s", f->verdict == DNS_IS_RIGHT ? ";" : ":", f->note);
	fputc('\n', s->out);
	if (f->verdict != DNS_IS_WRONG && (f->verdict != DNS_IS_MISSING || mild))
		return;
	fputs(_("           wanted: "), s->out);
	put_text(s->out, r->value);
	fputc('\n', s->out);
	for (size_t i = 0; i < f->found.n; i++) {
		fputs(_("           found:  "), s->out);
		put_text(s->out, f->found.v[i]);
		fputc('\n', s->out);
	}
}

/* Of the records that are required: true, false where one is missing or wrong, null where not each of them had an answer. */
static json_t *ok_json(const struct dns_findings *findings, bool good)
{
	for (size_t i = 0; good && i < findings->n; i++)
		if (findings->v[i].record->level == DNS_REQUIRED && findings->v[i].verdict == DNS_IS_UNKNOWN)
			return json_null();
	return json_boolean(good);
}

static void check_json(FILE *f, const struct dns_findings *findings, bool good)
{
	json_t *document = json_object(), *list = json_array();
	json_int_t counts[4] = { 0 };

	for (size_t i = 0; i < findings->n; i++) {
		const struct dns_finding *finding = &findings->v[i];
		CLEAN(json_decref) json_t *object = record_json(finding->record);

		json_set_text(object, "name", finding->subject);
		json_set_text(object, "verdict", dns_verdict_name(finding->verdict));
		json_object_set_new(object, "tolerable", json_boolean(finding->tolerable));
		json_object_set_new(object, "found", json_list(&finding->found));
		json_set_text(object, "note", finding->note);
		if (is_listed(finding)) {
			counts[finding->verdict]++;
			json_array_append(list, object);
		}
	}
	json_object_set_new(document, "ok", ok_json(findings, good));
	for (enum dns_verdict v = DNS_IS_RIGHT; v <= DNS_IS_UNKNOWN; v++)
		json_object_set_new(document, dns_verdict_name(v), json_integer(counts[v]));
	json_object_set_new(document, "records", list);
	json_write(f, document);
}

static void check_text(struct cli *cli, const struct dns_findings *findings)
{
	unsigned counts[4] = { 0 };

	for (size_t i = 0; i < findings->n; i++) {
		if (!is_listed(&findings->v[i]))
			continue;
		counts[findings->v[i].verdict]++;
		show_finding(&cli->screen, &findings->v[i]);
	}
	fprintf(cli->screen.out, _("%u right, %u missing, %u wrong, %u unknown\n"), counts[DNS_IS_RIGHT], counts[DNS_IS_MISSING],
		counts[DNS_IS_WRONG], counts[DNS_IS_UNKNOWN]);
}

static void check(struct cli *cli, const struct published *p)
{
	CLEAN(resolver_close) struct resolver *resolver = resolver_open(server, CHECK_SECONDS);
	CLEAN(dns_findings) struct dns_findings findings = { 0 };
	struct dns_server us = published_server(p);
	bool good = true;

	dns_check(resolver, &p->records, &us, &findings);
	for (size_t i = 0; i < findings.n; i++)
		good &= findings.v[i].record->level != DNS_REQUIRED ||
			findings.v[i].tolerable || (findings.v[i].verdict != DNS_IS_MISSING && findings.v[i].verdict != DNS_IS_WRONG);
	if (cli->json)
		check_json(cli->screen.out, &findings, good);
	else if (!cli->quiet)
		check_text(cli, &findings);
	cli->verdict = good ? ERR_OK : ERR_STOPPED;
}

static struct error *run(struct cli *cli)
{
	CLEAN(session) struct session s = SESSION_CLOSED;
	CLEAN(published) struct published p = { 0 };

	TRY(check_usage(cli));
	TRY(session_open(cli, SESSION_QUERY, &s));
	if (!s.run.state || !cli->params.domain)
		return fail(ERR_PRECHECK, "nothing is installed here: `mailsetup install --domain DOMAIN` comes first");
	published_read(s.host, &cli->params,
		&(struct published_options){ .state = s.run.state, .caa = caa, .tlsa = tlsa, .for_check = ask }, &p);
	TRY(keep_domain(cli, &p));
	if (ask)
		check(cli, &p);
	else
		show(cli, &p);
	return NULL;
}

const struct command command_dns = {
	.name = "dns",
	.operands = N_("[DOMAIN]"),
	.operands_max = 1,
	.summary = N_("the DNS records to publish, and whether they are"),
	.help = PARAGRAPHS(
		N_("The records of all active domains, or of DOMAIN, each with its reason. Required are those without "
		   "which no mail arrives (A, AAAA, MX); recommended those without which mail that is sent is "
		   "distrusted or refused by many (PTR, SPF, DKIM, DMARC); optional is the rest."),
		N_("--zone writes absolute names, and with DOMAIN what lies in that zone; what is not known yet, and "
		   "reverse names, are comments there. --one-line separates name, type and value by tabs."),
		N_("--check asks the DNS, for six seconds at most, and says of each: right, missing, wrong (with what "
		   "is wanted and what was found), or unknown where there was no answer. SPF is judged by what it "
		   "means, DKIM by the key on disk, a reverse name both ways. The exit status is 1 when a required "
		   "record is missing or wrong, and only then.")),
	.examples = "mailsetup dns --zone exemple.fr\nmailsetup dns --one-line\nmailsetup dns --check --server 9.9.9.9",
	.flags = NEEDS_ROOT,
	.options = options,
	.run = run,
};
