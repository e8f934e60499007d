#include "host/crypto.h"
#include "host/openssl.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <strings.h>

#define COMMON_NAME_MAX 64 /* ub-common-name of RFC 5280 */
#define SERIAL_BITS	127
#define SECURITY_LEVEL	2 /* Debian's default: RSA of 2048 bits at least, no SHA-1 */

DEFINE_CLEANUP(BIGNUM *, BN_free)
DEFINE_CLEANUP(SSL_CTX *, SSL_CTX_free)
DEFINE_CLEANUP(X509_EXTENSION *, X509_EXTENSION_free)
DEFINE_CLEANUP(GENERAL_NAMES *, GENERAL_NAMES_free)

static bool set_serial(X509 *certificate)
{
	CLEAN(BN_free) BIGNUM *serial = BN_new();

	return serial && BN_rand(serial, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
	       BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate));
}

/* A longer name stands in subjectAltName alone; the issuer may not be empty, so a fixed word takes its place.
 */
static bool set_names(X509 *certificate, const char *hostname)
{
	X509_NAME *name = X509_get_subject_name(certificate);
	bool fits = strlen(hostname) <= COMMON_NAME_MAX;
	const unsigned char *value = (const unsigned char *)(fits ? hostname : "mail server");

	return X509_NAME_add_entry_by_txt(name, fits ? "CN" : "O", MBSTRING_ASC, value, -1, -1, 0) &&
	       X509_set_issuer_name(certificate, name);
}

static bool set_times(X509 *certificate, unsigned days)
{
	time_t now = time(NULL);

	return X509_time_adj_ex(X509_getm_notBefore(certificate), -1, 0, &now) &&
	       X509_time_adj_ex(X509_getm_notAfter(certificate), (int)days, 0, &now);
}

static bool add_extension(X509 *certificate, int nid, const char *value)
{
	X509V3_CTX context;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
	CLEAN(X509_EXTENSION_free) X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	return extension && X509_add_ext(certificate, extension, -1);
}

static bool add_extensions(X509 *certificate, const char *hostname)
{
	CLEAN(free) char *names = text("DNS:%s", hostname);

	return add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(certificate, NID_key_usage, "critical,digitalSignature,keyEncipherment") &&
	       add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
	       add_extension(certificate, NID_subject_alt_name, names) &&
	       add_extension(certificate, NID_subject_key_identifier, "hash");
}

/* The host name becomes part of an extension's text, where a comma would begin another name. */
static struct error *check_hostname(const char *hostname)
{
	size_t n = strspn(hostname, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");

	if (!*hostname || hostname[n] || strlen(hostname) > 253)
		return fail(ERR_USAGE, "no host name for a certificate: letters, digits, '.' and '-' only");
	return NULL;
}

struct error *certificate_self_signed(
	const struct bytes *key_pem, const char *hostname, unsigned days, struct bytes *ret_pem)
{
	CLEAN(EVP_PKEY_free) EVP_PKEY *key = NULL;
	CLEAN(X509_free) X509 *certificate = X509_new();
	CLEAN(BIO_free_all) BIO *bio = bio_collecting();

	TRY(check_hostname(hostname));
	TRY(private_key_read(key_pem, &key));
	if (!certificate || !X509_set_version(certificate, 2) || !set_serial(certificate) ||
		!set_names(certificate, hostname) || !set_times(certificate, days) ||
		!X509_set_pubkey(certificate, key) || !add_extensions(certificate, hostname) ||
		!X509_sign(certificate, key, EVP_sha256()) || !PEM_write_bio_X509(bio, certificate))
		return openssl_fail("cannot make a certificate for %s", hostname);
	bio_take(bio, ret_pem);
	return NULL;
}

struct error *certificates_only(const struct bytes *pem, struct bytes *ret)
{
	CLEAN(BIO_free_all) BIO *in = bio_reading(pem);
	CLEAN(BIO_free_all) BIO *out = bio_collecting();

	for (;;) {
		CLEAN(X509_free) X509 *certificate = PEM_read_bio_X509(in, NULL, NULL, NULL);

		if (!certificate)
			break;
		if (!PEM_write_bio_X509(out, certificate))
			return openssl_fail("cannot copy a certificate");
	}
	ERR_clear_error(); /* there is no further one */
	bio_take(out, ret);
	return ret->size ? NULL : fail(ERR_STOPPED, "no certificate in PEM form");
}

struct error *certificate_usable(const struct bytes *certificate_pem, const struct bytes *key_pem)
{
	CLEAN(SSL_CTX_free) SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	CLEAN(BIO_free_all) BIO *in = bio_reading(certificate_pem);
	CLEAN(EVP_PKEY_free) EVP_PKEY *key = NULL;

	if (!context)
		return openssl_fail("cannot set up TLS");
	SSL_CTX_set_security_level(context, SECURITY_LEVEL);
	for (int i = 0;; i++) {
		CLEAN(X509_free) X509 *certificate = PEM_read_bio_X509(in, NULL, NULL, NULL);

		if (!certificate)
			break;
		if ((i == 0 ? SSL_CTX_use_certificate(context, certificate) : (int)SSL_CTX_add1_chain_cert(context, certificate)) != 1)
			return openssl_fail("no TLS server takes this certificate");
	}
	ERR_clear_error();
	TRY(private_key_read(key_pem, &key));
	return SSL_CTX_use_PrivateKey(context, key) == 1 ? NULL : openssl_fail("no TLS server takes this key");
}

void certificate_facts_free(struct certificate_facts *f)
{
	list_free(&f->names);
	free(f->subject);
	*f = (struct certificate_facts){ 0 };
}

static struct error *certificate_parse(const struct bytes *pem, X509 **ret)
{
	CLEAN(BIO_free_all) BIO *bio = bio_reading(pem);

	*ret = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	return *ret ? NULL : openssl_fail("no certificate in PEM form");
}

static void read_names(X509 *certificate, struct list *ret)
{
	CLEAN(GENERAL_NAMES_free)
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		int type;
		const ASN1_IA5STRING *name = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);

		if (type != GEN_DNS)
			continue;
		const char *data = (const char *)ASN1_STRING_get0_data(name);
		size_t size = (size_t)ASN1_STRING_length(name);

		/* "good.example\0.evil.example" must not pass for the first. */
		if (size && !memchr(data, '\0', size)) {
			CLEAN(free) char *copy = text_copy_n(data, size);

			list_add(ret, copy);
		}
	}
}

static char *read_subject(X509 *certificate)
{
	CLEAN(BIO_free_all) BIO *bio = bio_collecting();
	struct bytes subject = { 0 };

	X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, XN_FLAG_ONELINE);
	bio_take(bio, &subject);
	return subject.data;
}

struct error *certificate_read(const struct bytes *pem, struct certificate_facts *ret)
{
	CLEAN(X509_free) X509 *certificate = NULL;

	TRY(certificate_parse(pem, &certificate));
	*ret = (struct certificate_facts){
		.subject = read_subject(certificate),
		.not_before = asn1_time(X509_get0_notBefore(certificate)),
		.not_after = asn1_time(X509_get0_notAfter(certificate)),
		.self_signed = X509_NAME_cmp(X509_get_subject_name(certificate),
				       X509_get_issuer_name(certificate)) == 0 &&
			       X509_verify(certificate, X509_get0_pubkey(certificate)) == 1,
	};
	read_names(certificate, &ret->names);
	ERR_clear_error();
	return NULL;
}

struct error *certificate_matches(const struct bytes *certificate_pem, const struct bytes *key_pem)
{
	CLEAN(X509_free) X509 *certificate = NULL;
	CLEAN(EVP_PKEY_free) EVP_PKEY *key = NULL;

	TRY(certificate_parse(certificate_pem, &certificate));
	TRY(private_key_read(key_pem, &key));
	if (X509_check_private_key(certificate, key) != 1)
		return openssl_fail("the certificate does not belong to the private key");
	return NULL;
}

static bool name_covers(const char *name, const char *hostname)
{
	const char *dot;

	if (strcasecmp(name, hostname) == 0)
		return true;
	if (!starts_with(name, "*.") || !strchr(name + 2, '.'))
		return false;
	dot = strchr(hostname, '.');
	return dot && dot != hostname && strcasecmp(name + 1, dot) == 0;
}

bool certificate_covers(const struct certificate_facts *f, const char *hostname)
{
	for (size_t i = 0; i < f->names.n; i++)
		if (name_covers(f->names.v[i], hostname))
			return true;
	return false;
}

struct error *certificate_fingerprint(const struct bytes *pem, char ret_hex[65])
{
	CLEAN(X509_free) X509 *certificate = NULL;
	CLEAN(BIO_free_all) BIO *bio = bio_collecting();
	CLEAN(bytes) struct bytes der = { 0 };

	TRY(certificate_parse(pem, &certificate));
	if (!i2d_X509_bio(bio, certificate))
		return openssl_fail("cannot write the certificate in DER form");
	bio_take(bio, &der);
	sha256_hex(der.data, der.size, ret_hex);
	return NULL;
}
