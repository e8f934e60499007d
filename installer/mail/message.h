/*
 * The text of a message.
 */
#pragma once

#include "base/bytes.h"

/* With CRLF at the end of every line, whatever it had, and at the end: as SMTP and DKIM want it. */
void message_crlf(const struct bytes *message, struct bytes *ret);
