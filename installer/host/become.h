/*
 * A question asked as the user that asks in earnest: what root can read proves nothing about a daemon.
 */
#pragma once

#include "base/error.h"

/* For good: the process becomes that user, with its groups. */
struct error *become_user(const char *name) MUST_USE;
