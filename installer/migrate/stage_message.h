/*
 * One message: from the archive, or from the message that a hard link of the archive names, into staging; unless the folder has it.
 * Private to stage*.c.
 */
#pragma once

#include "host/unpack.h"
#include "migrate/stage_folder.h"

/* Where the bytes come from. */
struct source {
	struct unpack *u;
	int fd; /* of a message that is there already; -1: the archive */
	char buffer[65536];
};

/* Counts it as imported or present; or sets *ret_reason, a static text, and takes nothing. */
struct error *message_take(struct target *t, const struct member *m, const struct maildir_place *p, struct source *source,
	const char **ret_reason) MUST_USE;
