/*
 * Keys, certificates, DH parameters and digests, through OpenSSL's EVP (1.1.1 to 3.x). PEM texts in and out; a
 * text that holds a private key is the caller's to wipe (CLEAN(secret)). Nothing here touches a file.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include <time.h>

#define PEM_LIMIT (1024 * 1024) /* a file with a longer text is not read: it holds neither keys nor certificates */

/* Progress of a search: called often, with the number of candidates tried. */
typedef void crypto_progress(void *context, unsigned tried);

struct error *key_generate_rsa(unsigned bits, struct bytes *ret_pem) MUST_USE;
/* Size in bits; ERR_STOPPED when this is no private key in PEM, or an encrypted one. */
struct error *key_bits(const struct bytes *pem, unsigned *ret_bits) MUST_USE;
/* The key of a PEM text alone, written anew: nothing else of it, such as the names that `openssl pkcs12` writes beside a key. */
struct error *key_only(const struct bytes *pem, struct bytes *ret_pem) MUST_USE;
/* SubjectPublicKeyInfo in DER (what DKIM's p= holds in base64). */
struct error *key_public(const struct bytes *pem, struct bytes *ret_der) MUST_USE;
/* Signs and verifies a sample: the two halves belong together. public_der is a SubjectPublicKeyInfo. */
struct error *key_proves(const struct bytes *private_pem, const struct bytes *public_der) MUST_USE;

/* X.509v3, CN and subjectAltName = hostname, SHA-256, random serial number. Valid from a day before now. */
struct error *certificate_self_signed(const struct bytes *key_pem, const char *hostname, unsigned days,
	struct bytes *ret_pem) MUST_USE;

struct certificate_facts {
	struct list names;  /* DNS names of subjectAltName */
	char *subject;      /* one line */
	time_t not_before;
	time_t not_after;
	bool self_signed;
};
void certificate_facts_free(struct certificate_facts *f);
static inline void certificate_facts_cleanup(struct certificate_facts *f)
{
	certificate_facts_free(f);
}
/* Of the first certificate of the text. */
struct error *certificate_read(const struct bytes *pem, struct certificate_facts *ret) MUST_USE;
/* Does the first certificate belong to this key? ERR_STOPPED with the reason when not. */
struct error *certificate_matches(const struct bytes *certificate_pem, const struct bytes *key_pem) MUST_USE;
/* A wildcard covers one label (RFC 6125). */
bool certificate_covers(const struct certificate_facts *f, const char *hostname);
/* Would a TLS server of Debian's security level take this pair, with the chain in the text? Says why not. */
struct error *certificate_usable(const struct bytes *certificate_pem, const struct bytes *key_pem) MUST_USE;
/* The certificates of a PEM text, in their order, and nothing else of it. */
struct error *certificates_only(const struct bytes *pem, struct bytes *ret) MUST_USE;
/* SHA-256 of the DER form in hex; for comparing with the certificate that a port serves. */
struct error *certificate_fingerprint(const struct bytes *pem, char ret_hex[65]) MUST_USE;

/* RFC 7919 groups: 2048, 3072, 4096, 6144 or 8192 bits. */
struct error *dh_standard(unsigned bits, struct bytes *ret_pem) MUST_USE;
/* A safe prime as `openssl dhparam` makes one: minutes. */
struct error *dh_generate(unsigned bits, crypto_progress *progress, void *context, struct bytes *ret_pem) MUST_USE;
struct error *dh_bits(const struct bytes *pem, unsigned *ret_bits) MUST_USE;

void sha256_hex(const void *data, size_t size, char ret_hex[65]);
/* Only to compare with what dpkg has written down; it proves nothing against an attacker. */
void md5_hex(const void *data, size_t size, char ret_hex[33]);
void base64_encode(const void *data, size_t size, struct bytes *ret);
struct error *base64_decode(const char *s, struct bytes *ret) MUST_USE; /* white space is skipped */
/* Lower-case hexadecimal from the system's generator: size characters and a NUL. */
void random_hex(char *ret, size_t size);
