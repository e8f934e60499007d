/*
 * What the files of name.h share.
 */
#pragma once

#include "mail/name.h"

/* ERR_USAGE: “NAME” and the reason, the name through printable(). */
struct error *name_refuse(const char *name, const char *reason, ...) MUST_USE PRINTF_LIKE(2, 3);
/* Refuses the first character that is neither an ASCII letter or digit, nor in also, nor, where unicode is set, a
 * visible one beyond ASCII. The reason names it. */
struct error *name_check_characters(const char *name, const char *also, bool unicode) MUST_USE;
/* Dot-separated labels of letters, digits and hyphens, 1 to 63 bytes each; upper case becomes lower. kind is the noun
 * for the reason: "domain", "selector". */
struct error *name_check_labels(const char *name, const char *kind, char *labels) MUST_USE;
bool name_is_ip(const char *s);
