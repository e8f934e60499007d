#include "base/i18n.h"
#include "mail/name_parts.h"

#include <ctype.h>
#include <idn2.h>
#include <libpsl.h>

#define DOMAIN_MAX 253
#define IDN_FLAGS  (IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT)

struct domain_kind {
	const char *noun;
	const char *example;
};
static const struct domain_kind mail_domain = { N_("mail domain"), "exemple.fr" };
static const struct domain_kind host_name = { N_("host name"), "mail.exemple.fr" };

DEFINE_CLEANUP(char *, idn2_free)

static struct error *convert(const char *name, int flags, char **ret)
{
	int status = idn2_to_ascii_8z(name, ret, flags);

	if (status != IDN2_OK)
		return name_refuse(name, "is not a valid internationalised name: %s", idn2_strerror(status));
	return NULL;
}

/* A-labels in lower case. What IDNA would drop from the name, or write another way back, is refused: the name
 * that was typed and the name that is used would differ. */
static struct error *to_ascii(const char *name, char **ret)
{
	CLEAN(idn2_free) char *ascii = NULL, *lax = NULL, *unicode = NULL, *again = NULL;

	TRY(convert(name, IDN_FLAGS | IDN2_USE_STD3_ASCII_RULES, &ascii));
	/* The STD3 rules of libidn2 remove a forbidden character in silence. */
	TRY(convert(name, IDN_FLAGS, &lax));
	if (strcasecmp(ascii, lax) != 0)
		return name_refuse(name, "holds a character that cannot stand in a domain");
	if (idn2_to_unicode_8z8z(ascii, &unicode, 0) != IDN2_OK ||
		idn2_to_ascii_8z(unicode, &again, IDN_FLAGS | IDN2_USE_STD3_ASCII_RULES) != IDN2_OK ||
		strcasecmp(ascii, again) != 0)
		return name_refuse(name, "has a label that begins with xn-- and decodes to another name");
	*ret = text_copy(ascii);
	return NULL;
}

static struct error *check_size(const char *name, const char *domain)
{
	if (strlen(domain) > DOMAIN_MAX)
		return name_refuse(name, "has %zu bytes; the DNS allows %d", strlen(domain), DOMAIN_MAX);
	return NULL;
}

static struct error *check_reserved(const char *name, const char *domain, const struct domain_kind *kind)
{
	static const char *const reserved[] = { "localhost", "local", "invalid", "onion", "arpa" };
	const char *dot = strrchr(domain, '.'), *last = dot ? dot + 1 : domain;

	for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		if (strcmp(last, reserved[i]) == 0)
			return name_refuse(name,
				"lies under %s, which is reserved and takes no mail; use a %s such as %s",
				reserved[i], translated(kind->noun), kind->example);
	return NULL;
}

/* Only the registries' own suffixes count: the private ones (dyndns.org, ...) belong to somebody who may want
 * mail. A name under a top-level domain that the list does not have (.lan, .test) is no suffix. */
static struct error *check_suffix(const char *name, const char *domain)
{
	if (psl_is_public_suffix2(psl_builtin(), domain, PSL_TYPE_ICANN))
		return name_refuse(name,
			"is a public suffix, under which others register; add a label in front, such as "
			"exemple.%s",
			domain);
	return NULL;
}

static struct error *check_shape(const char *name, const char *domain, const struct domain_kind *kind)
{
	const char *dot = strrchr(domain, '.'), *last = dot ? dot + 1 : domain;

	TRY(check_size(name, domain));
	TRY(check_reserved(name, domain, kind));
	if (!dot)
		return name_refuse(
			name, "has one label; a %s needs two, such as %s", translated(kind->noun), kind->example);
	if (last[strspn(last, "0123456789")] == '\0')
		return name_refuse(name, "ends in a number, so it would be taken for an IP address");
	return check_suffix(name, domain);
}

static void drop_final_dot(char *domain)
{
	size_t size = strlen(domain);

	if (size > 1 && domain[size - 1] == '.')
		domain[size - 1] = '\0';
}

/* Plain names get our reasons; libidn2's are for the others. */
static struct error *check_plain(const char *name, const struct domain_kind *kind)
{
	CLEAN(free) char *labels = text_copy(name);

	for (const char *p = name; *p; p++)
		if (!isascii((unsigned char)*p))
			return NULL;
	drop_final_dot(labels);
	TRY(name_check_labels(name, translated(kind->noun), labels));
	return check_size(name, labels);
}

static struct error *normalise(const char *s, const struct domain_kind *kind, char **ret)
{
	CLEAN(free) char *domain = NULL;

	if (!*s)
		return fail(ERR_USAGE, "the %s is empty; it looks like %s", translated(kind->noun), kind->example);
	if (name_is_ip(s))
		return name_refuse(
			s, "is an IP address, not a domain; a %s looks like %s", translated(kind->noun), kind->example);
	TRY(name_check_characters(s, "-.", true));
	TRY(check_plain(s, kind));
	TRY(to_ascii(s, &domain));
	drop_final_dot(domain);
	TRY(name_check_labels(s, translated(kind->noun), domain));
	TRY(check_shape(s, domain, kind));
	*ret = TAKE(domain);
	return NULL;
}

struct error *domain_normalise(const char *s, char **ret)
{
	return normalise(s, &mail_domain, ret);
}

struct error *hostname_normalise(const char *s, char **ret)
{
	return normalise(s, &host_name, ret);
}

char *name_letters(const char *name)
{
	CLEAN(idn2_free) char *unicode = NULL;
	const char *at = strrchr(name, '@'), *domain = at ? at + 1 : name;

	if (idn2_to_unicode_8z8z(domain, &unicode, 0) != IDN2_OK || strcmp(unicode, domain) == 0)
		return NULL;
	return text("%.*s%s", (int)(domain - name), name, unicode);
}
