#include "checks/published.h"
#include "host/file.h"
#include "mail/accounts.h"
#include "mail/dkim.h"
#include "mail/dns.h"

#include <arpa/inet.h>

void published_domains(const struct check_context *c, struct list *ret)
{
	CLEAN(accounts_close) struct accounts *a = NULL;
	struct error *e = accounts_open(c->host, true, &a);

	if (!e)
		e = accounts_domains(a, ret);
	if (e || !ret->n) {
		list_free(ret);
		params_domains(c->params, ret);
	}
	error_free(e);
}

static bool is_private(const char *address)
{
	unsigned char b[16];

	if (inet_pton(AF_INET, address, b) == 1)
		return b[0] == 10 || (b[0] == 172 && b[1] >> 4 == 1) || (b[0] == 192 && b[1] == 168) ||
		       (b[0] == 100 && b[1] >> 6 == 1);
	return inet_pton(AF_INET6, address, b) == 1 && (b[0] & 0xfe) == 0xfc;
}

static void keep_public(const struct list *all, const char *ours, struct list *ret)
{
	for (size_t i = 0; i < all->n; i++)
		if (!is_private(all->v[i]) && strcmp(all->v[i], ours) != 0)
			list_add(ret, all->v[i]);
}

struct error *published_addresses(const struct check_context *c, struct list *ret_ipv4, struct list *ret_ipv6)
{
	CLEAN(list) struct list ipv4 = { 0 }, ipv6 = { 0 };

	TRY(addresses_read(c->host, &ipv4, &ipv6));
	/* The end of our own veth pair is nobody's address. */
	keep_public(&ipv4, c->outside ? c->outside->server_ipv4 : "", ret_ipv4);
	keep_public(&ipv6, c->outside ? c->outside->server_ipv6 : "", ret_ipv6);
	return NULL;
}

struct error *published_dkim_record(const struct check_context *c, const char *domain, char **ret)
{
	CLEAN(free) char *path = text("/etc/dkimkeys/clefs/%s/%s.private", domain, c->params->selector);
	struct bytes pem = { 0 };
	struct error *e = file_read(c->host, path, 1 << 20, &pem);

	if (!e)
		e = dkim_record(&pem, ret);
	bytes_wipe(&pem);
	return wrap(e, "the DKIM key %s", path);
}

static bool is(const struct dns_record *r, const char *owner, const char *type, const char *start)
{
	size_t n = strlen(owner);

	return strncmp(r->owner, owner, n) == 0 && strcmp(r->owner + n, ".") == 0 &&
	       strcmp(r->type, type) == 0 && starts_with(r->value, start);
}

char *published_remedy(const struct check_context *c, const char *owner, const char *type, const char *start)
{
	CLEAN(list) struct list domains = { 0 }, ipv4 = { 0 }, ipv6 = { 0 }, keys = { 0 };
	CLEAN(dns_records) struct dns_records records = { 0 };
	CLEAN(bytes) struct bytes line = { 0 };

	published_domains(c, &domains);
	error_free(published_addresses(c, &ipv4, &ipv6));
	for (size_t i = 0; i < domains.n; i++) {
		CLEAN(free) char *record = NULL;

		error_free(published_dkim_record(c, domains.v[i], &record));
		list_add(&keys, record ? record : "");
	}
	dns_plan_records(&(struct dns_plan){ .hostname = c->params->hostname,
				 .domains = &domains,
				 .ipv4 = &ipv4,
				 .ipv6 = &ipv6,
				 .selector = c->params->selector,
				 .dkim_records = &keys,
				 .admin = c->params->admin },
		&records);
	for (size_t i = 0; i < records.n; i++)
		if (is(&records.v[i], owner, type, start)) {
			dns_zone_line(&records.v[i], &line);
			line.data[line.size - 1] = '\0';
			return text("publish in the DNS: %s", line.data);
		}
	return text("publish in the DNS: %s. IN %s", owner, type);
}
