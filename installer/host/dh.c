#include "host/crypto.h"
#include "host/openssl.h"

#include <openssl/dh.h>
#include <openssl/pem.h>

#define DH_BITS_MIN 1024
#define DH_BITS_MAX 8192

static struct error *write_parameters(EVP_PKEY *parameters, struct bytes *ret_pem)
{
	CLEAN(BIO_free_all) BIO *bio = bio_collecting();

	if (!PEM_write_bio_Parameters(bio, parameters))
		return openssl_fail("cannot write DH parameters");
	bio_take(bio, ret_pem);
	return NULL;
}

struct error *dh_standard(unsigned bits, struct bytes *ret_pem)
{
	static const struct {
		unsigned bits;
		int nid;
	} groups[] = {
		{ 2048, NID_ffdhe2048 },
		{ 3072, NID_ffdhe3072 },
		{ 4096, NID_ffdhe4096 },
		{ 6144, NID_ffdhe6144 },
		{ 8192, NID_ffdhe8192 },
	};
	int nid = NID_undef;

	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		if (groups[i].bits == bits)
			nid = groups[i].nid;
	if (nid == NID_undef)
		return fail(ERR_USAGE,
			"RFC 7919 has no group of %u bits; it has 2048, 3072, 4096, 6144 and 8192", bits);

	CLEAN(EVP_PKEY_CTX_free) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_DH, NULL);
	CLEAN(EVP_PKEY_free) EVP_PKEY *parameters = NULL;

	if (!context || EVP_PKEY_paramgen_init(context) <= 0 || EVP_PKEY_CTX_set_dh_nid(context, nid) <= 0 ||
		EVP_PKEY_paramgen(context, &parameters) <= 0)
		return openssl_fail("cannot make the DH group of %u bits", bits);
	return write_parameters(parameters, ret_pem);
}

struct search {
	crypto_progress *progress;
	void *context;
	unsigned tried;
};

static int search_step(EVP_PKEY_CTX *context)
{
	struct search *search = EVP_PKEY_CTX_get_app_data(context);

	/* 0 is a new candidate, the other numbers are tests of it. */
	if (EVP_PKEY_CTX_get_keygen_info(context, 0) == 0)
		search->tried++;
	if (search->progress)
		search->progress(search->context, search->tried);
	return 1;
}

struct error *dh_generate(unsigned bits, crypto_progress *progress, void *context, struct bytes *ret_pem)
{
	if (bits < DH_BITS_MIN || bits > DH_BITS_MAX)
		return fail(ERR_USAGE, "DH parameters of %u bits are not between %d and %d", bits, DH_BITS_MIN,
			DH_BITS_MAX);

	struct search search = { .progress = progress, .context = context };
	CLEAN(EVP_PKEY_CTX_free) EVP_PKEY_CTX *generator = EVP_PKEY_CTX_new_id(EVP_PKEY_DH, NULL);
	CLEAN(EVP_PKEY_free) EVP_PKEY *parameters = NULL;

	if (!generator || EVP_PKEY_paramgen_init(generator) <= 0 ||
		EVP_PKEY_CTX_set_dh_paramgen_prime_len(generator, (int)bits) <= 0 ||
		EVP_PKEY_CTX_set_dh_paramgen_generator(generator, DH_GENERATOR_2) <= 0)
		return openssl_fail("cannot prepare DH parameters of %u bits", bits);
	EVP_PKEY_CTX_set_app_data(generator, &search);
	EVP_PKEY_CTX_set_cb(generator, search_step);
	if (EVP_PKEY_paramgen(generator, &parameters) <= 0)
		return openssl_fail("cannot generate DH parameters of %u bits", bits);
	return write_parameters(parameters, ret_pem);
}

struct error *dh_bits(const struct bytes *pem, unsigned *ret_bits)
{
	CLEAN(BIO_free_all) BIO *bio = bio_reading(pem);
	CLEAN(EVP_PKEY_free) EVP_PKEY *parameters = PEM_read_bio_Parameters(bio, NULL);

	if (!parameters)
		return openssl_fail("no DH parameters in PEM form");
	if (EVP_PKEY_id(parameters) != EVP_PKEY_DH && EVP_PKEY_id(parameters) != EVP_PKEY_DHX)
		return fail(ERR_STOPPED, "parameters in PEM form, but not of DH");
	*ret_bits = (unsigned)EVP_PKEY_bits(parameters);
	return NULL;
}
