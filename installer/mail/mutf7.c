#include "mail/mutf7.h"

#include <stdint.h>

static int digit(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' :
	       c >= 'a' && c <= 'z' ? c - 'a' + 26 :
	       c >= '0' && c <= '9' ? c - '0' + 52 :
	       c == '+'		    ? 62 :
	       c == ','		    ? 63 :
				      -1;
}

static void add_utf8(struct bytes *b, uint32_t c)
{
	if (c < 0x800)
		bytes_add(b, (char[]){ (char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f)) }, 2);
	else if (c < 0x10000)
		bytes_add(b, (char[]){ (char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 0x3f)), (char)(0x80 | (c & 0x3f)) }, 3);
	else
		bytes_add(b,
			(char[]){ (char)(0xf0 | c >> 18), (char)(0x80 | (c >> 12 & 0x3f)), (char)(0x80 | (c >> 6 & 0x3f)),
				(char)(0x80 | (c & 0x3f)) },
			4);
}

/* One unit of UTF-16; *high is the first half of a pair. */
static bool add_unit(struct bytes *b, uint32_t unit, uint32_t *high)
{
	bool low = unit >= 0xdc00 && unit < 0xe000;

	if (low != (*high != 0))
		return false;
	if (unit >= 0xd800 && unit < 0xdc00) {
		*high = unit;
		return true;
	}
	if (!low && unit < 0xa0)
		return false;
	add_utf8(b, low ? 0x10000 + ((*high - 0xd800) << 10) + (unit - 0xdc00) : unit);
	*high = 0;
	return true;
}

/* What stands between '&' and '-'; returns the '-', or NULL. */
static const char *decode_shifted(const char *s, struct bytes *ret)
{
	uint32_t bits = 0, high = 0;
	unsigned n = 0;
	bool any = false;

	for (; *s != '-'; s++) {
		int d = digit((unsigned char)*s);

		if (d < 0)
			return NULL;
		bits = bits << 6 | (uint32_t)d;
		n += 6;
		any = true;
		if (n < 16)
			continue;
		n -= 16;
		if (!add_unit(ret, bits >> n & 0xffff, &high))
			return NULL;
		bits &= (1U << n) - 1;
	}
	/* One shift behind another is one too many, and Dovecot finds no such folder. */
	return any && n < 6 && !bits && !high && !(s[1] == '&' && s[2] != '-') ? s : NULL;
}

bool mutf7_decode(const char *s, struct bytes *ret)
{
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || (unsigned char)*s > 0x7e)
			return false;
		if (*s != '&') {
			bytes_add(ret, s, 1);
		} else if (s[1] == '-') {
			bytes_add(ret, "&", 1);
			s++;
		} else {
			s = decode_shifted(s + 1, ret);
			if (!s)
				return false;
		}
	}
	return true;
}
