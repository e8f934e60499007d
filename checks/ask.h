/*
 * What several checks ask: an SMTP session up to its encrypted EHLO, a message of this run, and whether it has
 * arrived.
 *
 * address is where the server is for the caller: context->outside->server_ipv4 for a check with .outside set,
 * else ASK_LOOPBACK.
 */
#pragma once

#include "checks/check.h"
#include "mail/client.h"

#define ASK_LOOPBACK	"127.0.0.1"
#define ASK_HELLO	"verify.mailsetup.example"
#define ASK_STRANGER	"nobody@example.net" /* RFC 2606: not ours, and nobody's */
#define ASK_TOKEN_FIELD "X-Mailsetup-Token"
#define ASK_TIMEOUT	10u /* seconds, for one answer */
#define ASK_TRANSFER	30u /* seconds, for a login or a message: the filters of a small machine may just have been started */
#define ASK_DELIVERY	20u /* seconds, from accepted to readable */
#define ASK_LOGS	"journalctl -b -n 50 -t postfix/smtpd -t postfix/lmtp -t dovecot"
#define ASK_SPAM_LOGS	"journalctl -b -n 50 -u 'spam*' -u dovecot"

/* Connected, with the time limit of this run. */
struct error *ask_open(
	const struct check_context *c, const char *address, unsigned port, struct dialogue **ret) MUST_USE;
/* Connected, greeted, EHLO answered. features (may be NULL) gets the lines of that answer. */
struct error *ask_smtp_clear(const struct check_context *c, const char *address, unsigned port,
	struct dialogue **ret, struct list *ret_features) MUST_USE;
/* The same and encrypted: STARTTLS and EHLO anew; on 465, TLS at once. */
struct error *ask_smtp(const struct check_context *c, const char *address, unsigned port, struct dialogue **ret,
	struct list *ret_features) MUST_USE;
/* Up to where TLS begins: STARTTLS is agreed to on 25, 587, 143 and 4190; on 465 and 993 just connected. */
struct error *ask_before_tls(
	const struct check_context *c, const char *address, unsigned port, struct dialogue **ret) MUST_USE;
extern const unsigned ask_tls_ports[]; /* all of these; 0 after the last */
/* Sends the IMAP command and reads up to its answer: what follows the tag, "OK ..." or else. ret_lines (may be
 * NULL) gets the untagged lines before it. The greeting must have been read. */
struct error *ask_imap(
	struct dialogue *d, const char *command, struct list *ret_lines, char **ret_answer) MUST_USE;
/* The same for ManageSieve, NULL for the capabilities that it sends by itself. ERR_STOPPED unless it says OK. */
struct error *ask_sieve(struct dialogue *d, const char *command, struct list *ret_lines) MUST_USE;
/* A feature of an EHLO answer by its keyword: "AUTH" finds "250-AUTH PLAIN" and "250 AUTH=PLAIN". */
bool ask_has_feature(const struct list *features, const char *keyword);
/* The argument of AUTH PLAIN; wipe it where the password is real. */
void ask_plain(const char *user, const char *password, struct bytes *ret);
/* MAIL FROM, and RCPT TO where that was accepted: the code and text of the last answer. Then RSET: nothing is
 * sent. */
struct error *ask_recipient(
	struct dialogue *d, const char *from, const char *to, int *ret_code, struct bytes *ret_reply) MUST_USE;

/* Port 25 as any server of the world; 587, 465 or 993 as the test mailbox. */
struct endpoint ask_stranger(const struct check_context *c, const char *address);
struct endpoint ask_user(const struct check_context *c, const char *address, unsigned port);

/* A small plain message to the test mailbox. word tells it from the others of this run. */
void ask_message(
	const struct check_context *c, const char *word, const char *from, const char *body, struct bytes *ret);
/* The same with more header lines, each with its CRLF. */
void ask_message_with(const struct check_context *c, const char *word, const char *from, const char *extra,
	const char *body, struct bytes *ret);
/* Waits until the message of that word stands in one of the folders (NULL after the last), and says in which.
 * ERR_STOPPED when it has not come in time, with the reason that Postfix gives for it. */
struct error *ask_wait(const struct check_context *c, const char *address, const char *const *folders,
	const char *word, const char **ret_folder, char **ret_uid) MUST_USE;
extern const char *const ask_both[]; /* INBOX, Spam */
/* Sends such a message to an address, and waits for it in one of those two. */
struct error *ask_deliver(const struct check_context *c, const struct endpoint *e, const char *from,
	const char *to, const char *word, const struct bytes *message, const char **ret_folder,
	char **ret_uid) MUST_USE;
/* The message of a word that has arrived, as IMAP gives it. */
struct error *ask_fetch(const struct check_context *c, const char *address, const char *folder,
	const char *uid, struct bytes *ret) MUST_USE;

/* A reply that only says that our own domain is not in the DNS yet (450 4.1.8): unknown, not failed. */
bool ask_waits_for_dns(const struct check_context *c, const char *reply);
void ask_dns_unknown(const struct check_context *c, struct finding *f, const char *reply);
/* A sending that failed, judged so. Consumes e; returns true when there was one. */
bool ask_refused(const struct check_context *c, struct finding *f, struct error *e, const char *remedy);
