/*
 * Texts of any bytes in JSON, which is UTF-8 (RFC 8259): names out of archives, messages in a locale of another charset.
 */
#pragma once

#include <jansson.h>

/* Bytes that are no UTF-8 become '?'. */
json_t *json_text(const char *s);
