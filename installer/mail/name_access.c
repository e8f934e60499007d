#include "base/i18n.h"
#include "mail/name_parts.h"
#include "mail/utf8.h"

#include <ctype.h>

#define LOCAL_PART_MAX 64
#define ADDRESS_MAX    254
#define TEXT_MAX       400 /* a reply line has 512 bytes (RFC 5321, 4.5.3.1.5), with the code and the address in front */

/* RFC 5322, 3.2.3, without letters and digits; the dot stands between atoms, and some write it elsewhere. */
#define ATEXT "!#$%&'*+-/=?^_`{|}~."

static void fold(char *s)
{
	for (; *s; s++)
		*s = (char)tolower((unsigned char)*s);
}

struct error *line_check(const char *what, const char *s, size_t size_max)
{
	size_t size = strlen(s), length;

	if (size > size_max)
		return fail(ERR_USAGE, "the %s has %zu bytes; at most %zu are allowed", what, size, size_max);
	for (size_t i = 0; i < size; i += length) {
		uint32_t c;

		length = utf8_character(s + i, size - i, &c);
		if (!length)
			return fail(ERR_USAGE, "the %s is not valid UTF-8", what);
		if (utf8_is_control(c))
			return fail(ERR_USAGE, "the %s holds a control character, such as a line end or a tab", what);
	}
	return NULL;
}

static struct error *check_local(const char *s, const char *local, const char *also)
{
	size_t size = strlen(local);

	if (!size)
		return name_refuse(s, "has nothing before the @");
	if (size > LOCAL_PART_MAX)
		return name_refuse(s, "has %zu bytes before the @; %d are allowed", size, LOCAL_PART_MAX);
	return name_check_characters(local, also, false);
}

struct error *access_key_normalise(const char *s, bool sender, char **ret)
{
	const char *at = strrchr(s, '@');
	CLEAN(free) char *domain = NULL;

	if (sender && strcmp(s, "<>") == 0) {
		*ret = text_copy(s);
		return NULL;
	}
	if (!*s)
		return fail(ERR_USAGE, "the address is empty; it is user@domain, user@ or a domain");
	if (!at)
		return domain_normalise(s, ret);
	CLEAN(free) char *local = text_copy_n(s, (size_t)(at - s));
	TRY(check_local(s, local, ATEXT));
	if (at[1])
		TRY(domain_normalise(at + 1, &domain));
	if (strlen(local) + 1 + (domain ? strlen(domain) : 0) > ADDRESS_MAX)
		return name_refuse(s, "has more than %d bytes", ADDRESS_MAX);
	fold(local);
	*ret = text("%s@%s", local, domain ? domain : "");
	return NULL;
}

/* What local(8) or rewriting would read as something else does not pass: | / : at the start, ! and % within. */
struct error *destination_normalise(const char *s, char **ret)
{
	const char *at = strrchr(s, '@');
	CLEAN(free) char *domain = NULL;

	if (!at)
		return name_refuse(s, "has no @; an address looks like jeanne@exemple.fr");
	CLEAN(free) char *local = text_copy_n(s, (size_t)(at - s));
	TRY(check_local(s, local, "._-+=~'&#"));
	if (!isalnum((unsigned char)*local) && *local != '_')
		return name_refuse(s, "begins with neither a letter nor a digit");
	TRY(domain_normalise(at + 1, &domain));
	if (strlen(local) + 1 + strlen(domain) > ADDRESS_MAX)
		return name_refuse(s, "has more than %d bytes", ADDRESS_MAX);
	*ret = text("%s@%s", local, domain);
	return NULL;
}

struct error *destinations_normalise(const char *s, char **ret)
{
	CLEAN(list) struct list parts = { 0 }, seen = { 0 };
	CLEAN(bytes) struct bytes joined = { 0 };

	list_split(&parts, s, ",");
	for (size_t i = 0; i < parts.n; i++) {
		char *part = parts.v[i] + strspn(parts.v[i], " ");
		size_t size = strlen(part);
		CLEAN(free) char *normal = NULL;

		while (size && part[size - 1] == ' ')
			part[--size] = '\0';
		if (!size)
			continue;
		TRY(destination_normalise(part, &normal));
		if (list_has(&seen, normal))
			continue;
		list_add(&seen, normal);
		bytes_printf(&joined, "%s%s", joined.size ? "," : "", normal);
	}
	if (!seen.n)
		return fail(ERR_USAGE, "the destination is empty; it is an address, or several separated by commas");
	*ret = TAKE(joined.data);
	return NULL;
}

/* --- actions of access(5) --- */

static struct error *no_rest(const char *rest, char **ret)
{
	*ret = text_copy("");
	return *rest ? fail(ERR_USAGE, "nothing stands after it") : NULL;
}

static struct error *any_text(const char *rest, char **ret)
{
	TRY(line_check(_("text"), rest, TEXT_MAX));
	*ret = text_copy(rest);
	return NULL;
}

static struct error *an_address(const char *rest, char **ret)
{
	return *rest ? destination_normalise(rest, ret) : fail(ERR_USAGE, "an address comes after it");
}

static struct error *a_header(const char *rest, char **ret)
{
	size_t name = 0;

	TRY(any_text(rest, ret));
	while (rest[name] > ' ' && rest[name] < 0x7f && rest[name] != ':')
		name++;
	if (!name || rest[name] != ':' || rest[name + 1] != ' ' || !rest[name + 2])
		return fail(ERR_USAGE, "a header line comes after it, such as `X-Note: text`");
	return NULL;
}

static struct error *a_transport(const char *rest, char **ret)
{
	size_t name = 0;

	TRY(any_text(rest, ret));
	while (isalnum((unsigned char)rest[name]) || (rest[name] && strchr("-_", rest[name])))
		name++;
	if (!name || rest[name] != ':')
		return fail(ERR_USAGE, "TRANSPORT:DESTINATION comes after it, such as smtp:[filter.exemple.fr]:10025");
	for (const char *p = rest + name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-_.:[]/", *p))
			return fail(ERR_USAGE, "its destination holds %c", isgraph((unsigned char)*p) ? *p : '?');
	return NULL;
}

static const struct access_action {
	const char *verb;
	struct error *(*rest)(const char *rest, char **ret);
} access_actions[] = {
	{ "REJECT", any_text },
	{ "DEFER", any_text },
	{ "DEFER_IF_REJECT", any_text },
	{ "DEFER_IF_PERMIT", any_text },
	{ "DISCARD", any_text },
	{ "HOLD", any_text },
	{ "WARN", any_text },
	{ "INFO", any_text },
	{ "REDIRECT", an_address },
	{ "BCC", an_address },
	{ "PREPEND", a_header },
	{ "FILTER", a_transport },
	{ "OK", no_rest },
	{ "DUNNO", no_rest },
};
#define ACTION_COUNT (sizeof(access_actions) / sizeof(*access_actions))

static const struct access_action *find_action(const char *verb)
{
	for (size_t i = 0; i < ACTION_COUNT; i++)
		if (strcasecmp(access_actions[i].verb, verb) == 0)
			return &access_actions[i];
	return NULL;
}

static struct error *unknown_action(const char *s)
{
	CLEAN(bytes) struct bytes known = { 0 };

	for (size_t i = 0; i < ACTION_COUNT; i++)
		bytes_printf(&known, "%s%s", i ? ", " : "", access_actions[i].verb);
	return name_refuse(s, "is no action that Postfix knows; it is one of %s, or a code from 400 to 599 with a text",
		bytes_text(&known));
}

/* "554 text": Postfix takes a number alone for OK. */
static struct error *coded(const char *s, char **ret)
{
	const char *rest = s + 3 + strspn(s + 3, " ");

	if ((s[0] != '4' && s[0] != '5') || s[3] != ' ')
		return name_refuse(s, "is no reply code from 400 to 599 with a space behind it");
	if (!*rest)
		return name_refuse(s, "is a code without a text");
	TRY(line_check(_("text"), rest, TEXT_MAX));
	*ret = text("%.3s %s", s, rest);
	return NULL;
}

struct error *access_action_normalise(const char *s, char **ret)
{
	size_t size = strcspn(s, " ");
	CLEAN(free) char *verb = text_copy_n(s, size), *rest = NULL;
	const struct access_action *action = find_action(verb);

	if (!*s)
		return fail(ERR_USAGE, "the action is empty; the usual one is REJECT");
	if (!s[strspn(s, "0123456789 ")])
		return name_refuse(s, "is a number alone, which Postfix takes for OK; add a text, such as 554 No, thank you");
	if (strspn(s, "0123456789") == 3)
		return coded(s, ret);
	if (!action)
		return unknown_action(s);
	TRY(wrap(action->rest(s + size + strspn(s + size, " "), &rest), "%s", action->verb));
	*ret = text(*rest ? "%s %s" : "%s", action->verb, rest);
	return NULL;
}
