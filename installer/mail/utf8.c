#include "mail/utf8.h"

size_t utf8_character(const char *s, size_t n, uint32_t *ret)
{
	/* By length: the smallest code point (a shorter form exists below it), lead byte and its mask. */
	static const struct {
		uint32_t least;
		unsigned char lead, mask;
	} forms[] = { { 0, 0x00, 0x80 }, { 0x80, 0xc0, 0xe0 }, { 0x800, 0xe0, 0xf0 }, { 0x10000, 0xf0, 0xf8 } };
	const unsigned char *p = (const unsigned char *)s;

	for (size_t length = 1; length <= 4 && length <= n; length++) {
		if ((p[0] & forms[length - 1].mask) != forms[length - 1].lead)
			continue;
		uint32_t c = p[0] & (unsigned char)~forms[length - 1].mask;
		for (size_t i = 1; i < length; i++) {
			if ((p[i] & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (p[i] & 0x3f);
		}
		if (c < forms[length - 1].least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
			return 0;
		if (ret)
			*ret = c;
		return length;
	}
	return 0;
}

bool utf8_is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

bool utf8_is_invisible(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x00ad, 0x00ad },
		{ 0x034f, 0x034f },
		{ 0x061c, 0x061c },
		{ 0x115f, 0x1160 },
		{ 0x17b4, 0x17b5 },
		{ 0x180b, 0x180f },
		{ 0x200b, 0x200f },
		{ 0x2028, 0x202e },
		{ 0x2060, 0x206f },
		{ 0x3164, 0x3164 },
		{ 0xfe00, 0xfe0f },
		{ 0xfeff, 0xfeff },
		{ 0xffa0, 0xffa0 },
		{ 0xfff0, 0xfffb },
		{ 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}
