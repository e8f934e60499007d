#include "steps/recover.h"

#include "host/file.h"
#include "host/process.h"
#include "mail/accounts.h"
#include "steps/layout.h"

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

/* "SELECTOR._domainkey.DOMAIN DOMAIN:SELECTOR:/path" */
static struct error *recover_selector(struct host *h, struct params *p)
{
	CLEAN(bytes) struct bytes table = { 0 };
	struct file_info info;

	TRY(file_stat(h, DKIM_DIRECTORY "/TableClefs", &info));
	if (!info.exists)
		return NULL;
	TRY(file_read(h, DKIM_DIRECTORY "/TableClefs", LIMIT, &table));
	CLEAN(free) char *selector = text_copy_n(bytes_text(&table), strcspn(bytes_text(&table), ". \n"));
	return *selector ? set_one(p, "selector", selector) : NULL;
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
	TRY(recover_selector(h, p));
	return recover_learning(h, p);
}
