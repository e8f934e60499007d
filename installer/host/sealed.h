/*
 * A file that only who knows its passphrase can read, and that nobody can change unseen: scrypt (RFC 7914) makes the key,
 * AES-256-GCM (NIST SP 800-38D) encrypts and authenticates.
 *
 *	offset  size
 *	     0     8  "mailset" and a byte 01, the version of the format
 *	     8     1  the binary logarithm of scrypt's N
 *	     9     1  scrypt's r
 *	    10     1  scrypt's p
 *	    11     1  00
 *	    12    16  scrypt's salt
 *	    28    12  the nonce of AES-GCM
 *	    40     n  the text, encrypted: as long as it is in clear
 *	  40+n    16  the tag, over the text and, as additional data, the 40 bytes before it
 *
 * The key is scrypt(passphrase, salt, N, r, p), 32 bytes. Salt and nonce are random, of each file its own. To read one without
 * mailsetup, in Python:
 *
 *	key = hashlib.scrypt(passphrase, salt=f[12:28], n=1 << f[8], r=f[9], p=f[10], maxmem=1 << 29, dklen=32)
 *	text = cryptography.hazmat.primitives.ciphers.aead.AESGCM(key).decrypt(f[28:40], f[40:], f[:40])
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

#define SEALED_MAX (64 << 20) /* bytes of a whole file */
/* N = 2^16, r = 8, p = 2: 64 MiB of memory and about half a second, so that the smallest server can do it. */
#define SEALED_COST 16

/* cost is the binary logarithm of N: SEALED_COST, or less in tests, 10 at least. An empty passphrase is an ERR_USAGE. */
struct error *seal(const struct bytes *text, const struct bytes *passphrase, unsigned cost, struct bytes *ret) MUST_USE;
/* What can be judged without the passphrase. ERR_USAGE: no such file, of a newer format, asks for what scrypt does not do, more than
 * 256 MiB of memory or 8 times the usual work. */
struct error *sealed_check(const struct bytes *sealed) MUST_USE;
/* *ret is the caller's to wipe. ERR_USAGE: as above; or the passphrase is wrong or the file damaged, which nobody can tell apart. */
struct error *unseal(const struct bytes *sealed, const struct bytes *passphrase, struct bytes *ret) MUST_USE;
