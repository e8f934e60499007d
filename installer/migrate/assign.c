#include "migrate/assign.h"
#include "mail/name.h"

#include <strings.h>

/* The components of a root, without a last one that only says "here is mail". */
static void parts_of(const char *root, struct list *ret)
{
	static const char *const names[] = { "Maildir", "maildir", "Mail", "mail" };

	list_split(ret, root, "/");
	for (size_t i = 0; ret->n && i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(ret->v[ret->n - 1], names[i]) == 0) {
			free(ret->v[--ret->n]);
			ret->v[ret->n] = NULL;
			return;
		}
}

static const char *account(const struct assignment *a, const char *address)
{
	for (size_t i = 0; i < a->accounts.n; i++)
		if (strcasecmp(a->accounts.v[i], address) == 0)
			return a->accounts.v[i];
	return NULL;
}

static struct error *check_address(const struct assignment *a, const char *option, const char *given, char **ret)
{
	TRY(wrap(address_normalise(given, ret), "%s", option));
	if (!account(a, *ret))
		return fail(ERR_USAGE, "%s: %s is no account of this server; `mailsetup user add %s` makes it", option, *ret, *ret);
	return NULL;
}

struct error *assignment_check(struct assignment *a)
{
	CLEAN(free) char *user = NULL;

	if (a->user) {
		TRY(check_address(a, "--user", a->user, &user));
		a->user = account(a, user);
	}
	for (size_t i = 0; i < a->maps.n; i++) {
		CLEAN(free) char *address = NULL, *shown = printable(a->maps.v[i]);
		const char *equals = strrchr(a->maps.v[i], '=');

		if (!equals)
			return fail(ERR_USAGE, "--map %s: write it as OLD=ADDRESS, OLD being the folder in the archive", shown);
		TRY(check_address(a, "--map", equals + 1, &address));
	}
	return NULL;
}

static const char *mapped(const struct assignment *a, const char *root, const struct list *parts)
{
	for (size_t i = 0; i < a->maps.n; i++) {
		const char *old = a->maps.v[i], *equals = strrchr(old, '=');
		size_t n = (size_t)(equals - old);

		while (n > 1 && old[n - 1] == '/')
			n--;
		CLEAN(free) char *wanted = text_copy_n(old, n);
		CLEAN(free) char *pair = parts->n > 1 ? text("%s@%s", parts->v[parts->n - 1], parts->v[parts->n - 2]) : NULL;
		if (strcmp(wanted, root) == 0 || (parts->n && strcmp(wanted, parts->v[parts->n - 1]) == 0) ||
			(pair && strcasecmp(wanted, pair) == 0))
			return account(a, equals + 1);
	}
	return NULL;
}

/* The one account with this local part; of several, that of the first domain. */
static const char *by_local_part(const struct assignment *a, const char *name)
{
	CLEAN(free) char *first = text("%s@%s", name, a->domain ? a->domain : "");
	const char *found = account(a, first);
	size_t n = strlen(name), count = 0;

	if (found)
		return found;
	for (size_t i = 0; i < a->accounts.n; i++)
		if (strncasecmp(a->accounts.v[i], name, n) == 0 && a->accounts.v[i][n] == '@') {
			found = a->accounts.v[i];
			count++;
		}
	return count == 1 ? found : NULL;
}

bool root_is_single(const char *root)
{
	CLEAN(list) struct list parts = { 0 };

	list_split(&parts, root, "/");
	return parts.n < 2 && !strchr(root, '@');
}

const char *assignment_of(const struct assignment *a, const char *root)
{
	CLEAN(list) struct list parts = { 0 };

	parts_of(root, &parts);
	const char *found = mapped(a, root, &parts);
	if (found || a->user)
		return found ? found : a->user;
	if (!parts.n || root_is_single(root))
		return NULL;
	const char *name = parts.v[parts.n - 1];
	if (strchr(name, '@'))
		return account(a, name);
	CLEAN(free) char *pair = parts.n > 1 ? text("%s@%s", name, parts.v[parts.n - 2]) : NULL;
	found = pair ? account(a, pair) : NULL;
	/* A folder named as a domain means that domain and no other. */
	bool domain_named = parts.n > 1 && strchr(parts.v[parts.n - 2], '.');
	return found || domain_named ? found : by_local_part(a, name);
}

char *assignment_guess(const struct assignment *a, const char *root)
{
	CLEAN(list) struct list parts = { 0 };
	CLEAN(free) char *address = NULL, *normal = NULL;

	parts_of(root, &parts);
	if (!parts.n)
		return NULL;
	const char *name = parts.v[parts.n - 1];
	if (strchr(name, '@'))
		address = text_copy(name);
	else
		address = text("%s@%s", name, parts.n > 1 && strchr(parts.v[parts.n - 2], '.') ? parts.v[parts.n - 2] : a->domain);
	struct error *e = address_normalise(address, &normal);
	error_free(e);
	return e ? NULL : TAKE(normal);
}
