/*
 * dovecot-uidlist: which UID each message of a folder has. Joined as streams, since a list may be larger than memory should be. Formats:
 * maildir-uidlist.c of Dovecot 2.3; version 3 ("3 V1275660208 N25022 G3085f01b7f11094c501100008c4a11c1", then
 * "25006 W1234 :1276528487.M364837P9451") and version 1 ("1 VALIDITY NEXT", then "UID NAME").
 */
#pragma once

#include "base/error.h"
#include <stddef.h>
#include <stdio.h>

/*
 * Writes to `out`, in version 3, what a folder's list becomes when messages with the list `there` come into it. here NULL: the folder is
 * empty, the list is theirs. Else theirs must have the same UIDVALIDITY, and those of its UIDs go on that `here` has not given yet.
 *
 * *ret_kept is how many UIDs of `there` were taken; where none was, what was written is worth nothing. A list that cannot be trusted (no
 * header, a UID that does not rise or is not below the next, no name) gives ERR_STOPPED with the line's number.
 */
struct error *uidlist_join(FILE *here, FILE *there, FILE *out, size_t *ret_kept) MUST_USE;
