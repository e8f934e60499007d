#include "steps/recover.h"

#include "host/file.h"
#include "host/process.h"
#include "mail/accounts.h"
#include "mail/dkim.h"
#include "mail/layout.h"

#define MAIN_CF "/etc/postfix/main.cf"
#define MARK    "# Written by mailsetup."
#define LIMIT   (1024 * 1024)

struct error *server_stands(struct host *h, bool *ret)
{
	CLEAN(bytes) struct bytes content = { 0 };
	struct file_info info;

	*ret = false;
	TRY(file_stat(h, MAIN_CF, &info));
	if (!info.exists)
		return NULL;
	TRY(file_read(h, MAIN_CF, LIMIT, &content));
	*ret = starts_with(bytes_text(&content), MARK);
	return NULL;
}

/* One more value of a parameter that may have several; of others, nothing where there is one. */
static struct error *set_missing(struct params *p, const char *name, const struct list *values)
{
	CLEAN(list) struct list given = { 0 };

	params_get(p, name, &given);
	for (size_t i = 0; i < values->n && !given.n; i++)
		TRY(params_set(p, name, values->v[i]));
	return NULL;
}

static struct error *set_one(struct params *p, const char *name, const char *value)
{
	CLEAN(list) struct list values = { 0 };

	list_add(&values, value);
	return set_missing(p, name, &values);
}

static struct error *postconf(struct host *h, const char *name, char **ret)
{
	CLEAN(bytes) struct bytes value = { 0 };

	TRY(process_simple(h, &value, "postconf", "-h", name, NULL));
	*ret = text_copy_n(bytes_text(&value), strcspn(bytes_text(&value), "\n"));
	return NULL;
}

static struct error *recover_networks(struct host *h, struct params *p)
{
	CLEAN(free) char *value = NULL;
	CLEAN(list) struct list words = { 0 }, networks = { 0 };

	TRY(postconf(h, "mynetworks", &value));
	list_split(&words, value, ", ");
	for (size_t i = 0; i < words.n; i++)
		if (strcmp(words.v[i], "127.0.0.0/8") != 0 && strcmp(words.v[i], "[::1]/128") != 0)
			list_add(&networks, words.v[i]);
	return set_missing(p, "network", &networks);
}

static struct error *recover_postfix(struct host *h, struct params *p)
{
	static const char *const pairs[][2] = {
		{ "hostname", "myhostname" },
		{ "inbound-tls", "smtpd_tls_security_level" },
		{ "outbound-tls", "smtp_tls_security_level" },
		{ "size-limit", "message_size_limit" },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		CLEAN(free) char *value = NULL;

		TRY(postconf(h, pairs[i][1], &value));
		TRY(set_one(p, pairs[i][0], value));
	}
	return recover_networks(h, p);
}

static struct error *recover_database(struct host *h, struct params *p)
{
	struct file_info info;
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(list) struct list domains = { 0 };

	TRY(file_stat(h, ACCOUNTS_PATH, &info));
	if (!info.exists)
		return NULL;
	TRY(accounts_open(h, true, &a));
	TRY(accounts_domains(a, &domains));
	if (!domains.n)
		return NULL;
	TRY(set_one(p, "domain", domains.v[0]));
	CLEAN(list) struct list others = { 0 };
	for (size_t i = 0; i < domains.n; i++)
		if (strcmp(domains.v[i], p->domain) != 0)
			list_add(&others, domains.v[i]);
	return set_missing(p, "extra-domain", &others);
}

static struct error *read_table(struct host *h, const char *path, struct list *ret_lines)
{
	CLEAN(bytes) struct bytes table = { 0 };
	struct file_info info;

	TRY(file_stat(h, path, &info));
	if (!info.exists)
		return NULL;
	TRY(file_read(h, path, LIMIT, &table));
	list_split(ret_lines, bytes_text(&table), "\n");
	return NULL;
}

/* The selectors of a domain, the one that signs first. "SELECTOR._domainkey.DOMAIN DOMAIN:SELECTOR:/path" is a line of the table of
 * keys, "DOMAIN SELECTOR._domainkey.DOMAIN" one of the table of signatures. */
static void read_selectors(const char *domain, const struct list *keys, const struct list *signatures, struct list *ret)
{
	CLEAN(free) char *above = text("._domainkey.%s", domain);
	CLEAN(free) char *start = text("%s ", domain);

	for (size_t i = 0; i < signatures->n; i++)
		if (starts_with(signatures->v[i], start) && ends_with(signatures->v[i], above))
			list_addf(ret, "%.*s", (int)(strlen(signatures->v[i]) - strlen(start) - strlen(above)),
				signatures->v[i] + strlen(start));
	for (size_t i = 0; i < keys->n; i++) {
		CLEAN(list) struct list words = { 0 };

		list_split(&words, keys->v[i], " \t");
		if (!words.n || !ends_with(words.v[0], above))
			continue;
		CLEAN(free) char *selector = text_copy_n(words.v[0], strlen(words.v[0]) - strlen(above));
		if (!list_has(ret, selector))
			list_add(ret, selector);
	}
}

static struct error *recover_selectors(struct host *h, struct params *p)
{
	CLEAN(list) struct list keys = { 0 }, signatures = { 0 }, domains = { 0 };

	TRY(read_table(h, DKIM_KEY_TABLE, &keys));
	TRY(read_table(h, DKIM_SIGNING_TABLE, &signatures));
	params_domains(p, &domains);
	for (size_t i = 0; i < domains.n; i++) {
		CLEAN(list) struct list selectors = { 0 };

		read_selectors(domains.v[i], &keys, &signatures, &selectors);
		if (i == 0 && selectors.n)
			TRY(set_one(p, "selector", selectors.v[0]));
		if (selectors.n > 1 || (selectors.n == 1 && strcmp(selectors.v[0], p->selector) != 0))
			TRY(params_set_selectors(p, domains.v[i], &selectors));
	}
	return NULL;
}

static struct error *recover_learning(struct host *h, struct params *p)
{
	struct file_info info;

	TRY(file_stat(h, "/etc/systemd/system/" LEARN_TIMER, &info));
	return info.exists ? NULL : set_one(p, "no-learn", "yes");
}

struct error *params_recover(struct host *h, struct params *p)
{
	TRY(recover_postfix(h, p));
	TRY(recover_database(h, p));
	TRY(recover_selectors(h, p));
	return recover_learning(h, p);
}
