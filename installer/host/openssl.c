#include "host/openssl.h"
#include "base/i18n.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdarg.h>

struct error *openssl_fail(const char *format, ...)
{
	/* The last entry is the outermost: "bad decrypt", not "malloc in some inner layer". */
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	va_list arguments;

	va_start(arguments, format);
	CLEAN(free) char *message = translated_v(format, arguments);
	va_end(arguments);
	struct error *e = reason ? fail(ERR_STOPPED, "%s: %s", message, reason) : fail(ERR_STOPPED, "%s", message);
	ERR_clear_error();
	return e;
}

BIO *bio_reading(const struct bytes *b)
{
	BIO *bio = b->size > INT_MAX ? NULL : BIO_new_mem_buf(bytes_text(b), (int)b->size);

	if (!bio)
		abort();
	return bio;
}

BIO *bio_collecting(void)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (!bio)
		abort();
	return bio;
}

void bio_take(BIO *bio, struct bytes *ret)
{
	char *data;
	long size = BIO_get_mem_data(bio, &data);

	bytes_add(ret, data, size > 0 ? (size_t)size : 0);
}

static int refuse_passphrase(char *buffer, int size, int writing, void *asked)
{
	(void)buffer;
	(void)size;
	(void)writing;
	*(bool *)asked = true;
	return -1;
}

struct error *private_key_read(const struct bytes *pem, EVP_PKEY **ret)
{
	CLEAN(BIO_free_all) BIO *bio = bio_reading(pem);
	bool asked = false;

	*ret = PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, &asked);
	if (*ret)
		return NULL;
	if (!asked)
		return openssl_fail("no private key in PEM form");
	ERR_clear_error();
	return fail(ERR_STOPPED, "the private key is protected by a passphrase; a daemon needs it without one "
				 "(openssl pkey -in KEY -out NEW)");
}

time_t asn1_time(const ASN1_TIME *t)
{
	struct tm tm;

	return ASN1_TIME_to_tm(t, &tm) ? timegm(&tm) : -1;
}
