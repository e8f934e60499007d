#include "tests/unit/unit.h"

#include "mail/dns_rdata.h"

/* Answers in wire format, also malformed ones: what comes from the network never leads past its end. */
static void expect_rdata(const char *type, const void *data, size_t size, const char *expected)
{
	CLEAN(list) struct list l = { 0 };
	/* Its own allocation of that very size, so that the sanitizer sees a read behind it. */
	unsigned char *copy = malloc(size ? size : 1);

	assert_non_null(copy);
	memcpy(copy, data, size);
	dns_type_find(type)->add((struct dns_rdata){ copy, size }, &l);
	free(copy);
	assert_int_equal(l.n, expected ? 1 : 0);
	if (expected)
		assert_string_equal(l.v[0], expected);
}

static void wire_format(void **state)
{
	static const char mx[] = "\0\12\4Mail\7exemple\2fr"; /* its NUL is the root label */
	static const char txt[] = "\3abc\2de";

	(void)state;
	expect_rdata("A", "\300\0\2\1", 4, "192.0.2.1");
	expect_rdata("A", "\300\0\2", 3, NULL);
	expect_rdata("A", "", 0, NULL);
	expect_rdata("AAAA", "\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1", 16, "2001:db8::1");
	expect_rdata("AAAA", "\300\0\2\1", 4, NULL);
	expect_rdata("MX", mx, sizeof(mx), "10 mail.exemple.fr");
	for (size_t size = 0; size < sizeof(mx); size++)
		expect_rdata("MX", mx, size, NULL);
	expect_rdata("MX", "\0\0\0", 3, "0 .");
	expect_rdata("PTR", "\1a\300\0", 4, NULL); /* compressed */
	expect_rdata("PTR", "\1a\0\0", 4, NULL);   /* something behind the name */
	expect_rdata("PTR", "\3a.b\0", 5, "a\\.b");
	expect_rdata("PTR", "\2\n\0\0", 4, "\\010\\000");
	expect_rdata("SRV", "\0\12\0\1\1\321\4Mail\2fr", 15, "10 1 465 mail.fr");
	expect_rdata("SRV", "\0\0\0\0\0\0\0", 7, "0 0 0 .");
	expect_rdata("SRV", "\0\0\0\0\0\0", 6, NULL);
	expect_rdata("TLSA", "\3\1\1\253\22", 5, "3 1 1 ab12");
	expect_rdata("TLSA", "\3\1\1", 3, NULL);
	expect_rdata("CAA", "\0\5issueca\"x", 11, "0 issue \"ca\\\"x\"");
	expect_rdata("CAA", "\0\5issue", 7, "0 issue \"\"");
	expect_rdata("CAA", "\0\5issu", 6, NULL);
	expect_rdata("CAA", "\0\0", 2, NULL);
	expect_rdata("CAA", "\0", 1, NULL);
	expect_rdata("TXT", txt, sizeof(txt) - 1, "abcde");
	expect_rdata("TXT", txt, sizeof(txt) - 2, NULL);
	expect_rdata("TXT", "\2a\n\0", 4, "a\\010");
	expect_rdata("TXT", "\377a", 2, NULL);
	assert_null(dns_type_find("AXFR"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wire_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
