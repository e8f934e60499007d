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

struct error *place_folder(struct placing *p, const struct folder *f) MUST_USE;
