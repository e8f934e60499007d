/*
 * Modified UTF-7, in which IMAP and Maildir++ write folder names (RFC 3501, 5.1.3): "&AOk-t&AOk-" is "été".
 */
#pragma once

#include "base/bytes.h"

/* Appends the UTF-8. False, and what was appended is of no use, where it is malformed: a byte outside of ASCII, a control character, an
 * open or an empty shift, base64 with bits left over or with padding, half a surrogate pair, ASCII that was shifted without need. */
bool mutf7_decode(const char *s, struct bytes *ret);
