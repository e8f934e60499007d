#include "mail/password.h"
#include "base/i18n.h"
#include "mail/utf8.h"

#include <crypt.h>
#include <openssl/crypto.h>

#define SCHEME	     "{SHA512-CRYPT}"
#define METHOD	     "$6$"
#define ALPHABET     "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define SALT_MAX     16
#define HASH_SIZE    86
#define ROUNDS_MAX   1000000 /* a login would take half a second */
#define PASSWORD_MIN 8
#define PASSWORD_MAX (CRYPT_MAX_PASSPHRASE_SIZE - 1)

/* crypt(3) keeps the password in it. */
static void wipe(struct crypt_data *data)
{
	explicit_bzero(data, sizeof(*data));
	free(data);
}
DEFINE_CLEANUP(struct crypt_data *, wipe)

struct error *password_check(const struct bytes *password)
{
	size_t length;

	if (password->size < PASSWORD_MIN)
		return fail(ERR_USAGE, ngettext("the password has %zu byte; it needs at least %d", "the password has %zu bytes; it needs at least %d",
					       password->size), password->size,
			PASSWORD_MIN);
	if (password->size > PASSWORD_MAX)
		return fail(ERR_USAGE, "the password has %zu bytes; at most %d are used", password->size,
			PASSWORD_MAX);
	for (size_t i = 0; i < password->size; i += length) {
		uint32_t c;

		length = utf8_character(password->data + i, password->size - i, &c);
		if (!length)
			return fail(ERR_USAGE, "the password is not valid UTF-8; mail clients send UTF-8");
		if (utf8_is_control(c))
			return fail(ERR_USAGE,
				"the password holds a control character, such as a line end or a tab");
	}
	return NULL;
}

struct error *password_hash(const struct bytes *password, char **ret)
{
	CLEAN(wipe) struct crypt_data *data = allocate(sizeof(*data));
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];

	TRY(password_check(password));
	if (!crypt_gensalt_rn(METHOD, 0, NULL, 0, setting, sizeof(setting)))
		return fail_errno(errno, "cannot make a salt for the password");
	const char *hash = crypt_r(password->data, setting, data);
	if (!hash || !starts_with(hash, METHOD))
		return fail_errno(errno, "cannot hash the password");
	*ret = text(SCHEME "%s", hash);
	return NULL;
}

bool password_matches(const struct bytes *password, const char *stored)
{
	CLEAN(wipe) struct crypt_data *data = allocate(sizeof(*data));

	if (!starts_with(stored, SCHEME METHOD) || !password->size || strlen(password->data) != password->size)
		return false;
	stored += strlen(SCHEME);
	const char *hash = crypt_r(password->data, stored, data);
	size_t size = strlen(stored);
	return hash && starts_with(hash, METHOD) && strlen(hash) == size &&
	       CRYPTO_memcmp(hash, stored, size) == 0;
}

struct error *password_hash_check(const char *stored)
{
	const char *s = stored + strlen(SCHEME METHOD);

	if (!starts_with(stored, SCHEME METHOD))
		return fail(ERR_USAGE, "the hash does not begin with %s%s, the only scheme that is taken", SCHEME, METHOD);
	if (starts_with(s, "rounds=")) {
		size_t digits = strspn(s + 7, "0123456789");
		unsigned long rounds = strtoul(s + 7, NULL, 10);

		if (!digits || digits > 7 || s[7 + digits] != '$' || rounds < 1000 || rounds > ROUNDS_MAX)
			return fail(ERR_USAGE, "the hash has a number of rounds outside of 1000 to %d", ROUNDS_MAX);
		s += 7 + digits + 1;
	}
	size_t salt = strspn(s, ALPHABET);
	if (!salt || salt > SALT_MAX || s[salt] != '$' || strspn(s + salt + 1, ALPHABET) != HASH_SIZE ||
		s[salt + 1 + HASH_SIZE])
		return fail(ERR_USAGE, "the hash is no whole %s hash: after %s come a salt, $ and %d characters", SCHEME, METHOD, HASH_SIZE);
	return NULL;
}
