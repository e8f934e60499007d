#include "host/crypto.h"
#include "host/openssl.h"

#include <ctype.h>
#include <sys/random.h>

#define BASE64_CHUNK 3072 /* a multiple of 3: no padding between chunks */

static void hex(const unsigned char *data, size_t size, char *ret)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		ret[2 * i] = digits[data[i] >> 4];
		ret[2 * i + 1] = digits[data[i] & 15];
	}
}

static void digest_hex(const EVP_MD *kind, const void *data, size_t size, char *ret)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n;

	if (!EVP_Digest(size ? data : "", size, digest, &n, kind, NULL))
		abort();
	hex(digest, n, ret);
	ret[2 * n] = '\0';
}

void sha256_hex(const void *data, size_t size, char ret_hex[65])
{
	digest_hex(EVP_sha256(), data, size, ret_hex);
}

void md5_hex(const void *data, size_t size, char ret_hex[33])
{
	digest_hex(EVP_md5(), data, size, ret_hex);
}

void base64_encode(const void *data, size_t size, struct bytes *ret)
{
	const unsigned char *p = data;
	unsigned char out[BASE64_CHUNK / 3 * 4 + 1];

	while (size) {
		size_t n = size < BASE64_CHUNK ? size : BASE64_CHUNK;
		int written = EVP_EncodeBlock(out, p, (int)n);

		bytes_add(ret, out, (size_t)written);
		p += n;
		size -= n;
	}
	bytes_add(ret, "", 0);
}

static bool is_base64(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
	       c == '/';
}

struct error *base64_decode(const char *s, struct bytes *ret)
{
	unsigned char quad[4], out[3];
	size_t n = 0, padding = 0;

	for (; *s; s++) {
		if (isspace((unsigned char)*s))
			continue;
		if (*s == '=' ? n < 2 : (padding || !is_base64(*s)))
			return fail(ERR_STOPPED, "no base64: unexpected character");
		padding += *s == '=';
		quad[n++] = (unsigned char)*s;
		if (n < 4)
			continue;
		if (EVP_DecodeBlock(out, quad, 4) != 3)
			return fail(ERR_STOPPED, "no base64: it cannot be decoded");
		bytes_add(ret, out, 3 - padding);
		n = 0;
	}
	if (n)
		return fail(ERR_STOPPED, "no base64: it ends early");
	bytes_add(ret, "", 0);
	return NULL;
}

void random_hex(char *ret, size_t size)
{
	for (size_t done = 0; done < size;) {
		unsigned char random[32];
		char digits[64];
		size_t n = size - done < sizeof(digits) ? size - done : sizeof(digits);

		/* Up to 256 bytes come whole, and never fail once the generator is seeded. */
		if (getrandom(random, sizeof(random), 0) != sizeof(random))
			abort();
		hex(random, sizeof(random), digits);
		memcpy(ret + done, digits, n);
		done += n;
	}
	ret[size] = '\0';
}
