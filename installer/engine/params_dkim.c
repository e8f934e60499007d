#include "engine/params.h"

#define NAME "dkim-key"

/* The selector of "DOMAIN:SELECTOR", or NULL for a key of another domain. */
static const char *selector_of(const char *key, const char *domain)
{
	size_t length = strlen(domain);

	return strncmp(key, domain, length) == 0 && key[length] == ':' ? key + length + 1 : NULL;
}

void params_selectors(const struct params *p, const char *domain, struct list *ret)
{
	for (size_t i = 0; i < p->dkim_keys.n; i++) {
		const char *selector = selector_of(p->dkim_keys.v[i], domain);

		if (selector)
			list_add(ret, selector);
	}
	if (!ret->n)
		list_add(ret, p->selector);
}

const char *params_signing_selector(const struct params *p, const char *domain)
{
	for (size_t i = 0; i < p->dkim_keys.n; i++) {
		const char *selector = selector_of(p->dkim_keys.v[i], domain);

		if (selector)
			return selector;
	}
	return p->selector;
}

struct error *params_set_selectors(struct params *p, const char *domain, const struct list *selectors)
{
	CLEAN(list) struct list keys = { 0 };

	for (size_t i = 0; i < p->dkim_keys.n; i++)
		if (!selector_of(p->dkim_keys.v[i], domain))
			list_add(&keys, p->dkim_keys.v[i]);
	for (size_t i = 0; i < selectors->n; i++)
		list_addf(&keys, "%s:%s", domain, selectors->v[i]);
	TRY(params_set(p, NAME, "none"));
	for (size_t i = 0; i < keys.n; i++)
		TRY(params_set(p, NAME, keys.v[i]));
	return NULL;
}
