/*
 * What the mail programs have logged: the journal of their units, of syslog's mail facility, of systemd about them
 * and of the kernel; and /var/log/mail.log.1 and mail.log where rsyslog writes them.
 *
 * What rsyslog writes is in the journal, too: of the files only what is older than the journal's first entry is read,
 * so no message comes twice. Texts are a stranger's: one line, no control characters, cut at MAIL_LOG_LINE bytes, but of
 * any other bytes. Memory does not grow with the log.
 */
#pragma once

#include "host/host.h"

#define MAIL_LOG_LINE 8192

struct log_line {
	int64_t time;	     /* microseconds of the wall clock */
	const char *program; /* "postfix/submission/smtpd", "dovecot", "systemd", "kernel" */
	const char *text;
};

/* Calls take for each line since that time (microseconds), until it returns false, or a signal comes (ERR_STOPPED). Oldest first; newest_first: the
 * journal from its end, then the files, whose lines are in their own order. ERR_PRECHECK when there is neither. */
struct error *mail_log_read(struct host *h, int64_t since, bool newest_first, bool (*take)(void *context, const struct log_line *line),
	void *context) MUST_USE;
/* A line of a log file: "Nov 24 16:22:25 mail postfix/smtpd[455]: text", or the same with an RFC 3339 time; a time without a
 * year is the last one before now (seconds). Cuts s in pieces that *ret points to; false when it is no such line. */
bool mail_log_parse(char *s, int64_t now, struct log_line *ret);
