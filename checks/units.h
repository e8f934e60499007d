/*
 * The units of the mail server under the names of this Debian release.
 */
#pragma once

#include "checks/tally.h"

/* The first of the names (NULL after the last) that exists must be active; *ret_unit is its name, or the first
 * name. Says so in the tally and gives false where it is not. */
bool unit_is_active(struct host *h, const char *const *names, struct tally *t, const char **ret_unit);
