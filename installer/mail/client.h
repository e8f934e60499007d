/*
 * A mail client: sends by SMTP, reads by IMAP, speaks raw dialogues. Mail through libcurl; dialogues on a plain socket
 * with OpenSSL for STARTTLS, for what no well-behaved client does (AUTH in clear, relaying, VRFY). The process must
 * ignore SIGPIPE.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include <stdint.h>

enum transport_security {
	SECURITY_NONE,
	SECURITY_STARTTLS,
	SECURITY_TLS,
};

struct endpoint {
	const char *address; /* IP address to connect to */
	const char *hostname; /* server name for TLS (SNI) and the URL */
	unsigned port;
	enum transport_security security;
	const char *user; /* NULL: no authentication */
	const struct bytes *password;
	const char *certificate_file; /* trusted besides the system's, e.g. our own self-signed; NULL: accept any */
	unsigned timeout;             /* seconds for the whole transfer; 0 is 30 */
};

/* from may be "" for the null sender. The reply of the server is in the error's detail when it refuses. */
struct error *smtp_send(const struct endpoint *e, const char *from, const char *to, const struct bytes *message) MUST_USE;
/* UIDs of the folder's messages that carry this header field and value. An absent folder gives an empty list. */
struct error *imap_search_header(const struct endpoint *e, const char *folder, const char *field, const char *value,
	struct list *ret_uids) MUST_USE;
struct error *imap_fetch(const struct endpoint *e, const char *folder, const char *uid, struct bytes *ret) MUST_USE;
/* Logs in and out. ERR_STOPPED when refused. */
struct error *imap_login(const struct endpoint *e) MUST_USE;

/* A dialogue by lines. */
struct dialogue;

struct error *dialogue_open(const char *address, unsigned port, unsigned timeout, struct dialogue **ret) MUST_USE;
/* Waits until somebody greets there (tls: after a handshake), for so many seconds in all, or until a signal comes. */
struct error *dialogue_await(const char *address, unsigned port, bool tls, unsigned seconds) MUST_USE;
void dialogue_close(struct dialogue *d);
DEFINE_CLEANUP(struct dialogue *, dialogue_close)
/* TLS from here on (after the server agreed to STARTTLS, or at once). min and max: TLS1_2_VERSION or so, 0 for any; ciphers
 * may be NULL. The peer's certificate is not judged, only kept. */
struct error *dialogue_start_tls(struct dialogue *d, const char *hostname, int min, int max, const char *ciphers) MUST_USE;
struct error *dialogue_send(struct dialogue *d, const char *line) MUST_USE; /* CRLF is added */
struct error *dialogue_line(struct dialogue *d, char **ret) MUST_USE;
/* A whole SMTP reply ("250-...", "250 ..."): its lines and its code. */
struct error *dialogue_smtp(struct dialogue *d, int *ret_code, struct list *ret_lines) MUST_USE;
/* Sends a command and reads the reply: dialogue_ask(d, &code, &lines, "RCPT TO:<%s>", a). lines may be NULL. */
struct error *dialogue_ask(struct dialogue *d, int *ret_code, struct list *ret_lines, const char *format, ...)
	MUST_USE PRINTF_LIKE(4, 5);
const char *dialogue_tls_version(const struct dialogue *d); /* "TLSv1.3" or NULL */
const char *dialogue_tls_cipher(const struct dialogue *d);
/* SHA-256 of the served certificate, and its end. */
struct error *dialogue_certificate(const struct dialogue *d, char ret_fingerprint[65], int64_t *ret_not_after) MUST_USE;
