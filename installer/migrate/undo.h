/*
 * Takes an import back: of the messages that its list names, those that are still in their folder under the same name and inode; then the
 * folders that have no message left.
 */
#pragma once

#include "migrate/import.h"

struct undone {
	uint64_t removed, gone; /* gone: moved or removed by somebody since */
};

/* im->list is read from its beginning, im->report names mailboxes and folders. */
struct error *undo_import(struct import *im, struct undone *ret) MUST_USE;
