/*
 * Growing byte strings and lists of strings.
 *
 * A struct bytes always has a NUL behind its last byte (not counted in size), so .data of a text can be
 * used as a C string; .data is never NULL after the first append. Zero-initialise (`struct bytes b = { 0 }`),
 * free with bytes_free or CLEAN(bytes). What nobody else may read (a key, a password, what holds one) lies under CLEAN(secret), which
 * overwrites it: a growing struct bytes leaves no copy behind. A list ends with a NULL pointer, so .v can be an argv.
 */
#pragma once

#include "base/memory.h"
#include <stdbool.h>
#include <string.h>

struct bytes {
	char *data;
	size_t size;
	size_t space;
};

void bytes_add(struct bytes *b, const void *data, size_t size);
void bytes_add_text(struct bytes *b, const char *s);
void bytes_printf(struct bytes *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void bytes_take(struct bytes *b, char *s); /* b is empty; s, or NULL, is now its own */
void bytes_free(struct bytes *b);
void bytes_wipe(struct bytes *b); /* overwrites, then frees */
static inline void bytes_cleanup(struct bytes *b)
{
	bytes_free(b);
}
static inline void secret_cleanup(struct bytes *b)
{
	bytes_wipe(b);
}
static inline const char *bytes_text(const struct bytes *b)
{
	return b->data ? b->data : "";
}
static inline bool bytes_equal(const struct bytes *a, const struct bytes *b)
{
	return a->size == b->size && (!a->size || memcmp(a->data, b->data, a->size) == 0);
}

struct list {
	char **v; /* owned strings; NULL after the last; NULL itself when empty */
	size_t n;
};

void list_add(struct list *l, const char *s); /* copies */
void list_addf(struct list *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool list_has(const struct list *l, const char *s);
void list_free(struct list *l);
static inline void list_cleanup(struct list *l)
{
	list_free(l);
}
/* Splits at any of the separators; empty fields are left out. */
void list_split(struct list *l, const char *s, const char *separators);
void list_sort(struct list *l);
char *list_join(const struct list *l, const char *between); /* "" where it is empty; the caller's */

bool starts_with(const char *s, const char *prefix);
bool ends_with(const char *s, const char *suffix);
