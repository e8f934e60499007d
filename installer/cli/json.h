/*
 * JSON output: texts that may hold any bytes, and one object a line.
 */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* {"event": name} */
json_t *json_event(const char *name);
json_t *json_text(const char *s); /* bytes that are no UTF-8 become '?' */
/* Sets a text; NULL sets nothing. */
void json_set_text(json_t *object, const char *key, const char *value);
/* Milliseconds are enough. */
void json_set_seconds(json_t *object, const char *key, double seconds);
/* Writes the value and a newline, and drops it. */
void json_write(FILE *f, json_t *value);
