/*
 * The header of a message, as RFC 5322 has it: fields, which may be folded.
 */
#pragma once

#include "base/bytes.h"

/* The unfolded value of each field of that name, in their order. The body is not looked at. */
void header_values(const struct bytes *message, const char *name, struct list *ret);
