/*
 * What an import found and did: mailboxes, their folders, why things were refused. Filled while the archive is judged, kept as JSON in
 * the state store, shown at the end.
 */
#pragma once

#include "base/error.h"
#include "base/json_text.h"
#include "base/memory.h"

struct folder {
	char *name;	 /* ".Sent"; "" is INBOX */
	uint32_t number; /* of the report: for the index */
	bool scanned;	 /* what the mailbox has already is in the index */
	bool staged;	 /* its directories stand in staging */
	bool made;	 /* the mailbox had no such folder */
	uint64_t archive, imported, present, refused;
	uint64_t files;	 /* in the mailbox when all was placed */
	int64_t counted; /* by Dovecot; -1: not yet */
};

struct mailbox {
	char *root;    /* in the archive: "exemple.fr/jean" */
	char *address; /* NULL: no account */
	char *path;    /* beneath the mailboxes: "exemple.fr/jean"; NULL: no account */
	struct folder *folders;
	size_t n;
};

struct reason {
	char *text;
	char *example; /* the first path */
	uint64_t n;
};

struct report {
	struct mailbox *mailboxes;
	size_t n;
	uint32_t folders; /* of all mailboxes */
	struct reason *refused, *left_out;
	size_t n_refused, n_left_out;
};

void report_free(struct report *r);
static inline void report_cleanup(struct report *r)
{
	report_free(r);
}

/* NULL where there is none; found fastest when it was the last one asked for. */
struct mailbox *report_mailbox(struct report *r, const char *root);
struct mailbox *report_mailbox_add(struct report *r, const char *root, const char *address);
/* Made where there is none. */
struct folder *report_folder(struct report *r, struct mailbox *m, const char *name);
void reason_count(struct reason **v, size_t *n, const char *text, const char *path);

struct totals {
	uint64_t archive, imported, present, refused, without_account;
};
struct totals report_totals(const struct report *r);

json_t *report_json(const struct report *r);
/* ERR_CONFLICT where it is not what report_json() gives. */
struct error *report_read(const json_t *json, struct report *ret) MUST_USE;
