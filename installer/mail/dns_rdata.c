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

static unsigned number_at(struct dns_rdata rdata, size_t at)
{
	return (unsigned)(rdata.data[at] << 8 | rdata.data[at + 1]);
}

static void add_mx(struct dns_rdata rdata, struct list *ret)
{
	CLEAN(bytes) struct bytes name = { 0 };

	if (rdata.size > 2 && name_text((struct dns_rdata){ rdata.data + 2, rdata.size - 2 }, &name))
		list_addf(ret, "%u %s", number_at(rdata, 0), name.data);
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

/* RFC 2782: priority, weight, port, target. */
static void add_srv(struct dns_rdata rdata, struct list *ret)
{
	CLEAN(bytes) struct bytes name = { 0 };

	if (rdata.size > 6 && name_text((struct dns_rdata){ rdata.data + 6, rdata.size - 6 }, &name))
		list_addf(ret, "%u %u %u %s", number_at(rdata, 0), number_at(rdata, 2), number_at(rdata, 4), name.data);
}

/* RFC 6698: usage, selector, matching type, data. */
static void add_tlsa(struct dns_rdata rdata, struct list *ret)
{
	CLEAN(bytes) struct bytes hex = { 0 };

	if (rdata.size <= 3)
		return;
	for (size_t i = 3; i < rdata.size; i++)
		bytes_printf(&hex, "%02x", rdata.data[i]);
	list_addf(ret, "%u %u %u %s", rdata.data[0], rdata.data[1], rdata.data[2], hex.data);
}

/* RFC 8659: flags, length of the tag, tag, value. */
static void add_caa(struct dns_rdata rdata, struct list *ret)
{
	CLEAN(bytes) struct bytes text_of = { 0 };
	size_t tag_end = rdata.size < 2 ? 0 : (size_t)2 + rdata.data[1];

	if (tag_end <= 2 || tag_end > rdata.size)
		return;
	bytes_printf(&text_of, "%u ", rdata.data[0]);
	for (size_t i = 2; i < tag_end; i++)
		append_byte(&text_of, rdata.data[i]);
	bytes_add_text(&text_of, " \"");
	for (size_t i = tag_end; i < rdata.size; i++) {
		if (rdata.data[i] == '"' || rdata.data[i] == '\\')
			bytes_add_text(&text_of, "\\");
		append_byte(&text_of, rdata.data[i]);
	}
	bytes_add_text(&text_of, "\"");
	list_add(ret, text_of.data);
}

static const struct dns_type types[] = {
	{ "A", DNS_A, add_a },
	{ "AAAA", DNS_AAAA, add_aaaa },
	{ "MX", DNS_MX, add_mx },
	{ "TXT", DNS_TXT, add_txt },
	{ "PTR", DNS_PTR, add_ptr },
	{ "SRV", DNS_SRV, add_srv },
	{ "TLSA", DNS_TLSA, add_tlsa },
	{ "CAA", DNS_CAA, add_caa },
};

const struct dns_type *dns_type_find(const char *name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}
