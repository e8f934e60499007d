/*
 * SPF (RFC 7208) by meaning: may this address send for the domain, as its record says?
 */
#pragma once

#include "mail/dns.h"

enum spf_result {
	SPF_PASS,
	SPF_FAIL,     /* another result of the RFC: fail, softfail, neutral; or the record is malformed (permerror) */
	SPF_UNJUDGED, /* rests on what is not followed here (exists, ptr, a macro), or on what the DNS did not answer */
};

bool spf_is_record(const char *txt);
/* The record of the domain, for that address. include:, redirect=, a and mx are followed through the resolver, 10 of them at most.
 * *ret_reason (may be NULL) gets a static text where the record is malformed, else NULL. */
enum spf_result spf_judge(struct resolver *r, const char *record, const char *domain, const char *address, const char **ret_reason);
