/*
 * One folder of an import, from staging into its mailbox. Private to place*.c.
 */
#pragma once

#include "migrate/import.h"

struct placing {
	struct import *im;
	const struct mailbox *mailbox;
	size_t number;	/* of the mailbox */
	int staged;	/* STAGING/K */
	int here;	/* the mailbox's directory */
	bool connected; /* a client has the mailbox open */
};

/* Makes Dovecot's files of a staged folder what they are to be where the mailbox has no such folder. Doing it again changes nothing. */
struct error *folder_finish(int staged) MUST_USE;
struct error *place_folder(struct placing *p, const struct folder *f) MUST_USE;
