/*
 * The import of old mail: `mailsetup migrate-maildir`. What is visible to Dovecot changes only when the whole archive has been judged;
 * killed at any point, it goes on.
 *
 *	notes "import.N" of the state store   {"phase": "reading" | "placing" | "done", ...}: what it was asked, then its report
 *	/var/lib/mailsetup/import-N.list      the messages that it brings
 *	/var/mail/utilisateurs/.mailsetup-import-N   the staging (import.h)
 */
#pragma once

#include "engine/event.h"
#include "engine/params.h"
#include "engine/state.h"
#include "migrate/report.h"
#include "migrate/undo.h"

struct migration {
	struct host *host;
	struct state *state;
	const struct params *params;
	const struct events *events;
	const char *archive; /* as given; "-" is standard input */
	int fd;		     /* of it: archive_open() */
	const char *user;    /* --user, or NULL */
	const struct list *maps;
	bool dry;
	/* what came of it: */
	unsigned number; /* of the import; 0 where nothing was imported */
	struct report report;
	bool proven; /* Dovecot counts in each folder what stands there */
};

/* Opens what the administrator named: a regular file, or standard input that is no terminal. ERR_USAGE otherwise. */
struct error *archive_open(const char *path, int *ret_fd) MUST_USE;
/* ERR_PRECHECK: the archive is refused, nothing of it is here. An unfinished import is brought to its end, or taken out of the way. */
struct error *migrate(struct migration *m) MUST_USE;

/* Is an import unfinished? */
struct error *migration_unfinished(struct state *s, bool *ret) MUST_USE;
/* Goes on with it: m->archive and the options are those that it was begun with. */
struct error *migration_resume(struct migration *m) MUST_USE;
/* Before a rollback: mail that is half in comes in, what is only staged goes. */
struct error *migration_settle(struct migration *m) MUST_USE;
/* ERR_USAGE: there was no such import. */
struct error *migration_undo(struct migration *m, unsigned number, struct undone *ret) MUST_USE;
/* Imports that can be taken back, oldest first: [{"import": 1, "archive": "/root/old.tar.gz", "imported": 1284}, ...]. */
struct error *migrations_list(struct state *s, json_t **ret) MUST_USE;
