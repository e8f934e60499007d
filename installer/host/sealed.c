#include "host/sealed.h"
#include "base/i18n.h"
#include "host/openssl.h"

#include <openssl/err.h>
#include <openssl/rand.h>

#define MAGIC	    "mailset"
#define VERSION	    1
#define HEADER_SIZE 40
#define SALT_AT	    12
#define SALT_SIZE   16
#define NONCE_AT    28
#define NONCE_SIZE  12
#define TAG_SIZE    16
#define KEY_SIZE    32

#define COST_MIN   10
#define MEMORY_MAX (UINT64_C(256) << 20)
#define WORK_MAX   (UINT64_C(1) << 23) /* N * r * p */
#define BLOCKS	   8
#define PASSES	   2

DEFINE_CLEANUP(EVP_CIPHER_CTX *, EVP_CIPHER_CTX_free)

/* The header holds what scrypt is to be asked for. */
static struct error *derive(const unsigned char *header, const struct bytes *passphrase, unsigned char *ret_key)
{
	uint64_t n = UINT64_C(1) << header[8], r = header[9], p = header[10];

	if (!passphrase->size)
		return fail(ERR_USAGE, "the passphrase is empty");
	if (!EVP_PBE_scrypt(passphrase->data, passphrase->size, header + SALT_AT, SALT_SIZE, n, r, p, 2 * MEMORY_MAX, ret_key, KEY_SIZE))
		return openssl_fail("cannot make a key from the passphrase");
	return NULL;
}

static bool encrypt(EVP_CIPHER_CTX *c, const unsigned char *header, const unsigned char *key, const struct bytes *text, unsigned char *ret)
{
	int n, rest;

	return EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, header + NONCE_AT) &&
	       EVP_EncryptUpdate(c, NULL, &n, header, HEADER_SIZE) &&
	       EVP_EncryptUpdate(c, ret, &n, (const unsigned char *)bytes_text(text), (int)text->size) &&
	       EVP_EncryptFinal_ex(c, ret + n, &rest) &&
	       EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, ret + text->size);
}

struct error *seal(const struct bytes *text, const struct bytes *passphrase, unsigned cost, struct bytes *ret)
{
	unsigned char header[HEADER_SIZE] = MAGIC, key[KEY_SIZE];
	CLEAN(EVP_CIPHER_CTX_free) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();

	if (text->size > SEALED_MAX - HEADER_SIZE - TAG_SIZE)
		return fail(ERR_PRECHECK, "more than %d MiB", SEALED_MAX >> 20);
	CLEAN(free) unsigned char *out = allocate(text->size + TAG_SIZE);
	header[7] = VERSION;
	header[8] = (unsigned char)cost;
	header[9] = BLOCKS;
	header[10] = PASSES;
	if (!c || RAND_bytes(header + SALT_AT, SALT_SIZE + NONCE_SIZE) != 1)
		return openssl_fail("no random numbers");
	TRY(derive(header, passphrase, key));
	bool good = encrypt(c, header, key, text, out);
	explicit_bzero(key, sizeof(key));
	if (!good)
		return openssl_fail("cannot encrypt");
	bytes_add(ret, header, sizeof(header));
	bytes_add(ret, out, text->size + TAG_SIZE);
	return NULL;
}

struct error *sealed_check(const struct bytes *sealed)
{
	const unsigned char *header = (const unsigned char *)bytes_text(sealed);

	if (sealed->size < HEADER_SIZE + TAG_SIZE || memcmp(header, MAGIC, strlen(MAGIC)) != 0)
		return fail(ERR_USAGE, "no file that `mailsetup export` has written");
	if (header[7] != VERSION)
		return fail(ERR_USAGE, "of format %d, and this mailsetup knows %d alone; use the one that wrote it, or a newer one", header[7], VERSION);
	if (sealed->size > SEALED_MAX)
		return fail(ERR_USAGE, "more than %d MiB", SEALED_MAX >> 20);
	/* Before any of it is believed. scrypt's N is below 2^(128 * r / 8). */
	uint64_t n = header[8] < 32 ? UINT64_C(1) << header[8] : 0, r = header[9], p = header[10];
	if (header[8] < COST_MIN || !n || !r || !p || header[8] >= 16 * r || 128 * n * r > MEMORY_MAX || n * r * p > WORK_MAX || header[11])
		return fail(ERR_USAGE, "damaged: it asks for more work than any passphrase needs");
	return NULL;
}

static bool decrypt(EVP_CIPHER_CTX *c, const unsigned char *key, const struct bytes *sealed, unsigned char *ret)
{
	const unsigned char *in = (const unsigned char *)sealed->data;
	size_t size = sealed->size - HEADER_SIZE - TAG_SIZE;
	unsigned char tag[TAG_SIZE];
	int n, rest;

	memcpy(tag, in + HEADER_SIZE + size, TAG_SIZE);
	return EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, in + NONCE_AT) &&
	       EVP_DecryptUpdate(c, NULL, &n, in, HEADER_SIZE) && EVP_DecryptUpdate(c, ret, &n, in + HEADER_SIZE, (int)size) &&
	       EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, tag) && EVP_DecryptFinal_ex(c, ret + n, &rest) > 0;
}

struct error *unseal(const struct bytes *sealed, const struct bytes *passphrase, struct bytes *ret)
{
	unsigned char key[KEY_SIZE];
	CLEAN(EVP_CIPHER_CTX_free) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();

	TRY(sealed_check(sealed));
	size_t size = sealed->size - HEADER_SIZE - TAG_SIZE;
	TRY(derive((const unsigned char *)sealed->data, passphrase, key));
	CLEAN(secret) struct bytes out = { .data = allocate(size + TAG_SIZE), .size = size, .space = size + TAG_SIZE };
	bool good = c && decrypt(c, key, sealed, (unsigned char *)out.data);
	explicit_bzero(key, sizeof(key));
	if (!good) {
		ERR_clear_error();
		return fail(ERR_USAGE, "the passphrase is wrong, or the file is damaged");
	}
	bytes_add(ret, out.data, size);
	return NULL;
}
