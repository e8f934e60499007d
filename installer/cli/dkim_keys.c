#include "cli/dkim_keys.h"
#include "base/i18n.h"
#include "engine/published.h"
#include "ensure/ensure.h"
#include "host/file.h"
#include "mail/dkim.h"
#include "mail/name.h"

#include <inttypes.h>

static char *stopped_note(const char *domain, const char *name)
{
	return text(DKIM_STOPPED_NOTE "%s:%s", domain, name);
}

struct error *dkim_stopped(struct session *s, const char *domain, const char *name, time_t *ret)
{
	CLEAN(free) char *note = stopped_note(domain, name);
	CLEAN(free) char *value = NULL;

	TRY(state_note_get(s->run.state, note, &value));
	*ret = value ? (time_t)strtoll(value, NULL, 10) : 0;
	return NULL;
}

struct error *dkim_set_stopped(struct session *s, const char *domain, const char *name, time_t when)
{
	CLEAN(free) char *note = stopped_note(domain, name);
	CLEAN(free) char *value = text("%jd", (intmax_t)when);

	return state_note_set(s->run.state, note, when ? value : NULL);
}

char *dkim_day(time_t when)
{
	char s[32] = "";
	struct tm tm;

	if (localtime_r(&when, &tm))
		strftime(s, sizeof(s), "%Y-%m-%d", &tm);
	return text_copy(s);
}

struct error *dkim_key_exists(struct session *s, const char *domain, const char *name, bool *ret)
{
	CLEAN(free) char *path = dkim_path(domain, name, "private");

	return machine_file_exists(&s->run, path, ret);
}

struct error *dkim_unused_keys(struct session *s, const char *domain, const struct list *known, struct list *ret)
{
	CLEAN(free) char *directory = text(DKIM_KEYS "/%s", domain);
	CLEAN(list) struct list names = { 0 };

	TRY(directory_list(s->host, directory, &names));
	for (size_t i = 0; i < names.n; i++) {
		if (names.v[i][0] == '.' || !ends_with(names.v[i], ".private"))
			continue;
		CLEAN(free) char *name = text_copy_n(names.v[i], strlen(names.v[i]) - strlen(".private"));
		if (!list_has(known, name))
			list_add(ret, name);
	}
	return NULL;
}

bool dkim_key_signs(struct cli *cli, struct session *s, const char *domain, const char *name)
{
	CLEAN(free) char *signs = NULL;

	error_free(dkim_signing_selector(s->host, domain, &signs));
	if (signs && strcmp(signs, name) == 0)
		return true;
	CLEAN(free) char *note = text(_("note: mail from %s is not signed by the key %s: %s and %s do not say so, as another hand has written them; "
					"write it there, or let mailsetup: `mailsetup install --overwrite FILE`"),
		domain, name, DKIM_SIGNING_TABLE, DKIM_KEY_TABLE);
	put_flow(&cli->screen, cli->screen.talk, note, 0, 0);
	return false;
}

struct error *dkim_take_domain(struct cli *cli, char **ret)
{
	CLEAN(list) struct list domains = { 0 };

	TRY(wrap(domain_normalise(cli->operands.v[0], ret), "%s", cli->command->name));
	params_domains(&cli->params, &domains);
	return list_has(&domains, *ret) ? NULL
					: fail(ERR_USAGE,
						  "%s: %s is no domain that this server signs for; `mailsetup domain add %s` makes it one",
						  cli->command->name, *ret, *ret);
}
