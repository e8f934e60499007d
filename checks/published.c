#include "checks/published.h"
#include "checks/tally.h"

#define TIMEOUT 8 /* seconds, for all questions of one check */

static void read_all(const struct check_context *c, struct published *ret)
{
	/* The end of our own veth pair is nobody's address. */
	const char *const ignored[] = { c->outside ? c->outside->server_ipv4 : NULL, c->outside ? c->outside->server_ipv6 : NULL, NULL };

	published_read(c->host, c->params, &(struct published_options){ .ignored = ignored, .for_check = true }, ret);
}

void published_domains(const struct check_context *c, struct list *ret)
{
	CLEAN(published) struct published p;

	read_all(c, &p);
	*ret = p.domains;
	p.domains = (struct list){ 0 };
}

static void keep_wanted(struct dns_records *records, bool (*wanted)(const struct dns_record *r))
{
	struct dns_records kept = { 0 }, others = { 0 };

	kept.v = allocate((records->n + 1) * sizeof(*kept.v));
	others.v = allocate((records->n + 1) * sizeof(*others.v));
	for (size_t i = 0; i < records->n; i++) {
		struct dns_records *to = wanted(&records->v[i]) ? &kept : &others;

		to->v[to->n++] = records->v[i];
	}
	free(records->v);
	dns_records_free(&others);
	*records = kept;
}

char *published_remedy(const struct dns_finding *f)
{
	const struct dns_record *r = f->record;
	bool unsure = r->kind == DNS_KIND_ADDRESS && f->verdict == DNS_IS_UNKNOWN;

	/* The address of a router, or not: what is to be known of it, the finding says. */
	if (unsure && (r->only_asked || dns_is_placeholder(r)))
		return text_copy("");
	if (r->only_asked || (unsure && f->found.n))
		return text_copy(_("remove that record, or give this machine that address"));
	if (r->kind == DNS_KIND_PTR)
		return *f->subject ? text(_("ask the provider of %s for the reverse name %.*s"), f->subject,
					     (int)strlen(r->value) - 1, r->value)
				   : text_copy("");
	if (r->kind == DNS_KIND_DKIM && dns_is_placeholder(r))
		return text("mailsetup domain add %s", r->domain);
	CLEAN(free) char *line = published_line(r);
	return text(_("publish in the DNS: %s"), line);
}

static void tell_right(const struct dns_finding *f, struct tally *t)
{
	const char *found = f->found.n ? f->found.v[0] : "", *note = f->note ? f->note : "";
	const char *comma = *note ? "; " : "";

	switch (f->record->kind) {
	case DNS_KIND_SPF:
		return tally_ok(t, "%s lets this server send: %s", f->subject, found);
	case DNS_KIND_DKIM:
		return tally_ok(t, "%s holds the key of this server", f->subject);
	case DNS_KIND_PTR:
		return tally_ok(t, "%s is %s", f->subject, found);
	default:
		return tally_ok(t, "%s %s is %s%s%s", f->subject, f->record->type, found, comma, note);
	}
}

static void tell_unknown(const struct dns_finding *f, const char *remedy, struct tally *t)
{
	const char *what = *f->subject ? f->subject : f->record->type, *note = f->note ? f->note : "";
	bool no_key = f->record->kind == DNS_KIND_DKIM && dns_is_placeholder(f->record);

	if (no_key)
		tally_failed(t, remedy, "%s: %s", what, note);
	else if (f->found.n)
		tally_unknown(t, f->record->kind == DNS_KIND_PTR ? "" : remedy, "%s %s is %s; %s", what, f->record->type, f->found.v[0], note);
	else
		tally_unknown(t, *f->subject ? "cat /etc/resolv.conf" : "", "%s %s: %s", what, f->record->type, note);
}

static void tell(const struct dns_finding *f, struct tally *t)
{
	CLEAN(free) char *remedy = published_remedy(f);
	const char *note = f->note ? f->note : "";

	switch (f->verdict) {
	case DNS_IS_RIGHT:
		return tell_right(f, t);
	case DNS_IS_MISSING:
		return tally_unknown(t, remedy, "%s has no %s record yet", f->subject, f->record->kind == DNS_KIND_SPF ? "SPF" : f->record->type);
	case DNS_IS_UNKNOWN:
		return tell_unknown(f, remedy, t);
	case DNS_IS_WRONG:
		if (f->record->kind == DNS_KIND_DKIM)
			tally_failed(t, remedy, "%s holds %s", f->subject, note);
		else if (f->tolerable && f->record->kind == DNS_KIND_PTR)
			tally_unknown(t, remedy, "%s is %s, %s", f->subject, f->found.v[0], note);
		else
			tally_failed(t, remedy, "%s %s is %s%s%s", f->subject, f->record->type, f->found.v[0], *note ? ", " : "", note);
	}
}

/* Several addresses of one name are one answer. */
static bool is_told(const struct dns_findings *findings, size_t i)
{
	const struct dns_record *r = findings->v[i].record, *before = i ? findings->v[i - 1].record : NULL;

	if (r->only_asked && findings->v[i].verdict == DNS_IS_RIGHT && !findings->v[i].found.n)
		return true;
	return before && r->kind == DNS_KIND_ADDRESS && strcmp(r->owner, before->owner) == 0 && strcmp(r->type, before->type) == 0;
}

void published_judge(const struct check_context *c, struct finding *f, bool (*wanted)(const struct dns_record *r))
{
	CLEAN(published) struct published p;
	CLEAN(dns_findings) struct dns_findings findings = { 0 };
	CLEAN(tally) struct tally t = { 0 };
	CLEAN(resolver_close) struct resolver *resolver = resolver_open(NULL, TIMEOUT);

	read_all(c, &p);
	keep_wanted(&p.records, wanted);
	struct dns_server server = published_server(&p);
	dns_check(resolver, &p.records, &server, &findings);
	for (size_t i = 0; i < findings.n; i++)
		if (!is_told(&findings, i))
			tell(&findings.v[i], &t);
	tally_finding(&t, f);
}
