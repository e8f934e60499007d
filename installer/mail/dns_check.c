#include "mail/dns_check.h"
#include "base/i18n.h"
#include "mail/dkim.h"
#include "mail/spf.h"

#include <stdarg.h>
#include <strings.h>

#define ADDRESSES_MAX 8

struct check {
	struct resolver *resolver;
	const struct dns_server *server;
	struct list senders; /* addresses that mail leaves from: the machine's own, or behind a NAT the published ones */
};

static PRINTF_LIKE(3, 4) void say(struct dns_finding *f, enum dns_verdict verdict, const char *note, ...)
{
	va_list arguments;

	f->verdict = verdict;
	free(f->note);
	va_start(arguments, note);
	f->note = translated_v(note, arguments);
	va_end(arguments);
	if (!*f->note)
		free(TAKE(f->note));
}

static bool share_one(const struct list *a, const struct list *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (list_has(b, a->v[i]))
			return true;
	return false;
}

static bool is_ours(const struct dns_server *s, const struct list *addresses)
{
	return share_one(addresses, s->ipv4) || share_one(addresses, s->ipv6);
}

/* As a lookup gives it: in lower case, names without the final dot. */
static bool same_value(const char *planned, const char *found)
{
	size_t n = strlen(found);

	return strncasecmp(planned, found, n) == 0 && (!planned[n] || strcmp(planned + n, ".") == 0);
}

/* The first that is no address of this machine, or NULL. */
static const char *foreign_one(const struct dns_server *s, const struct list *addresses)
{
	for (size_t i = 0; i < addresses->n; i++)
		if (!list_has(s->ipv4, addresses->v[i]) && !list_has(s->ipv6, addresses->v[i]))
			return addresses->v[i];
	return NULL;
}

static void judge_address(struct check *c, struct dns_finding *f)
{
	const struct dns_server *s = c->server;
	bool nat = strcmp(f->record->type, "A") == 0 && !s->ipv4->n && (s->private_ipv4 || !s->ipv6->n);
	const char *foreign = foreign_one(s, &f->found);

	if (!foreign)
		say(f, DNS_IS_RIGHT, "%s", "");
	else if (is_ours(s, &f->found))
		say(f, DNS_IS_UNKNOWN, "the name leads to %s too, which is no address of this machine", foreign);
	else if (!nat)
		say(f, DNS_IS_WRONG, "which is no address of this machine");
	else if (s->forwarded)
		say(f, DNS_IS_RIGHT, "this machine is behind NAT");
	else
		say(f, DNS_IS_UNKNOWN, "this machine has a private IPv4 address only; --hosts-entry says that its ports are forwarded to it");
}

static bool is_another_name(struct check *c, const char *host)
{
	CLEAN(list) struct list addresses = { 0 };

	resolver_lookup(c->resolver, host, "A", &addresses, NULL);
	resolver_lookup(c->resolver, host, "AAAA", &addresses, NULL);
	return is_ours(c->server, &addresses);
}

/* Any of them may be ours: a domain can have other servers before or behind this one. */
static void judge_mx(struct check *c, struct dns_finding *f)
{
	say(f, DNS_IS_WRONG, "mail goes there");
	for (size_t i = 0; i < f->found.n && i < ADDRESSES_MAX; i++) {
		const char *host = strchr(f->found.v[i], ' ');

		if (!host)
			continue;
		if (strcasecmp(host + 1, c->server->hostname) == 0) {
			say(f, DNS_IS_RIGHT, "%s", "");
			f->tolerable = false;
			return;
		}
		if (!f->tolerable && is_another_name(c, host + 1)) {
			say(f, DNS_IS_WRONG, "mail goes there: to this machine, but not by its host name");
			f->tolerable = true;
		}
	}
}

static void keep(struct list *texts, bool (*wanted)(const char *s))
{
	struct list kept = { 0 };

	for (size_t i = 0; i < texts->n; i++)
		if (wanted(texts->v[i]))
			list_add(&kept, texts->v[i]);
	list_free(texts);
	*texts = kept;
}

static void judge_senders(struct check *c, struct dns_finding *f)
{
	if (!c->senders.n)
		say(f, DNS_IS_UNKNOWN, "the public address of this machine is not known");
	for (size_t i = 0; i < c->senders.n; i++) {
		const char *address = c->senders.v[i], *why = NULL;

		switch (spf_judge(c->resolver, f->found.v[0], f->subject, address, &why)) {
		case SPF_PASS:
			break;
		case SPF_FAIL:
			say(f, DNS_IS_WRONG, "which does not let %s send%s%s", address, why ? ": " : "", why ? why : "");
			return;
		case SPF_UNJUDGED:
			say(f, DNS_IS_UNKNOWN, "whether it lets %s send rests on what cannot be looked up from here", address);
			return;
		}
	}
}

static void judge_spf(struct check *c, struct dns_finding *f)
{
	keep(&f->found, spf_is_record);
	if (!f->found.n)
		say(f, DNS_IS_MISSING, "%s", "");
	else if (f->found.n > 1)
		say(f, DNS_IS_WRONG, "%zu SPF records, so none counts", f->found.n);
	else
		judge_senders(c, f);
}

static void judge_dkim(struct check *c, struct dns_finding *f)
{
	bool same = false;

	(void)c;
	for (size_t i = 0; i < f->found.n; i++) {
		struct error *e = dkim_same_key(f->found.v[i], f->record->value, &same);

		if (e)
			say(f, DNS_IS_WRONG, "%s", error_message(e));
		else if (same)
			say(f, DNS_IS_RIGHT, "%s", "");
		else
			say(f, DNS_IS_WRONG, "another key than this server's");
		error_free(e);
		if (same)
			break;
	}
	if (same && f->found.n > 1)
		say(f, DNS_IS_WRONG, "%zu records of one name: receivers take any of them", f->found.n);
}

static bool is_dmarc(const char *txt)
{
	return starts_with(txt, "v=DMARC1") && strchr("; \t", txt[8]);
}

/* The value of p=, or "". */
static char *dmarc_policy(const char *record)
{
	CLEAN(list) struct list tags = { 0 };

	list_split(&tags, record, "; \t");
	for (size_t i = 0; i < tags.n; i++)
		if (strncasecmp(tags.v[i], "p=", 2) == 0)
			return text_copy(tags.v[i] + 2);
	return text_copy("");
}

static void judge_dmarc(struct check *c, struct dns_finding *f)
{
	(void)c;
	keep(&f->found, is_dmarc);
	if (!f->found.n) {
		say(f, DNS_IS_MISSING, "%s", "");
		return;
	}
	CLEAN(free) char *policy = dmarc_policy(f->found.v[0]);
	if (f->found.n > 1)
		say(f, DNS_IS_WRONG, "%zu DMARC records, so none counts", f->found.n);
	else if (strcasecmp(policy, "none") == 0)
		say(f, DNS_IS_RIGHT, "p=none asks receivers for reports only");
	else if (strcasecmp(policy, "quarantine") != 0 && strcasecmp(policy, "reject") != 0)
		say(f, DNS_IS_WRONG, "its policy p= is none of none, quarantine and reject");
}

static void judge_reports(struct check *c, struct dns_finding *f)
{
	(void)c;
	keep(&f->found, is_dmarc);
	if (!f->found.n)
		say(f, DNS_IS_MISSING, "%s", "");
}

/* Does the name lead to the address? DNS_UNKNOWN where the DNS does not answer, DNS_NONE where it has no address at all. */
static enum dns_state leads_back(struct check *c, const char *name, const char *address, bool *ret)
{
	CLEAN(list) struct list found = { 0 };
	enum dns_state state = resolver_lookup(c->resolver, name, strchr(address, ':') ? "AAAA" : "A", &found, NULL);

	*ret = list_has(&found, address);
	return state;
}

static void judge_ptr(struct check *c, struct dns_finding *f)
{
	bool named = list_has(&f->found, c->server->hostname), back;
	const char *name = named ? c->server->hostname : f->found.v[0];
	enum dns_state state = leads_back(c, name, f->subject, &back);

	if (named && back)
		say(f, DNS_IS_RIGHT, "%s", "");
	else if (state == DNS_UNKNOWN)
		say(f, DNS_IS_UNKNOWN, "whether %s leads back is not known: no answer", name);
	else if (named && state == DNS_NONE)
		say(f, DNS_IS_UNKNOWN, "%s has no address in the DNS yet", name);
	else
		say(f, DNS_IS_WRONG, back ? N_("which leads back, but is not the host name") : N_("which does not lead back"));
	f->tolerable = back && !named;
}

static void judge_value(struct check *c, struct dns_finding *f)
{
	(void)c;
	f->verdict = DNS_IS_WRONG;
	for (size_t i = 0; i < f->found.n; i++)
		if (same_value(f->record->value, f->found.v[i]))
			f->verdict = DNS_IS_RIGHT;
}

static void judge(struct check *c, struct dns_finding *f, const struct dns_question *q)
{
	static void (*const judges[])(struct check *, struct dns_finding *) = {
		[DNS_KIND_ADDRESS] = judge_address, [DNS_KIND_MX] = judge_mx, [DNS_KIND_SPF] = judge_spf, [DNS_KIND_DKIM] = judge_dkim,
		[DNS_KIND_DMARC] = judge_dmarc, [DNS_KIND_REPORTS] = judge_reports, [DNS_KIND_PTR] = judge_ptr,
		[DNS_KIND_SRV] = judge_value, [DNS_KIND_CAA] = judge_value, [DNS_KIND_TLSA] = judge_value,
	};
	bool no_key = f->record->kind == DNS_KIND_DKIM && dns_is_placeholder(f->record);

	if (!*f->subject)
		say(f, DNS_IS_UNKNOWN, "the public address of this machine is not known");
	else if (no_key)
		say(f, DNS_IS_UNKNOWN, "there is no such key on this machine");
	else if (q->state == DNS_UNKNOWN)
		say(f, DNS_IS_UNKNOWN, "%s", q->reason);
	else if (q->state == DNS_NONE)
		say(f, f->record->only_asked ? DNS_IS_RIGHT : DNS_IS_MISSING, "%s", "");
	else
		judges[f->record->kind](c, f);
}

static void add_finding(struct dns_findings *ret, const struct dns_record *record, const char *subject)
{
	ret->v = reallocate(ret->v, ret->n + 1, sizeof(*ret->v));
	ret->v[ret->n++] = (struct dns_finding){ .record = record, .subject = text_copy(subject) };
}

/* The published addresses; without a record of them, the reverse names to ask for are those of the machine. */
static void add_subjects(const struct dns_records *records, const struct list *published, struct dns_findings *ret)
{
	for (size_t i = 0; i < records->n; i++) {
		const struct dns_record *r = &records->v[i];
		CLEAN(free) char *name = text_copy_n(r->owner, strlen(r->owner) - 1);

		if (r->kind != DNS_KIND_PTR)
			add_finding(ret, r, name);
		else if (*r->address || !published->n)
			add_finding(ret, r, r->address);
		else
			for (size_t k = 0; k < published->n && k < ADDRESSES_MAX; k++)
				add_finding(ret, r, published->v[k]);
	}
}

static void add_each(struct list *to, const struct list *from)
{
	for (size_t i = 0; i < from->n; i++)
		list_add(to, from->v[i]);
}

void dns_check(struct resolver *r, const struct dns_records *records, const struct dns_server *server, struct dns_findings *ret)
{
	struct check c = { .resolver = r, .server = server };
	bool nat = !server->ipv4->n && (!server->ipv6->n || (server->private_ipv4 && server->forwarded));
	CLEAN(list) struct list published = { 0 };

	*ret = (struct dns_findings){ 0 };
	if (nat) {
		resolver_lookup(r, server->hostname, "A", &published, NULL);
		if (!server->ipv6->n)
			resolver_lookup(r, server->hostname, "AAAA", &published, NULL);
	}
	add_each(&c.senders, &published);
	add_each(&c.senders, server->ipv4);
	add_each(&c.senders, server->ipv6);
	add_subjects(records, &published, ret);

	CLEAN(free) struct dns_question *questions = allocate((ret->n + 1) * sizeof(*questions));
	for (size_t i = 0; i < ret->n; i++)
		questions[i] = (struct dns_question){ .name = ret->v[i].subject, .type = ret->v[i].record->type };
	resolver_ask(r, questions, ret->n);
	for (size_t i = 0; i < ret->n; i++) {
		ret->v[i].found = questions[i].answers;
		judge(&c, &ret->v[i], &questions[i]);
	}
	list_free(&c.senders);
}

void dns_findings_free(struct dns_findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->v[i].subject);
		list_free(&f->v[i].found);
		free(f->v[i].note);
	}
	free(f->v);
	*f = (struct dns_findings){ 0 };
}

const char *dns_verdict_name(enum dns_verdict verdict)
{
	static const char *const names[] = { N_("right"), N_("missing"), N_("wrong"), N_("unknown") };

	return names[verdict];
}
