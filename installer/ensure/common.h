/*
 * What the verbs share: owners, digests of what stands on disk, and the one way to put bytes into a file.
 */
#pragma once

#include "ensure/ensure.h"
#include "host/file.h"

struct identity {
	uid_t uid;
	gid_t gid;
	bool known; /* false: the user or group does not exist (yet) */
};
struct error *identity_of(struct run *run, struct owner owner, struct identity *ret) MUST_USE;

/* What stands before a file that another hand has changed is put beside it under this suffix. */
#define BEFORE ".mailsetup-before"

/* Type, mode, owner and SHA-256 of the content in one text; "absent" where there is nothing. */
char *image_digest(const struct file_image *image);
/* Changed by another hand: the verb has a record of this target, and it holds neither what mailsetup left nor the pre-image. */
struct error *target_drifted(struct run *run, const char *verb, const char *target, const struct file_image *now, bool *ret)
	MUST_USE;
/* Is what stands there ours to take back? Without a known digest it is. */
bool record_left(const struct undo_record *record, const struct file_image *now);
/* run_intend() of a new content of a file, whose image is what stands there now: where that is ours, it is the prior. */
struct error *intend_content(struct run *run, struct undo_record *r) MUST_USE;

/* Has this run changed one of these files? A path that ends with / is all files of that directory. */
bool changed_here(const struct run *run, const char *const *files);

/* Where the run wants diffs: gives the difference that was recorded last one of its text, from what is wanted to what stands there
 * where another hand has changed it, else the other way round. */
struct error *describe_change(struct run *run, const char *path, const struct file_image *now, const void *data, size_t size,
	mode_t mode, bool drift) MUST_USE;
/* Makes path hold these bytes with this owner, under the verb "file". */
struct error *put_file(struct run *run, const char *path, const void *data, size_t size, struct owner owner) MUST_USE;
/* Records these files, links and directories with all that is in them, so that a rollback brings back what a purge took. */
struct error *preserve_paths(struct run *run, const char *const *paths) MUST_USE;
/* Did this unit come with the packages of a transaction of mailsetup's? */
struct error *unit_brought(struct run *run, const char *unit, bool *ret) MUST_USE;
/* Notes which files stand in the packages' own paths, once. */
struct error *foreign_list(struct run *run, const char *const *paths) MUST_USE;
/* Copies what is neither as it was noted nor as a package has brought it since, names it (run_kept), and forgets the note. The
 * generated ones the packages write anew at any upgrade: they are nobody's work. */
struct error *foreign_save(struct run *run, const char *const *paths, const char *const *generated) MUST_USE;
/* A copy at /var/backups/mailsetup/N/PATH, N as it was free, of what another hand has put at path: the purge of a package may take the folder that
 * holds it. *ret is the copy's path; *ret_made is false where it was there already. */
struct error *save_theirs(struct run *run, const char *path, char **ret, bool *ret_made) MUST_USE;
/* Puts the pre-image of a record back at path, or keeps what another hand has changed. */
struct error *undo_path(struct run *run, const struct undo_record *record, const char *path) MUST_USE;
