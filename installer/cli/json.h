/*
 * JSON output: texts that may hold any bytes, and one object a line. What each command writes is the contract of docs/JSON.md
 * and docs/schema.json: a key that is not there fails tests/host/json.sh.
 */
#pragma once

#include "base/json_text.h"

#include <stdio.h>

/* {"event": name} */
json_t *json_event(const char *name);
/* Sets a text; NULL sets nothing. */
void json_set_text(json_t *object, const char *key, const char *value);
/* Milliseconds are enough. */
void json_set_seconds(json_t *object, const char *key, double seconds);
/* "2026-03-01T12:00:00Z" (RFC 3339), of seconds since 1970. */
void json_set_time(json_t *object, const char *key, int64_t seconds);
/* Writes the value and a newline, and drops it. */
void json_write(FILE *f, json_t *value);
