/* Passwords: what is refused, and that the hashes are those that Dovecot reads. */
#include "tests/unit/unit.h"

#include "mail/password.h"

static struct bytes bytes_of(const void *data, size_t size)
{
	struct bytes b = { 0 };

	bytes_add(&b, data, size);
	return b;
}

static void expect_refusal(const void *data, size_t size, const char *reason)
{
	CLEAN(bytes) struct bytes password = bytes_of(data, size);
	char *hash = NULL;
	struct error *e = password_check(&password);

	assert_int_equal(error_code(e), ERR_USAGE);
	if (!strstr(error_message(e), reason))
		fail_msg("\"%s\" does not say \"%s\"", error_message(e), reason);
	error_free(e);
	e = password_hash(&password, &hash);
	assert_int_equal(error_code(e), ERR_USAGE);
	error_free(e);
	assert_null(hash);
}

static void refusals(void **state)
{
	char long_one[513];

	(void)state;
	memset(long_one, 'x', sizeof(long_one));
	expect_refusal("", 0, "has 0 bytes; it needs at least 8");
	expect_refusal("1234567", 7, "needs at least 8");
	expect_refusal(long_one, 512, "has 512 bytes; at most 511");
	expect_refusal(long_one, 513, "at most 511");
	expect_refusal("12345678\0a", 10, "control character");
	expect_refusal("12345678\n", 9, "control character");
	expect_refusal("12345678\r", 9, "control character");
	expect_refusal("1234\t5678", 9, "control character");
	expect_refusal("12345678\x7f", 9, "control character");
	expect_refusal("12345678\xc2\x85", 10, "control character");
	expect_refusal("12345678\xe9", 9, "not valid UTF-8");
	expect_refusal("12345678\xc3", 9, "not valid UTF-8");

	struct bytes nothing = { 0 };
	struct error *e = password_check(&nothing);
	assert_int_equal(error_code(e), ERR_USAGE);
	error_free(e);
	assert_false(password_matches(&nothing, "{SHA512-CRYPT}$6$salt$x"));
}

static void round_trip(void **state)
{
	char long_one[511];
	struct {
		const char *data;
		size_t size;
	} rows[] = {
		{ "toto1234567890°+", strlen("toto1234567890°+") },
		{ "{PLAIN}password", 15 },
		{ "-leading-hyphen", 15 },
		{ "a:b:c:d:e:f", 11 },
		{ "with a space, and 'quotes\"", 26 },
		{ "12345678", 8 },
		{ long_one, 73 }, /* beyond what bcrypt reads */
		{ long_one, 511 },
	};

	(void)state;
	memset(long_one, 'x', sizeof(long_one));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEAN(bytes) struct bytes password = bytes_of(rows[i].data, rows[i].size);
		CLEAN(free) char *hash = NULL, *again = NULL;

		assert_null(password_hash(&password, &hash));
		assert_true(starts_with(hash, "{SHA512-CRYPT}$6$"));
		assert_null(strstr(hash, "rounds="));
		assert_null(strstr(hash, password.data));
		assert_true(password_matches(&password, hash));

		assert_null(password_hash(&password, &again));
		assert_string_not_equal(hash, again); /* the salt is fresh */

		password.data[password.size - 1] ^= 1;
		assert_false(password_matches(&password, hash));
	}
}

static void every_byte_counts(void **state)
{
	CLEAN(bytes) struct bytes composed = bytes_of("mot-de-passe-\xc3\xa9", 15);
	CLEAN(bytes) struct bytes decomposed = bytes_of("mot-de-passe-e\xcc\x81", 16);
	CLEAN(free) char *hash = NULL;

	(void)state;
	assert_null(password_hash(&composed, &hash));
	/* Dovecot compares bytes, so we do. */
	assert_false(password_matches(&decomposed, hash));
	bytes_add(&composed, "\0x", 2);
	assert_false(password_matches(&composed, hash));
}

/* Made by another program: openssl passwd -6 -salt mailsetupSalt016 PASSWORD */
#define FOREIGN                                                                                                \
	"$6$mailsetupSalt016$/B/cIxrMDhOJ0Yw/"                                                                 \
	"6JQGZXQFhR6zD949FHaKRX1WThu4OFlHGUMjTC8rV57CMX2V6zkF2KCM6pAq.k5Qmr/Fl."

static void foreign_hashes(void **state)
{
	CLEAN(bytes) struct bytes password = bytes_of("toto1234567890°+", strlen("toto1234567890°+"));
	static const char stored[] = "{SHA512-CRYPT}" FOREIGN;
	CLEAN(free) char *other = text_copy(stored);

	(void)state;
	assert_true(password_matches(&password, stored));
	other[strlen(other) - 1] ^= 1;
	assert_false(password_matches(&password, other));
	assert_false(password_matches(&password, stored + strlen("{SHA512-CRYPT}")));
	assert_false(password_matches(&password, "{PLAIN}toto1234567890°+"));
	assert_false(password_matches(&password, "{SHA512-CRYPT}"));
	assert_false(password_matches(&password, "{SHA512-CRYPT}$6$"));
	assert_false(password_matches(&password, "{SHA512-CRYPT}$6$a:b$x"));
	assert_false(password_matches(&password, "{SHA512-CRYPT}*0"));
	assert_false(password_matches(&password, ""));
}

#define S43 "abcdefghijklmnopqrstuvwxyz./ABCDEFGHIJKLMNO"
#define SHA512_CRYPT "{SHA512-CRYPT}$6$"

static void hashes(void **state)
{
	static const char *const good[] = { SHA512_CRYPT "s$" S43 S43, SHA512_CRYPT "0123456789abcdef$" S43 S43,
		SHA512_CRYPT "rounds=1000000$sel./$" S43 S43 };
	static const char *const bad[] = { "", "x", "{PLAIN}secret", "{SHA512-CRYPT}", SHA512_CRYPT, "$6$s$" S43 S43,
		"{SHA512}$6$s$" S43 S43, SHA512_CRYPT "$" S43 S43, SHA512_CRYPT "0123456789abcdefg$" S43 S43, SHA512_CRYPT "s$" S43,
		SHA512_CRYPT "s$" S43 S43 "x", SHA512_CRYPT "s$" S43 S43 "\n", SHA512_CRYPT "s:$" S43 S43,
		SHA512_CRYPT "rounds=999$s$" S43 S43, SHA512_CRYPT "rounds=1000001$s$" S43 S43, SHA512_CRYPT "rounds=$s$" S43 S43,
		SHA512_CRYPT "rounds=99999999$s$" S43 S43, "{SHA512-CRYPT}$5$s$" S43 S43, "{CRYPT}$6$s$" S43 S43 };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct error *e = password_hash_check(good[i]);

		if (e)
			fail_msg("%s: %s", good[i], error_message(e));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct error *e = password_hash_check(bad[i]);

		if (error_code(e) != ERR_USAGE)
			fail_msg("%s is taken", bad[i]);
		error_free(e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(every_byte_counts),
		cmocka_unit_test(foreign_hashes),
		cmocka_unit_test(hashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
