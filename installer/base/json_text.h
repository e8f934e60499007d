/*
 * Texts of any bytes in JSON, which is UTF-8 (RFC 8259): names out of archives, messages in a locale of another charset. And
 * CLEAN(json_decref) for a value that is ours.
 */
#pragma once

#include "base/bytes.h"

#include <jansson.h>

DEFINE_CLEANUP(json_t *, json_decref)

/* Bytes that are no UTF-8 become '?'. */
json_t *json_text(const char *s);
/* An array of them. */
json_t *json_list(const struct list *l);
