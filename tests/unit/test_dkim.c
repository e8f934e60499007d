#include "tests/unit/unit.h"

#include "host/crypto.h"
#include "mail/dkim.h"

#include <stdbool.h>
#include <sys/types.h>
#include <opendkim/dkim.h>

#define DOMAIN	 "exemple.fr"
#define SELECTOR "mail"
#define HEADERS                                                                                                \
	"From: Jean <jean@exemple.fr>\r\n"                                                                     \
	"To: anne@exemple.org\r\n"                                                                             \
	"Subject: essai\r\n"                                                                                   \
	"  sur deux lignes\r\n"                                                                                \
	"Date: Tue, 01 Jul 2025 10:00:00 +0200\r\n"
#define BODY "Bonjour,\r\n\r\n.une ligne qui commence par un point\r\nfin  \r\n\r\n\r\n"

static struct bytes key, other_key;
static char *record, *other_record;

static void refused(struct error *e, const char *part)
{
	fails_with(e, ERR_STOPPED, part);
}

static int make_keys(void **state)
{
	(void)state;
	return key_generate_rsa(4096, &key) || key_generate_rsa(1024, &other_key) ||
	       dkim_record(&key, &record) || dkim_record(&other_key, &other_record);
}

static int drop_keys(void **state)
{
	(void)state;
	bytes_wipe(&key);
	bytes_wipe(&other_key);
	free(record);
	free(other_record);
	return 0;
}

/* HEADERS and BODY with a signature in front, made by libopendkim as the milter makes it. */
static struct bytes signed_message(
	const struct bytes *private_key, const char *domain, const char *selector, const char *more_headers)
{
	CLEAN(free) char *text_ = text("%s" HEADERS "\r\n" BODY, more_headers);
	DKIM_LIB *library = dkim_init(NULL, NULL);
	DKIM_STAT status;
	DKIM *d = dkim_sign(library, (const u_char *)"test", NULL, (dkim_sigkey_t)private_key->data,
		(const u_char *)selector, (const u_char *)domain, DKIM_CANON_RELAXED, DKIM_CANON_SIMPLE,
		DKIM_SIGN_RSASHA256, -1L, &status);
	struct bytes b = { 0 };
	u_char *signature;
	size_t size;

	assert_int_equal(status, DKIM_STAT_OK);
	assert_int_equal(dkim_chunk(d, (u_char *)text_, strlen(text_)), DKIM_STAT_OK);
	assert_int_equal(dkim_chunk(d, NULL, 0), DKIM_STAT_OK);
	assert_int_equal(dkim_eom(d, NULL), DKIM_STAT_OK);
	assert_int_equal(dkim_getsighdr_d(d, strlen("DKIM-Signature: "), &signature, &size), DKIM_STAT_OK);
	bytes_printf(&b, "DKIM-Signature: %.*s\r\n%s", (int)size, (const char *)signature, text_);
	dkim_free(d);
	dkim_close(library);
	return b;
}

static struct bytes replaced(const struct bytes *b, const char *from, const char *to)
{
	struct bytes r = { 0 };
	const char *at = strstr(b->data, from);

	assert_non_null(at);
	bytes_add(&r, b->data, (size_t)(at - b->data));
	bytes_add_text(&r, to);
	bytes_add_text(&r, at + strlen(from));
	return r;
}

static struct bytes without_cr(const struct bytes *b)
{
	struct bytes r = { 0 };

	for (size_t i = 0; i < b->size; i++)
		if (b->data[i] != '\r')
			bytes_add(&r, b->data + i, 1);
	return r;
}

static void a_record_holds_the_public_key(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes der = { 0 }, want = { 0 };

	assert_true(starts_with(record, "v=DKIM1; h=sha256; k=rsa; s=email; p=MIICIjANBgkqhkiG9w0B"));
	assert_null(strpbrk(record, "\r\n\""));
	must(dkim_record_key(record, &der));
	must(key_public(&key, &want));
	assert_true(bytes_equal(&der, &want));
	must(key_proves(&key, &der));
}

static void a_record_without_key_is_refused(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes der = { 0 }, junk = { 0 };
	char *none = NULL;

	refused(dkim_record_key("", &der), "holds no key");
	refused(dkim_record_key("v=DKIM1; sp=AAAA", &der), "holds no key");
	refused(dkim_record_key("v=DKIM1; p=", &der), "revokes");
	refused(dkim_record_key("v=DKIM1; p= ; k=rsa", &der), "revokes");
	refused(dkim_record_key("v=DKIM1; p=A!", &der), "base64");
	assert_int_equal(der.size, 0);
	must(dkim_record_key("p = Zm 9v ;v=DKIM1", &der));
	assert_string_equal(der.data, "foo");
	bytes_add_text(&junk, "junk");
	refused(dkim_record(&junk, &none), "no private key");
	assert_null(none);
}

/* What a name server reads: the quoted strings, joined. */
static char *joined(const char *zone)
{
	struct bytes b = { 0 };

	for (const char *p = strchr(zone, '"'); p; p = strchr(p, '"')) {
		size_t n = strcspn(++p, "\"");

		assert_true(n <= 255);
		bytes_add(&b, p, n);
		p += n + 1;
	}
	return b.data;
}

static void the_zone_text_is_that_of_opendkim_genkey(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes zone = { 0 }, small = { 0 };

	must(dkim_zone_text(SELECTOR, DOMAIN, record, &zone));
	assert_true(starts_with(zone.data,
		"mail._domainkey\tIN\tTXT\t( \"v=DKIM1; h=sha256; k=rsa; s=email; \"\n\t  \"p=MIIC"));
	assert_true(ends_with(zone.data, "\" )  ; ----- DKIM key mail for exemple.fr\n"));
	CLEAN(free) char *value = joined(zone.data);
	assert_string_equal(value, record);

	must(dkim_zone_text("s", "a.fr", "k=rsa; p=QUJD", &small));
	assert_string_equal(small.data,
		"s._domainkey\tIN\tTXT\t( \"k=rsa; \"\n\t  \"p=QUJD\" )  ; ----- DKIM key s for a.fr\n");
	refused(dkim_zone_text("s", "a.fr", "v=DKIM1", &small), "holds no key");
}

static void a_good_signature_verifies(void **state)
{
	(void)state;
	CLEAN(bytes)
	struct bytes message = signed_message(&key, DOMAIN, SELECTOR, ""),
		     lf = without_cr(&message);
	CLEAN(bytes) struct bytes delivered = { 0 };

	must(dkim_verify_message(&message, DOMAIN, SELECTOR, record));
	must(dkim_verify_message(&lf, "Exemple.FR", SELECTOR, record));
	/* As a mailbox holds it. */
	bytes_add_text(&delivered, "Return-Path: <jean@exemple.fr>\nDelivered-To: anne@exemple.org\n");
	bytes_add(&delivered, lf.data, lf.size);
	must(dkim_verify_message(&delivered, DOMAIN, SELECTOR, record));
}

static void a_changed_message_does_not_verify(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes message = signed_message(&key, DOMAIN, SELECTOR, "");
	CLEAN(bytes) struct bytes body = replaced(&message, "Bonjour", "Bonsoir");
	CLEAN(bytes) struct bytes header = replaced(&message, "<jean@", "<paul@");

	refused(dkim_verify_message(&body, DOMAIN, SELECTOR, record), "the body was changed");
	refused(dkim_verify_message(&header, DOMAIN, SELECTOR, record), "is not good");
}

static void another_key_does_not_verify(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes message = signed_message(&key, DOMAIN, SELECTOR, "");

	refused(dkim_verify_message(&message, DOMAIN, SELECTOR, other_record), "is not good");
	refused(dkim_verify_message(&message, DOMAIN, SELECTOR, "v=DKIM1; p="), "is not good");
	refused(dkim_verify_message(&message, DOMAIN, SELECTOR, "no record at all"), "is not good");
	refused(dkim_verify_message(&message, DOMAIN, SELECTOR, ""), "is not good");
}

static void only_our_signature_counts(void **state)
{
	(void)state;
	CLEAN(bytes)
	struct bytes message = signed_message(&key, DOMAIN, SELECTOR, ""),
		     unsigned_ = { 0 }, empty = { 0 };

	refused(dkim_verify_message(&message, "exemple.org", SELECTOR, record),
		"no DKIM signature of exemple.org");
	refused(dkim_verify_message(&message, DOMAIN, "autre", record), "selector autre");
	bytes_add_text(&unsigned_, HEADERS "\r\n" BODY);
	refused(dkim_verify_message(&unsigned_, DOMAIN, SELECTOR, record), "no DKIM signature");
	refused(dkim_verify_message(&empty, DOMAIN, SELECTOR, record), "");
}

static void a_foreign_signature_beside_ours_does_no_harm(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes foreign = signed_message(&other_key, "liste.org", "x", "");
	const char *end = strstr(foreign.data, "\r\nFrom:");
	CLEAN(free) char *header = text_copy_n(foreign.data, (size_t)(end + 2 - foreign.data));
	CLEAN(free) char *broken = text("DKIM-Signature: v=1; nonsense\r\n%s", header);
	CLEAN(bytes) struct bytes inner = signed_message(&key, DOMAIN, SELECTOR, header);
	CLEAN(bytes) struct bytes outer = signed_message(&key, DOMAIN, SELECTOR, ""), both = { 0 };

	must(dkim_verify_message(&inner, DOMAIN, SELECTOR, record));
	bytes_printf(&both, "%s%s", header, outer.data);
	must(dkim_verify_message(&both, DOMAIN, SELECTOR, record));
	bytes_free(&both);
	bytes_printf(&both, "%s%s", broken, outer.data);
	must(dkim_verify_message(&both, DOMAIN, SELECTOR, record));
}

static void a_key_of_1024_bits_verifies_too(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes message = signed_message(&other_key, DOMAIN, "deux.mots", "");

	must(dkim_verify_message(&message, DOMAIN, "deux.mots", other_record));
}

/* --- which key signs --- */

static void signs_by(struct host *h, const char *domain, const char *expected)
{
	CLEAN(free) char *name = NULL;

	must(dkim_signing_selector(h, domain, &name));
	if (expected)
		assert_string_equal(name, expected);
	else
		assert_null(name);
}

static void the_tables_say_which_key_signs(void **state)
{
	char root[] = "/tmp/mailsetup-dkim.XXXXXX";
	CLEAN(host_close) struct host *h = NULL;

	(void)state;
	assert_non_null(mkdtemp(root));
	must(host_open(root, &h));
	put(root, DKIM_KEY_TABLE, "a exemple.fr:mail:/a\nb toto.fr:s2:/b\n", 0600);
	put(root, DKIM_SIGNING_TABLE, "#tata.fr a\n\nexemple.fr\ta \nToto.fr b\nautre.fr c\nseul.fr\n", 0600);
	signs_by(h, "exemple.fr", "mail");
	signs_by(h, "toto.fr", "s2");
	signs_by(h, "tata.fr", NULL);
	signs_by(h, "autre.fr", NULL);
	signs_by(h, "seul.fr", NULL);
	remove_tree(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_holds_the_public_key),
		cmocka_unit_test(a_record_without_key_is_refused),
		cmocka_unit_test(the_zone_text_is_that_of_opendkim_genkey),
		cmocka_unit_test(a_good_signature_verifies),
		cmocka_unit_test(a_changed_message_does_not_verify),
		cmocka_unit_test(another_key_does_not_verify),
		cmocka_unit_test(only_our_signature_counts),
		cmocka_unit_test(a_foreign_signature_beside_ours_does_no_harm),
		cmocka_unit_test(the_tables_say_which_key_signs),
		cmocka_unit_test(a_key_of_1024_bits_verifies_too),
	};
	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
