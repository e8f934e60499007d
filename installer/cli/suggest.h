/*
 * The nearest known name to one that was mistyped.
 */
#pragma once

#include "base/bytes.h"

/* Edits (insert, delete, replace, swap two neighbours) between two words. */
size_t edit_distance(const char *a, const char *b);
/* The nearest of names, or NULL where none is near. */
const char *suggest(const char *word, const struct list *names);
