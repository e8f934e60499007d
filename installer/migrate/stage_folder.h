/*
 * The folder that messages are being staged for: its directories in staging and in the mailbox, and which messages it has. Private to
 * stage*.c.
 */
#pragma once

#include "mail/maildir.h"
#include "migrate/import.h"

struct target {
	struct import *im;
	struct index *index;
	size_t mailbox, folder; /* of the report */
	unsigned rescans;
	struct alias {
		uint32_t folder;
		char *archive, *staged; /* BASE */
	} *aliases;
	size_t n_aliases;
	int staged[2], here[2]; /* cur and new; -1 where there is none */
};
void target_close(struct target *t);

/* Turns to a folder; scans what the mailbox has in it when it is the first time. */
struct error *target_open(struct target *t, size_t mailbox, const char *folder) MUST_USE;
struct folder *target_folder(const struct target *t);
/* The message of this BASE that the folder has, here or staged, open for reading; -1 where it has none. */
struct error *target_known(struct target *t, const char *base, size_t size, int *ret_fd) MUST_USE;
/* The same, for a BASE of the archive that a hard link names: only a message that the archive has brought, or found here. */
struct error *target_linked(struct target *t, const char *base, size_t size, int *ret_fd) MUST_USE;
/* The folder has the archive's message of this BASE already. */
void target_present(struct target *t, const char *base, size_t size);
/* The archive's message `archive` is staged as `staged`. */
void target_alias(struct target *t, const char *archive, size_t size, const char *staged, size_t staged_size);
/* A new staged file: BASE where it is free, else another name. Its name is owned by the caller. */
struct error *target_create(struct target *t, bool is_new, const char *base, size_t size, const struct maildir_name *name, int *ret_fd,
	char **ret_name) MUST_USE;
