/*
 * Whether a unit of the mail server runs.
 */
#pragma once

#include "checks/tally.h"

/* Says so in the tally and gives false where it does not. */
bool unit_is_active(struct host *h, const char *unit, struct tally *t);
