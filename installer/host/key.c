#include "host/crypto.h"
#include "host/openssl.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>

/* RFC 8301: 1024 is what a verifier still takes; above 8192 handshakes take seconds. */
#define RSA_BITS_MIN 1024
#define RSA_BITS_MAX 8192

struct error *key_generate_rsa(unsigned bits, struct bytes *ret_pem)
{
	if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
		return fail(ERR_USAGE, "an RSA key of %u bits is not between %d and %d", bits, RSA_BITS_MIN,
			RSA_BITS_MAX);

	CLEAN(EVP_PKEY_CTX_free) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
	CLEAN(EVP_PKEY_free) EVP_PKEY *key = NULL;
	CLEAN(BIO_free_all) BIO *bio = bio_collecting();

	if (!context || EVP_PKEY_keygen_init(context) <= 0 ||
		EVP_PKEY_CTX_set_rsa_keygen_bits(context, (int)bits) <= 0 ||
		EVP_PKEY_keygen(context, &key) <= 0 ||
		!PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
		return openssl_fail("cannot generate an RSA key of %u bits", bits);
	bio_take(bio, ret_pem);
	return NULL;
}

struct error *key_bits(const struct bytes *pem, unsigned *ret_bits)
{
	CLEAN(EVP_PKEY_free) EVP_PKEY *key = NULL;

	TRY(private_key_read(pem, &key));
	*ret_bits = (unsigned)EVP_PKEY_bits(key);
	return NULL;
}

struct error *key_only(const struct bytes *pem, struct bytes *ret_pem)
{
	CLEAN(EVP_PKEY_free) EVP_PKEY *key = NULL;
	CLEAN(BIO_free_all) BIO *bio = bio_collecting();

	TRY(private_key_read(pem, &key));
	if (!PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
		return openssl_fail("cannot write the key");
	bio_take(bio, ret_pem);
	return NULL;
}

struct error *key_public(const struct bytes *pem, struct bytes *ret_der)
{
	CLEAN(EVP_PKEY_free) EVP_PKEY *key = NULL;
	CLEAN(BIO_free_all) BIO *bio = bio_collecting();

	TRY(private_key_read(pem, &key));
	if (!i2d_PUBKEY_bio(bio, key))
		return openssl_fail("cannot write the public half of the key");
	bio_take(bio, ret_der);
	return NULL;
}

/* Edwards curves hash by themselves and accept no digest. */
static const EVP_MD *digest_for(EVP_PKEY *key)
{
	int type = EVP_PKEY_id(key);

	return type == EVP_PKEY_ED25519 || type == EVP_PKEY_ED448 ? NULL : EVP_sha256();
}

static const unsigned char sample[] = "two halves of one key";

static struct error *sign_sample(EVP_PKEY *key, struct bytes *ret)
{
	CLEAN(EVP_MD_CTX_free) EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t size = 0;

	if (!context || EVP_DigestSignInit(context, NULL, digest_for(key), NULL, key) <= 0 ||
		EVP_DigestSign(context, NULL, &size, sample, sizeof(sample)) <= 0)
		return openssl_fail("this key cannot sign");

	CLEAN(free) unsigned char *signature = allocate(size);

	if (EVP_DigestSign(context, signature, &size, sample, sizeof(sample)) <= 0)
		return openssl_fail("this key cannot sign");
	bytes_add(ret, signature, size);
	return NULL;
}

struct error *key_proves(const struct bytes *private_pem, const struct bytes *public_der)
{
	CLEAN(EVP_PKEY_free) EVP_PKEY *private_key = NULL;
	CLEAN(bytes) struct bytes signature = { 0 };

	TRY(private_key_read(private_pem, &private_key));
	TRY(sign_sample(private_key, &signature));

	CLEAN(BIO_free_all) BIO *bio = bio_reading(public_der);
	CLEAN(EVP_PKEY_free) EVP_PKEY *public_key = d2i_PUBKEY_bio(bio, NULL);
	CLEAN(EVP_MD_CTX_free) EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (!public_key)
		return openssl_fail("no public key in DER form");
	if (!context || EVP_DigestVerifyInit(context, NULL, digest_for(public_key), NULL, public_key) <= 0 ||
		EVP_DigestVerify(context, (const unsigned char *)signature.data, signature.size, sample,
			sizeof(sample)) != 1)
		return openssl_fail("the public key does not belong to the private key");
	return NULL;
}
