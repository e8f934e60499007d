#include "mail/name_parts.h"

#include <arpa/inet.h>

struct ip {
	int family;
	unsigned bits;
	unsigned char byte[16];
};

/* Also in brackets, with or without the tag of an address literal of mail (RFC 5321, 4.1.3). */
static bool parse(const char *s, struct ip *ret)
{
	CLEAN(free) char *inner = NULL;
	size_t size = strlen(s);

	if (size > 2 && s[0] == '[' && s[size - 1] == ']') {
		inner = text_copy_n(s + 1, size - 2);
		s = strncasecmp(inner, "IPv6:", 5) == 0 ? inner + 5 : inner;
	}
	*ret = (struct ip){ .family = AF_INET, .bits = 32 };
	if (inet_pton(AF_INET, s, ret->byte) == 1)
		return true;
	*ret = (struct ip){ .family = AF_INET6, .bits = 128 };
	return inet_pton(AF_INET6, s, ret->byte) == 1;
}

bool name_is_ip(const char *s)
{
	struct ip ip;

	return parse(s, &ip);
}

static char *ip_text(const struct ip *ip)
{
	char s[INET6_ADDRSTRLEN];

	return text_copy(inet_ntop(ip->family, ip->byte, s, sizeof(s)));
}

static struct error *check_family(const char *s, const struct ip *ip)
{
	if (ip->family == AF_INET6 && IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)(const void *)ip->byte))
		return name_refuse(s, "is an IPv4 address written as IPv6; write it as IPv4");
	return NULL;
}

static bool unspecified(const struct ip *ip)
{
	for (unsigned i = 0; i < ip->bits / 8; i++)
		if (ip->byte[i])
			return false;
	return true;
}

struct error *ip_normalise(const char *s, char **ret)
{
	struct ip ip;

	if (!parse(s, &ip))
		return name_refuse(s, "is no IP address; one looks like 192.0.2.1 or 2001:db8::1");
	TRY(check_family(s, &ip));
	if (ip.family == AF_INET ? ip.byte[0] == 0 || ip.byte[0] >= 224
				 : ip.byte[0] == 0xff || unspecified(&ip))
		return name_refuse(s, "is not the address of one machine (unspecified, multicast or reserved)");
	*ret = ip_text(&ip);
	return NULL;
}

static struct error *parse_prefix(const char *s, const char *digits, const struct ip *ip, unsigned *ret)
{
	size_t size = strlen(digits);

	if (!size || size > 3 || digits[strspn(digits, "0123456789")] || (size > 1 && digits[0] == '0'))
		return name_refuse(s, "has no number after the slash; a network looks like 192.0.2.0/24");
	*ret = (unsigned)strtoul(digits, NULL, 10);
	if (*ret > ip->bits)
		return name_refuse(s, "has a prefix of %u bits; the address has %u", *ret, ip->bits);
	return NULL;
}

/* Clears the bits behind the prefix; true when there was one. */
static bool clear_host_bits(struct ip *ip, unsigned prefix)
{
	bool found = false;

	for (unsigned i = 0; i < ip->bits / 8; i++) {
		unsigned kept = prefix <= i * 8 ? 0 : prefix - i * 8;
		unsigned char mask = kept >= 8 ? 0xff : (unsigned char)(0xff00 >> kept);

		found = found || (ip->byte[i] & ~mask);
		ip->byte[i] &= mask;
	}
	return found;
}

struct error *network_normalise(const char *s, char **ret)
{
	size_t size = strcspn(s, "/");
	CLEAN(free) char *address = text_copy_n(s, size);
	struct ip ip;

	if (!parse(address, &ip))
		return name_refuse(s, "is no network; one looks like 192.0.2.0/24 or 2001:db8::/32");
	TRY(check_family(s, &ip));
	unsigned prefix = ip.bits, widest = ip.family == AF_INET ? 8 : 16;
	if (s[size])
		TRY(parse_prefix(s, s + size + 1, &ip, &prefix));
	if (prefix < widest)
		return name_refuse(s,
			"is wider than /%u: so many strangers could send through the server without a password",
			widest);

	bool host_bits = clear_host_bits(&ip, prefix);
	CLEAN(free) char *base = ip_text(&ip);
	if (host_bits)
		return name_refuse(s, "has bits set behind the prefix; the network is %s/%u", base, prefix);
	if (unspecified(&ip) || ip.byte[0] == 0xff || (ip.family == AF_INET && ip.byte[0] >= 224))
		return name_refuse(s, "holds no addresses of machines (unspecified, multicast or reserved)");
	*ret = text(ip.family == AF_INET ? "%s/%u" : "[%s]/%u", base, prefix);
	return NULL;
}
