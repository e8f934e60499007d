#include "mail/dns_rdata.h"

#include <arpa/inet.h>

static void add_address(int family, struct dns_rdata rdata, struct list *ret)
{
	char s[INET6_ADDRSTRLEN];

	if (rdata.size == (family == AF_INET ? 4 : 16) && inet_ntop(family, rdata.data, s, sizeof(s)))
		list_add(ret, s);
}

static void add_a(struct dns_rdata rdata, struct list *ret)
{
	add_address(AF_INET, rdata, ret);
}

static void add_aaaa(struct dns_rdata rdata, struct list *ret)
{
	add_address(AF_INET6, rdata, ret);
}

static void append_byte(struct bytes *b, unsigned char c)
{
	if (c < 0x20 || c == 0x7f)
		bytes_printf(b, "\\%03u", c);
	else
		bytes_add(b, &c, 1);
}

/* Labels without compression, as libunbound hands them out; in lower case, without the final dot. */
static bool name_text(struct dns_rdata wire, struct bytes *ret)
{
	size_t at = 0;

	while (at < wire.size && wire.data[at]) {
		size_t end = at + 1 + wire.data[at];

		if (wire.data[at] > 63 || end >= wire.size)
			return false;
		if (at)
			bytes_add_text(ret, ".");
		for (at++; at < end; at++) {
			unsigned char c = wire.data[at];

			if (c == '.' || c == '\\')
				bytes_add_text(ret, "\\");
			append_byte(ret, c >= 'A' && c <= 'Z' ? (unsigned char)(c + 'a' - 'A') : c);
		}
	}
	if (!ret->size)
		bytes_add_text(ret, ".");
	return at + 1 == wire.size;
}

static void add_ptr(struct dns_rdata rdata, struct list *ret)
{
	CLEAN(bytes) struct bytes name = { 0 };

	if (name_text(rdata, &name))
		list_add(ret, name.data);
}

static void add_mx(struct dns_rdata rdata, struct list *ret)
{
	CLEAN(bytes) struct bytes name = { 0 };

	if (rdata.size > 2 && name_text((struct dns_rdata){ rdata.data + 2, rdata.size - 2 }, &name))
		list_addf(ret, "%u %s", (unsigned)(rdata.data[0] << 8 | rdata.data[1]), name.data);
}

static void add_txt(struct dns_rdata rdata, struct list *ret)
{
	CLEAN(bytes) struct bytes joined = { 0 };

	for (size_t at = 0; at < rdata.size;) {
		size_t length = rdata.data[at++];

		if (length > rdata.size - at)
			return;
		while (length--)
			append_byte(&joined, rdata.data[at++]);
	}
	list_add(ret, bytes_text(&joined));
}

static const struct dns_type types[] = {
	{ "A", DNS_A, add_a },
	{ "AAAA", DNS_AAAA, add_aaaa },
	{ "MX", DNS_MX, add_mx },
	{ "TXT", DNS_TXT, add_txt },
	{ "PTR", DNS_PTR, add_ptr },
};

const struct dns_type *dns_type_find(const char *name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}
