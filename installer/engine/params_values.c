#include "engine/params_values.h"
#include "mail/name.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE_LEAST UINT64_C(1048576)
#define SIZE_MOST  UINT64_C(2147483647) /* Postfix counts in a long, other programs along the way in 31 bits */

static struct error *choose(const char *s, const char *first, const char *second, char **ret)
{
	if (strcmp(s, first) != 0 && strcmp(s, second) != 0) {
		CLEAN(free) char *shown = printable(s);

		return fail(ERR_USAGE, "“%s” is neither %s nor %s", shown, first, second);
	}
	*ret = text_copy(s);
	return NULL;
}

struct error *flag_normalise(const char *s, char **ret)
{
	return choose(s, "yes", "no", ret);
}

struct error *dh_normalise(const char *s, char **ret)
{
	return choose(s, "ffdhe", "generate", ret);
}

struct error *tls_normalise(const char *s, char **ret)
{
	return choose(s, "encrypt", "may", ret);
}

struct error *hash_normalise(const char *s, char **ret)
{
	if (!starts_with(s, "{SHA512-CRYPT}$6$") || strlen(s) > 200)
		return fail(ERR_USAGE, "this is no {SHA512-CRYPT} hash");
	for (const char *p = s; *p; p++)
		if (!isgraph((unsigned char)*p))
			return fail(ERR_USAGE, "this is no {SHA512-CRYPT} hash");
	*ret = text_copy(s);
	return NULL;
}

/* Decimal digits only; false beyond 15 of them. */
static bool parse_number(const char *s, size_t size, uint64_t *ret)
{
	*ret = 0;
	if (!size || size > 15)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (!isdigit((unsigned char)s[i]))
			return false;
		*ret = *ret * 10 + (uint64_t)(s[i] - '0');
	}
	return true;
}

struct error *dh_bits_normalise(const char *s, char **ret)
{
	uint64_t bits;

	if (!parse_number(s, strlen(s), &bits) || bits < 2048 || bits > 8192 || bits % 8)
		return fail(ERR_USAGE,
			"a Diffie-Hellman group has 2048 to 8192 bits, in steps of 8; 4096 is the usual size");
	*ret = text("%" PRIu64, bits);
	return NULL;
}

struct error *dkim_bits_normalise(const char *s, char **ret)
{
	uint64_t bits;

	if (!parse_number(s, strlen(s), &bits) || (bits != 2048 && bits != 3072 && bits != 4096))
		return fail(ERR_USAGE, "a DKIM key has 2048, 3072 or 4096 bits: receivers distrust less, and "
				       "need not verify more (RFC 8301)");
	*ret = text("%" PRIu64, bits);
	return NULL;
}

struct error *dkim_key_normalise(const char *s, char **ret)
{
	size_t length = strcspn(s, ":");
	CLEAN(free) char *before = text_copy_n(s, length);
	CLEAN(free) char *domain = NULL, *selector = NULL;

	TRY(domain_normalise(before, &domain));
	TRY(selector_normalise(s + length + (s[length] == ':'), &selector));
	*ret = text("%s:%s", domain, selector);
	return NULL;
}

struct error *size_normalise(const char *s, char **ret)
{
	static const char units[] = "KMG";
	size_t digits = strspn(s, "0123456789");
	const char *unit = s[digits] ? strchr(units, toupper((unsigned char)s[digits])) : NULL;
	uint64_t size;

	if (!parse_number(s, digits, &size) || (s[digits] && (!unit || s[digits + 1])))
		return fail(ERR_USAGE, "a size is a number of bytes, or a number with K, M or G, such as 30M");
	for (ptrdiff_t i = unit ? unit - units + 1 : 0; i > 0 && size <= SIZE_MOST; i--)
		size *= 1024;
	if (size < SIZE_LEAST || size > SIZE_MOST)
		return fail(
			ERR_USAGE, "the largest message may have between 1M and 2G less one byte (2147483647)");
	*ret = text("%" PRIu64, size);
	return NULL;
}

struct error *path_normalise(const char *s, char **ret)
{
	CLEAN(free) char *shown = printable(s);

	if (s[0] != '/' || strlen(s) >= PATH_MAX)
		return fail(ERR_USAGE, "“%s” is no absolute path", shown);
	for (const char *p = s; *p; p++)
		if (iscntrl((unsigned char)*p))
			return fail(
				ERR_USAGE, "the path “%s” holds a control character; rename the file", shown);
	*ret = text_copy(s);
	return NULL;
}

/* A link stays a link: Let's Encrypt renews what live/NAME/fullchain.pem points to. */
static char *make_absolute(const char *s)
{
	CLEAN(free) char *here = s[0] == '/' ? NULL : realpath(".", NULL);

	return here ? text("%s/%s", here, s) : text_copy(s);
}

struct error *file_normalise(const char *s, char **ret)
{
	CLEAN(free) char *shown = printable(s);
	CLEAN(free) char *path = make_absolute(s);
	struct stat st;

	if (!*s || access(path, F_OK) < 0)
		return recode(fail_errno(*s ? errno : ENOENT, "cannot find the file “%s”", shown), ERR_USAGE);
	CLEAN(fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return recode(fail_errno(errno, "cannot read the file “%s”", shown), ERR_USAGE);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return fail(ERR_USAGE, "“%s” is no regular file", shown);
	return path_normalise(path, ret);
}
