/*
 * SPF (RFC 7208) by meaning: may this address send for the domain, as its record says?
 */
#pragma once

enum spf_result {
	SPF_PASS,
	SPF_FAIL,
	SPF_UNJUDGED, /* rests on a mechanism that is not followed here: include, exists, ptr, redirect, a macro
		       */
};

enum spf_result spf_judge(const char *record, const char *domain, const char *address);
