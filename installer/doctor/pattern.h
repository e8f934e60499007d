/*
 * A log message to recognise: which program writes it, and a POSIX extended regular expression (regex(7)).
 *
 * The longest literal text that every match must hold is looked for first; the expression is only tried where it is
 * found, so a table of many costs little per line. Groups of the match fill in a template: "$1" to "$9".
 */
#pragma once

#include "base/bytes.h"
#include "host/mail_log.h"
#include <regex.h>

#define PATTERN_GROUPS 10

struct pattern {
	const char *program; /* "postfix/smtpd"; "postfix": any of it; "smtpd": last part of a name; NULL: any */
	char *needle;	     /* "" where there is none */
	regex_t regex;
};

/* The expression is one of our own tables: one that does not compile ends the process (a test compiles all). */
void pattern_compile(struct pattern *p, const char *program, const char *expression);
void pattern_free(struct pattern *p);
bool pattern_matches(const struct pattern *p, const struct log_line *line, regmatch_t groups[PATTERN_GROUPS]);
/* The template with its groups of text filled in, cut at a few hundred bytes. */
char *pattern_fill(const char *template, const char *text, const regmatch_t groups[PATTERN_GROUPS]);
