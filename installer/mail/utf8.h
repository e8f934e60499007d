/*
 * UTF-8, read without the locale: what passwords and refused names are made of.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the well-formed character at s, of which n bytes are there; 0 when there is none. ret may be NULL. */
size_t utf8_character(const char *s, size_t n, uint32_t *ret);
/* C0, DEL and C1. */
bool utf8_is_control(uint32_t c);
/* Shows nothing, or reorders what stands around it: soft hyphen, joiners, directional marks, separators. */
bool utf8_is_invisible(uint32_t c);
