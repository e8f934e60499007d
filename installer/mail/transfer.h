/*
 * One transfer of the mail client through libcurl. Private to mail/.
 *
 * Only what the server says is recorded, never what we send: a password cannot get into an error.
 */
#pragma once

#include "mail/client.h"
#include <curl/curl.h>

struct transfer {
	CURL *curl;
	const struct endpoint *endpoint;
	const char *protocol; /* for messages: "SMTP", "IMAP" */
	struct curl_slist *connect_to;
	struct curl_slist *recipients;
	char reason[CURL_ERROR_SIZE];
	CURLcode result;
	struct bytes output;  /* what was fetched */
	struct bytes reply;   /* the server's last one */
	struct bytes refusal; /* the last one that refused something */
	bool reply_open;      /* its last line is still to come */
	bool authenticated;   /* SMTP: the server said so */
};

/* scheme is "smtp" or "imap"; path is what follows the host in the URL, escaped. */
struct error *transfer_prepare(
	struct transfer *t, const struct endpoint *e, const char *scheme, const char *path) MUST_USE;
struct error *transfer_run(struct transfer *t) MUST_USE;
void transfer_cleanup(struct transfer *t);
