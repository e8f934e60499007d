#include "tests/unit/unit.h"

#include "host/sealed.h"

#define COST 10
#define TEXT "ce qui fut scelle"

static const struct bytes passphrase = { .data = (char *)"phrase secrète", .size = sizeof("phrase secrète") - 1 };

static struct bytes sealed_text(void)
{
	const struct bytes text_of = { .data = (char *)TEXT, .size = strlen(TEXT) };
	struct bytes sealed = { 0 };

	must(seal(&text_of, &passphrase, COST, &sealed));
	return sealed;
}

static void expect_refused(const struct bytes *sealed, const struct bytes *with, const char *part)
{
	CLEAN(bytes) struct bytes found = { 0 };

	fails_with(unseal(sealed, with, &found), ERR_USAGE, part);
	assert_int_equal(found.size, 0);
}

static void what_was_sealed_is_read(void **state)
{
	static const size_t sizes[] = { 0, 1, 16, 4095, 100000 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		CLEAN(bytes) struct bytes in = { 0 }, sealed = { 0 }, out = { 0 };

		for (size_t k = 0; k < sizes[i]; k++)
			bytes_add(&in, (char[]){ (char)(k * 7) }, 1);
		must(seal(&in, &passphrase, COST, &sealed));
		assert_int_equal(sealed.size, sizes[i] + 56);
		must(unseal(&sealed, &passphrase, &out));
		assert_true(bytes_equal(&in, &out));
	}
}

/* By Python's hashlib and cryptography, as the header says it. */
static void others_write_the_same(void **state)
{
	static const char made[] = "6d61696c736574010a080100000102030405060708090a0b0c0d0e0f6465666768696a6b6c6d6e6f91c9b088bb91d86cb5f0f7284a366cb25984a7fffe103069be90b23336e540416c";
	CLEAN(bytes) struct bytes sealed = { 0 }, out = { 0 };

	(void)state;
	for (const char *c = made; *c; c += 2)
		bytes_add(&sealed, (char[]){ (char)strtoul((char[]){ c[0], c[1], '\0' }, NULL, 16) }, 1);
	must(unseal(&sealed, &passphrase, &out));
	assert_string_equal(bytes_text(&out), TEXT);
}

static void no_two_are_alike(void **state)
{
	CLEAN(bytes) struct bytes a = sealed_text(), b = sealed_text();

	(void)state;
	assert_memory_equal(a.data, b.data, 12);
	for (size_t at = 12; at < 57; at += 15)
		assert_memory_not_equal(a.data + at, b.data + at, 15);
}

static void another_passphrase_is_refused(void **state)
{
	CLEAN(bytes) struct bytes sealed = sealed_text();
	struct bytes other = passphrase;

	(void)state;
	other.size--;
	expect_refused(&sealed, &other, "the passphrase is wrong, or the file is damaged");
	other.size = 0;
	expect_refused(&sealed, &other, "the passphrase is empty");
	fails_with(seal(&sealed, &other, COST, &other), ERR_USAGE, "the passphrase is empty");
}

static void a_changed_byte_is_refused(void **state)
{
	CLEAN(bytes) struct bytes sealed = sealed_text();

	(void)state;
	for (size_t i = 0; i < sealed.size; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			sealed.data[i] ^= (char)(1 << bit);
			expect_refused(&sealed, &passphrase, "");
			sealed.data[i] ^= (char)(1 << bit);
		}
}

static void a_cut_file_is_refused(void **state)
{
	CLEAN(bytes) struct bytes sealed = sealed_text();
	struct bytes part = sealed;

	(void)state;
	for (part.size = 0; part.size < sealed.size; part.size++)
		expect_refused(&part, &passphrase, "");
	bytes_add(&sealed, "", 1);
	expect_refused(&sealed, &passphrase, "the passphrase is wrong, or the file is damaged");
}

/* What would take hours, or all memory, is not begun. */
static void hostile_numbers_are_refused(void **state)
{
	static const unsigned char hostile[][3] = { { 19, 8, 1 }, { 40, 8, 1 }, { 63, 1, 1 }, { 64, 1, 1 }, { 255, 255, 255 }, { 10, 0, 1 },
		{ 10, 8, 0 }, { 9, 8, 1 }, { 0, 8, 1 }, { 17, 8, 255 }, { 16, 255, 1 }, { 10, 64, 255 },
		{ 16, 1, 1 }, { 20, 1, 1 } };
	CLEAN(bytes) struct bytes sealed = sealed_text();

	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
		memcpy(sealed.data + 8, hostile[i], 3);
		fails_with(sealed_check(&sealed), ERR_USAGE, "it asks for more work than any passphrase needs");
		expect_refused(&sealed, &passphrase, "it asks for more work than any passphrase needs");
	}
	memcpy(sealed.data + 8, (const unsigned char[]){ 15, 1, 1 }, 3);
	expect_refused(&sealed, &passphrase, "the passphrase is wrong, or the file is damaged");
	sealed.data[7] = 2;
	expect_refused(&sealed, &passphrase, "of format 2");
}

static void what_is_too_large_is_refused(void **state)
{
	CLEAN(bytes) struct bytes sealed = sealed_text();
	struct bytes large = { .data = sealed.data, .size = (size_t)SEALED_MAX + 1 };

	(void)state;
	expect_refused(&large, &passphrase, "more than 64 MiB");
	fails_with(seal(&large, &passphrase, COST, &sealed), ERR_PRECHECK, "more than 64 MiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_sealed_is_read),
		cmocka_unit_test(others_write_the_same),
		cmocka_unit_test(no_two_are_alike),
		cmocka_unit_test(another_passphrase_is_refused),
		cmocka_unit_test(a_changed_byte_is_refused),
		cmocka_unit_test(a_cut_file_is_refused),
		cmocka_unit_test(hostile_numbers_are_refused),
		cmocka_unit_test(what_is_too_large_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
