/*
 * Normalisers of the parameters that are no names of mail: what mail/name.h does for those. ERR_USAGE with the reason.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

struct error *hash_normalise(const char *s, char **ret) MUST_USE;      /* the value is not shown */
struct error *flag_normalise(const char *s, char **ret) MUST_USE;      /* yes, no */
struct error *dh_normalise(const char *s, char **ret) MUST_USE;        /* ffdhe, generate */
struct error *tls_normalise(const char *s, char **ret) MUST_USE;       /* encrypt, may */
struct error *dh_bits_normalise(const char *s, char **ret) MUST_USE;   /* what dh=generate takes; ffdhe takes less */
struct error *dkim_bits_normalise(const char *s, char **ret) MUST_USE;
struct error *dkim_key_normalise(const char *s, char **ret) MUST_USE;  /* DOMAIN:SELECTOR */
struct error *size_normalise(const char *s, char **ret) MUST_USE;      /* bytes, decimal */
/* A readable regular file; the result is absolute and free of links. */
struct error *file_normalise(const char *s, char **ret) MUST_USE;
/* The same without a look at the file: absolute, one line. */
struct error *path_normalise(const char *s, char **ret) MUST_USE;
