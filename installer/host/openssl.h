/*
 * What the callers of OpenSSL share: cleanups, errors from its queue, memory BIOs, times.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <time.h>

DEFINE_CLEANUP(BIO *, BIO_free_all)
DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free)
DEFINE_CLEANUP(EVP_PKEY_CTX *, EVP_PKEY_CTX_free)
DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free)
DEFINE_CLEANUP(X509 *, X509_free)

/* With the reason that OpenSSL gives, if it gives one; empties its queue. */
struct error *openssl_fail(const char *format, ...) PRINTF_LIKE(1, 2) MUST_USE;

/* A BIO that reads b, which must outlive it. Out of memory ends the process, as in base/memory.h. */
BIO *bio_reading(const struct bytes *b);
/* A BIO that collects what is written and wipes it when freed. */
BIO *bio_collecting(void);
void bio_take(BIO *bio, struct bytes *ret);

struct error *private_key_read(const struct bytes *pem, EVP_PKEY **ret) MUST_USE;
/* -1 where the time cannot be represented. */
time_t asn1_time(const ASN1_TIME *t);
