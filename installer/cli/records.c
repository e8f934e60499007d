#include "cli/records.h"
#include "base/i18n.h"
#include "cli/json.h"
#include "mail/name.h"

static const char *level_note(enum dns_level level)
{
	return level == DNS_REQUIRED ? "" : level == DNS_RECOMMENDED ? _(" (recommended)") : _(" (optional)");
}

void records_show(const struct screen *s, const struct dns_records *records)
{
	for (size_t i = 0; i < records->n; i++) {
		const struct dns_record *r = &records->v[i];
		CLEAN(free) char *line = published_line(r);

		CLEAN(free) char *reason = text("; %s%s", translated(r->reason), level_note(r->level));
		fputs(style(s->out_color, DIM), s->out);
		put_wrapped_behind(s->out, reason, 0, "; ", screen_wrap(s, s->out));
		fputs(style(s->out_color, PLAIN), s->out);
		fprintf(s->out, "%s\n", line);
	}
}

json_t *record_json(const struct dns_record *r)
{
	json_t *object = json_object();

	json_set_text(object, "owner", r->owner);
	json_set_text(object, "type", r->type);
	json_set_text(object, "value", r->value);
	json_set_text(object, "reason", r->reason);
	json_set_text(object, "level", dns_level_name(r->level));
	json_object_set_new(object, "required", json_boolean(r->level == DNS_REQUIRED));
	return object;
}

static void drop(struct dns_records *records, bool (*kept)(const struct dns_record *r, const void *context), const void *context)
{
	struct dns_records out = { 0 };
	size_t n = 0;

	out.v = allocate((records->n + 1) * sizeof(*out.v));
	for (size_t i = 0; i < records->n; i++)
		if (kept(&records->v[i], context))
			records->v[n++] = records->v[i];
		else
			out.v[out.n++] = records->v[i];
	records->n = n;
	dns_records_free(&out);
}

static bool of_domain(const struct dns_record *r, const void *context)
{
	const char *domain = context;
	CLEAN(list) struct list one = { 0 };

	list_add(&one, domain);
	return *r->domain ? strcmp(r->domain, domain) == 0 : r->kind != DNS_KIND_PTR && *dns_zone_of(r, &one);
}

void records_keep(struct published *p, const char *domain)
{
	drop(&p->records, of_domain, domain);
}

struct zone {
	const char *name;
	const struct list *domains;
};

static bool of_zone(const struct dns_record *r, const void *context)
{
	const struct zone *zone = context;

	return strcmp(dns_zone_of(r, zone->domains), zone->name) == 0;
}

void records_keep_zone(struct published *p, const char *domain)
{
	drop(&p->records, of_zone, &(struct zone){ domain, &p->domains });
}

static bool not_optional(const struct dns_record *r, const void *context)
{
	(void)context;
	return r->level != DNS_OPTIONAL;
}

static void read_to_publish(struct host *h, const struct params *p, const char *domain, struct published *ret)
{
	published_read(h, p, &(struct published_options){ 0 }, ret);
	if (domain)
		records_keep(ret, domain);
	drop(&ret->records, not_optional, NULL);
}

void records_show_to_publish(const struct screen *s, struct host *h, const struct params *p, const char *domain)
{
	CLEAN(published) struct published published;

	read_to_publish(h, p, domain, &published);
	records_show(s, &published.records);
	put_flow(s, s->out, _("`mailsetup dns` shows them again, with optional ones; `mailsetup dns --check` asks the DNS for them."), 0, 0);
}

void records_json_to_publish(struct cli *cli, struct host *h, const char *domain)
{
	CLEAN(published) struct published published;

	read_to_publish(h, &cli->params, domain, &published);
	for (size_t i = 0; i < published.records.n; i++) {
		json_t *event = json_event("dns-record"), *record = record_json(&published.records.v[i]);

		json_object_update(event, record);
		json_decref(record);
		json_write(cli->screen.out, event);
	}
}

struct error *records_check_server(const char *server)
{
	size_t length = strcspn(server, "@");
	CLEAN(free) char *address = text_copy_n(server, length), *normal = NULL, *shown = printable(server);
	const char *port = server[length] ? server + length + 1 : NULL;
	size_t digits = port ? strspn(port, "0123456789") : 0;

	TRY(wrap(ip_normalise(address, &normal), "--server %s", shown));
	if (port && (!digits || digits > 5 || port[digits] || strtol(port, NULL, 10) < 1 || strtol(port, NULL, 10) > 65535))
		return fail(ERR_USAGE, "--server %s: the port is a number between 1 and 65535", shown);
	return NULL;
}
