/*
 * DKIM (RFC 6376, RFC 8301): the record that DNS must carry, and verification of a signed message.
 *
 * Verification is libopendkim's; the key comes from a record text that the caller hands over (from the DNS, or the
 * one to be published), never from a lookup of its own.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "host/host.h"
#include "mail/layout.h"

/* Of the key of that name; suffix is "private" or "txt". Owned by the caller. */
char *dkim_path(const char *domain, const char *selector, const char *suffix);
/* The record to publish for the private key on disk. */
struct error *dkim_read_record(struct host *h, const char *domain, const char *selector, char **ret) MUST_USE;

/* The selector by which OpenDKIM signs what comes from the domain, as its two tables are on disk, whoever wrote them: opendkim.conf(5).
 * *ret is NULL where it does not. */
struct error *dkim_signing_selector(struct host *h, const char *domain, char **ret) MUST_USE;

/* "v=DKIM1; h=sha256; k=rsa; s=email; p=..." from a private key. One string: dns_txt_split() cuts it. */
struct error *dkim_record(const struct bytes *private_pem, char **ret) MUST_USE;
/* The text of the guide's SELECTOR.txt, as opendkim-genkey writes it. */
struct error *dkim_zone_text(const char *selector, const char *domain, const char *record, struct bytes *ret) MUST_USE;
/* The p= of a record, decoded. */
struct error *dkim_record_key(const char *record, struct bytes *ret_der) MUST_USE;
/* Do two records hold the same key? By key, not by text: spaces, other tags and cuts do not matter. An error where the one that is
 * published holds none. */
struct error *dkim_same_key(const char *published, const char *own, bool *ret) MUST_USE;

/* Does the message (CRLF or LF lines) carry a signature of this domain and selector that verifies against record?
 * ERR_STOPPED with libopendkim's reason when not. (libopendkim itself has a dkim_verify.) */
struct error *dkim_verify_message(const struct bytes *message, const char *domain, const char *selector,
	const char *record) MUST_USE;
