/*
 * DKIM (RFC 6376, RFC 8301): the record that DNS must carry, and verification of a signed message.
 *
 * Verification is libopendkim's; the key comes from a record text that the caller hands over (from the DNS, or the
 * one to be published), never from a lookup of its own.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

/* "v=DKIM1; h=sha256; k=rsa; s=email; p=..." from a private key. One string: dns_txt_split() cuts it. */
struct error *dkim_record(const struct bytes *private_pem, char **ret) MUST_USE;
/* The text of the guide's SELECTOR.txt, as opendkim-genkey writes it. */
struct error *dkim_zone_text(const char *selector, const char *domain, const char *record, struct bytes *ret) MUST_USE;
/* The p= of a record, decoded. */
struct error *dkim_record_key(const char *record, struct bytes *ret_der) MUST_USE;

/* Does the message (CRLF or LF lines) carry a signature of this domain and selector that verifies against record?
 * ERR_STOPPED with libopendkim's reason when not. (libopendkim itself has a dkim_verify.) */
struct error *dkim_verify_message(const struct bytes *message, const char *domain, const char *selector,
	const char *record) MUST_USE;
