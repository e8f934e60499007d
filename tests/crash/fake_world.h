/*
 * The world around the fake machine, made once, so that two runs leave the same bytes.
 */
#pragma once

#include "base/error.h"

extern const char *world_root; /* what "/" is to the program */
struct error *world_open(void) MUST_USE;
const char *world_dkim_key(void); /* PEM */

/* Broken engines: the matrices must find each of them. */
enum engine {
	ENGINE_WHOLE,
	ENGINE_INVERSE_LATE,	  /* law 1: the inverse is recorded after the change */
	ENGINE_IMAGE_OVERWRITTEN, /* law 2: a resumed step overwrites the first pre-image */
	ENGINE_RECORD_EARLY,	  /* law 3: the record goes before its inverse has run */
};
extern enum engine engine;
