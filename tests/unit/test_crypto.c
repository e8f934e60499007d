#include "tests/unit/unit.h"

#include "host/crypto.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

static struct bytes rsa; /* one key for all tests: generating takes time */

/* In PKCS#8, encrypted when passphrase is given. */
static struct bytes ec_key(const char *passphrase)
{
	struct bytes pem = { 0 };
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;

	assert_true(EVP_PKEY_keygen_init(context) > 0);
	assert_true(EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) > 0);
	assert_true(EVP_PKEY_keygen(context, &key) > 0);
	assert_true(PEM_write_bio_PKCS8PrivateKey(
		bio, key, passphrase ? EVP_aes_256_cbc() : NULL, NULL, 0, NULL, (void *)(uintptr_t)passphrase));
	long size = BIO_get_mem_data(bio, &data);
	bytes_add(&pem, data, (size_t)size);
	BIO_free(bio);
	EVP_PKEY_free(key);
	EVP_PKEY_CTX_free(context);
	return pem;
}

static int make_key(void **state)
{
	(void)state;
	struct error *e = key_generate_rsa(2048, &rsa);
	return e ? -1 : 0;
}

static int drop_key(void **state)
{
	(void)state;
	bytes_wipe(&rsa);
	return 0;
}

static void a_key_is_pkcs8_of_the_wanted_size(void **state)
{
	(void)state;
	unsigned bits = 0;

	assert_true(starts_with(rsa.data, "-----BEGIN PRIVATE KEY-----\n"));
	assert_true(ends_with(rsa.data, "-----END PRIVATE KEY-----\n"));
	must(key_bits(&rsa, &bits));
	assert_int_equal(bits, 2048);
}

static void sizes_out_of_range_are_refused(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes pem = { 0 };

	says(key_generate_rsa(512, &pem), "512");
	says(key_generate_rsa(1u << 20, &pem), "1048576");
	says(dh_generate(512, NULL, NULL, &pem), "512");
	says(dh_standard(1024, &pem), "1024");
	assert_int_equal(pem.size, 0);
}

static void two_keys_differ(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes a = { 0 }, b = { 0 };

	must(key_generate_rsa(1024, &a));
	must(key_generate_rsa(1024, &b));
	assert_false(bytes_equal(&a, &b));
}

static void what_is_no_key_is_refused(void **state)
{
	(void)state;
	unsigned bits;
	CLEAN(bytes)
	struct bytes empty = { 0 },
		     junk = of("-----BEGIN PRIVATE KEY-----\nAAAA\n"), locked = ec_key("s");

	says(key_bits(&empty, &bits), "no private key");
	says(key_bits(&junk, &bits), "no private key");
	says(key_bits(&locked, &bits), "passphrase");
	/* A left-over of OpenSSL's error queue must not colour the next answer. */
	must(key_bits(&rsa, &bits));
}

static void halves_of_one_key_prove_each_other(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes der = { 0 }, ec = ec_key(NULL), ec_der = { 0 }, junk = of("junk");

	must(key_public(&rsa, &der));
	must(key_proves(&rsa, &der));
	must(key_public(&ec, &ec_der));
	must(key_proves(&ec, &ec_der));
	says(key_proves(&rsa, &ec_der), "does not belong");
	says(key_proves(&rsa, &junk), "no public key");
}

static void a_self_signed_certificate_reads_back(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes pem = { 0 }, again = { 0 }, ec = ec_key(NULL);
	CLEAN(certificate_facts) struct certificate_facts f = { 0 };
	char one[65], other[65];
	time_t now = time(NULL);

	must(certificate_self_signed(&rsa, "courriel.exemple.fr", 3650, &pem));
	must(certificate_read(&pem, &f));
	assert_int_equal(f.names.n, 1);
	assert_string_equal(f.names.v[0], "courriel.exemple.fr");
	assert_string_equal(f.subject, "CN = courriel.exemple.fr");
	assert_true(f.self_signed);
	assert_in_range(now - f.not_before, 86400 - 5, 86400 + 60);
	assert_in_range(f.not_after - now, 3650 * 86400L - 60, 3650 * 86400L + 5);

	must(certificate_matches(&pem, &rsa));
	says(certificate_matches(&pem, &ec), "does not belong");

	must(certificate_self_signed(&rsa, "courriel.exemple.fr", 3650, &again));
	must(certificate_fingerprint(&pem, one));
	must(certificate_fingerprint(&again, other));
	assert_int_equal(strlen(one), 64);
	assert_string_not_equal(one, other); /* the serial number is random */
}

static void a_self_signed_certificate_can_be_trusted(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes pem = { 0 };

	must(certificate_self_signed(&rsa, "courriel.exemple.fr", 30, &pem));
	BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
	X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();

	assert_true(X509_STORE_add_cert(store, certificate));
	assert_true(X509_STORE_CTX_init(context, store, certificate, NULL));
	assert_true(X509_STORE_CTX_set_default(context, "ssl_server"));
	X509_verify_cert(context);
	assert_string_equal(X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)), "ok");
	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	X509_free(certificate);
	BIO_free(bio);
}

static void a_long_host_name_stands_in_the_alternative_name(void **state)
{
	(void)state;
	const char *name = "un-nom-de-machine-qui-est-vraiment-tres-long.et-son-domaine-aussi.exemple.fr";
	CLEAN(bytes) struct bytes pem = { 0 };
	CLEAN(certificate_facts) struct certificate_facts f = { 0 };

	assert_true(strlen(name) > 64);
	must(certificate_self_signed(&rsa, name, 30, &pem));
	must(certificate_read(&pem, &f));
	assert_true(certificate_covers(&f, name));
	assert_null(strstr(f.subject, "CN"));
	says(certificate_self_signed(&rsa, "a.fr,DNS:b.fr", 30, &pem), "no host name");
	says(certificate_self_signed(&rsa, "", 30, &pem), "no host name");
}

static void what_is_no_certificate_is_refused(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes empty = { 0 };
	struct certificate_facts f = { 0 };
	char hex[65];

	says(certificate_read(&empty, &f), "no certificate");
	says(certificate_read(&rsa, &f), "no certificate");
	says(certificate_fingerprint(&rsa, hex), "no certificate");
	says(certificate_matches(&rsa, &rsa), "no certificate");
}

static void a_wildcard_covers_one_label(void **state)
{
	(void)state;
	struct certificate_facts f = { 0 };

	list_add(&f.names, "*.Exemple.fr");
	list_add(&f.names, "*.com");
	assert_true(certificate_covers(&f, "mail.exemple.FR"));
	assert_false(certificate_covers(&f, "exemple.fr"));
	assert_false(certificate_covers(&f, ".exemple.fr"));
	assert_false(certificate_covers(&f, "a.mail.exemple.fr"));
	assert_false(certificate_covers(&f, "mail.exemple.fr.org"));
	assert_false(certificate_covers(&f, "exemple.com"));
	certificate_facts_free(&f);
	assert_false(certificate_covers(&f, "mail.exemple.fr"));
}

static void standard_groups_are_read_back(void **state)
{
	(void)state;
	static const unsigned sizes[] = { 2048, 3072, 4096, 6144, 8192 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		CLEAN(bytes) struct bytes pem = { 0 };
		unsigned bits = 0;

		must(dh_standard(sizes[i], &pem));
		assert_true(starts_with(pem.data, "-----BEGIN DH PARAMETERS-----\n"));
		must(dh_bits(&pem, &bits));
		assert_int_equal(bits, sizes[i]);
	}
}

static void count(void *context, unsigned tried)
{
	unsigned *last = context;

	assert_true(tried >= *last);
	*last = tried;
}

static void a_safe_prime_is_generated_with_progress(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes pem = { 0 };
	unsigned bits = 0, tried = 0;

	must(dh_generate(1024, count, &tried, &pem));
	must(dh_bits(&pem, &bits));
	assert_int_equal(bits, 1024);
	assert_true(tried > 0);

	BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
	EVP_PKEY *parameters = PEM_read_bio_Parameters(bio, NULL);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(parameters, NULL);
	assert_int_equal(EVP_PKEY_param_check(context), 1);
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(parameters);
	BIO_free(bio);
}

static void what_is_no_group_is_refused(void **state)
{
	(void)state;
	unsigned bits;
	CLEAN(bytes)
	struct bytes junk = of("-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----\n");

	says(dh_bits(&rsa, &bits), "no DH parameters");
	says(dh_bits(&junk, &bits), "no DH parameters");
}

static void digests_are_those_of_the_standard(void **state)
{
	(void)state;
	char hex[65];

	sha256_hex("abc", 3, hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_hex(NULL, 0, hex);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	md5_hex("abc", 3, hex);
	assert_string_equal(hex, "900150983cd24fb0d6963f7d28e17f72");
}

static void base64_goes_there_and_back(void **state)
{
	(void)state;
	static const char *const vectors[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foobar", "Zm9vYmFy" } };

	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		CLEAN(bytes) struct bytes encoded = { 0 }, decoded = { 0 };

		base64_encode(vectors[i][0], strlen(vectors[i][0]), &encoded);
		assert_string_equal(bytes_text(&encoded), vectors[i][1]);
		must(base64_decode(encoded.data, &decoded));
		assert_string_equal(bytes_text(&decoded), vectors[i][0]);
	}

	CLEAN(bytes) struct bytes big = { 0 }, encoded = { 0 }, decoded = { 0 };
	for (unsigned i = 0; i < 100001; i++)
		bytes_add(&big, &(unsigned char){ (unsigned char)(i * 7) }, 1);
	base64_encode(big.data, big.size, &encoded);
	assert_null(memchr(encoded.data, '=', encoded.size - 2));
	must(base64_decode(encoded.data, &decoded));
	assert_true(bytes_equal(&big, &decoded));
}

static void what_is_no_base64_is_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = { "Zg=", "Z", "Zg==Zg==", "=Zg=", "Zm9v!", "Zm-v", "Z===", "Zg=v" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		CLEAN(bytes) struct bytes decoded = { 0 };

		says(base64_decode(wrong[i], &decoded), "no base64");
	}
	CLEAN(bytes) struct bytes decoded = { 0 };
	must(base64_decode(" Zm\r\n\t9v ", &decoded));
	assert_string_equal(decoded.data, "foo");
}

static void random_text_has_the_wanted_length(void **state)
{
	(void)state;
	char a[200], b[200];

	memset(a, 'x', sizeof(a));
	random_hex(a, 131);
	random_hex(b, 131);
	assert_int_equal(strlen(a), 131);
	assert_int_equal(strspn(a, "0123456789abcdef"), 131);
	assert_string_not_equal(a, b);
	random_hex(a, 0);
	assert_string_equal(a, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_pkcs8_of_the_wanted_size),
		cmocka_unit_test(sizes_out_of_range_are_refused),
		cmocka_unit_test(two_keys_differ),
		cmocka_unit_test(what_is_no_key_is_refused),
		cmocka_unit_test(halves_of_one_key_prove_each_other),
		cmocka_unit_test(a_self_signed_certificate_reads_back),
		cmocka_unit_test(a_self_signed_certificate_can_be_trusted),
		cmocka_unit_test(a_long_host_name_stands_in_the_alternative_name),
		cmocka_unit_test(what_is_no_certificate_is_refused),
		cmocka_unit_test(a_wildcard_covers_one_label),
		cmocka_unit_test(standard_groups_are_read_back),
		cmocka_unit_test(a_safe_prime_is_generated_with_progress),
		cmocka_unit_test(what_is_no_group_is_refused),
		cmocka_unit_test(digests_are_those_of_the_standard),
		cmocka_unit_test(base64_goes_there_and_back),
		cmocka_unit_test(what_is_no_base64_is_refused),
		cmocka_unit_test(random_text_has_the_wanted_length),
	};
	return cmocka_run_group_tests(tests, make_key, drop_key);
}
