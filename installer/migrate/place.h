/*
 * Moves a staged import into the mailboxes, where Dovecot and its clients may be at work.
 *
 * A folder that the mailbox does not have yet appears whole, by one rename, with its UIDs. Into one that is there, message after
 * message is renamed while Dovecot's own lock on dovecot-uidlist is held; the archive's UIDs are kept where the folder has no message
 * and no client is connected (it would lose its session), or where it continues the same list. A move that was cut short is gone on
 * with: what is still staged is still to be moved.
 */
#pragma once

#include "migrate/import.h"

/* Removes the staging at the end; counts the files of each folder. */
struct error *place(struct import *im) MUST_USE;
struct error *count_files(struct import *im) MUST_USE;
