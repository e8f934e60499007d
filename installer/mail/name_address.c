#include "mail/name_parts.h"

#include <ctype.h>

#define LOCAL_PART_MAX 64
#define ADDRESS_MAX    254 /* RFC 5321, 4.5.3.1.3: a path of 256 with its brackets */

struct error *local_part_normalise(const char *s, char **ret)
{
	size_t size = strlen(s);

	if (!size)
		return fail(
			ERR_USAGE, "the part before the @ is empty; an address looks like jeanne@exemple.fr");
	if (strchr(s, '+'))
		return name_refuse(
			s, "holds +, which separates a mailbox from its detail (user+detail); leave it out");
	TRY(wrap(name_check_characters(s, "._-", false),
		"a mailbox is named with a-z, 0-9, dot, hyphen and underscore"));
	if (size > LOCAL_PART_MAX)
		return name_refuse(s, "has %zu bytes before the @; %d are allowed", size, LOCAL_PART_MAX);
	if (s[0] == '-')
		return name_refuse(s, "begins with a hyphen, which programs take for an option");
	if (s[0] == '.' || s[size - 1] == '.' || strstr(s, ".."))
		return name_refuse(s,
			"has a dot at an end, or two in a row; one dot between two other characters is fine");

	char *local = text_copy(s);
	for (char *p = local; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	*ret = local;
	return NULL;
}

struct error *address_normalise(const char *s, char **ret)
{
	const char *at = strchr(s, '@');

	if (!at)
		return name_refuse(s, "has no @; an address looks like jeanne@exemple.fr");
	if (strchr(at + 1, '@'))
		return name_refuse(s, "has more than one @");

	CLEAN(free) char *typed = text_copy_n(s, (size_t)(at - s));
	CLEAN(free) char *local = NULL, *domain = NULL;
	TRY(local_part_normalise(typed, &local));
	TRY(domain_normalise(at + 1, &domain));
	if (strlen(local) + 1 + strlen(domain) > ADDRESS_MAX)
		return name_refuse(s, "has more than %d bytes", ADDRESS_MAX);
	*ret = text("%s@%s", local, domain);
	return NULL;
}

const char *address_domain(const char *address)
{
	const char *at = strrchr(address, '@');

	return at ? at + 1 : address + strlen(address);
}
