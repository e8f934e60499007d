/*
 * Judges an archive, member by member, while it comes in, and stages what is to be imported.
 *
 * A path that leads out of the archive, a compression that no mail has, a disk that would run full, mailboxes that cannot be told apart:
 * each refuses the archive as a whole (ERR_PRECHECK, ERR_USAGE). A message that cannot be taken is counted with its reason.
 */
#pragma once

#include "host/unpack.h"
#include "migrate/import.h"

struct error *stage(struct import *im, struct unpack *u) MUST_USE;
