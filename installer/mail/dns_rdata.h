/*
 * The data of DNS records in wire format (RFC 1035, 3.3; names without compression) as texts. What is malformed is left out.
 */
#pragma once

#include "base/bytes.h"

enum { DNS_A = 1, DNS_PTR = 12, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28, DNS_SRV = 33, DNS_TLSA = 52, DNS_CAA = 257,
	DNS_CLASS_IN = 1 };

struct dns_rdata {
	const unsigned char *data;
	size_t size;
};

struct dns_type {
	const char *name;
	int number;
	void (*add)(struct dns_rdata rdata, struct list *ret);
};
const struct dns_type *dns_type_find(const char *name); /* or NULL */
