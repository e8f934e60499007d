/*
 * The ensure verbs: the only vocabulary of steps. Each says what must be true.
 *
 * Planning (RUN_PLAN), a verb compares the machine with what is wanted, records each difference with run_difference() and
 * changes nothing; it copes with a machine where an earlier step has not run yet. Applying (RUN_APPLY), it does nothing where
 * the machine is as wanted; else it commits the inverse to the undo journal, then changes the machine, durably.
 * The inverse of each verb stands in verbs.def and runs on rollback. Owners are names, resolved when needed.
 */
#pragma once

#include "engine/run.h"
#include "mail/accounts.h"

struct owner {
	const char *user;
	const char *group;
	mode_t mode;
};
#define OWNED(u, g, m) ((struct owner){ .user = (u), .group = (g), .mode = (m) })
#define ROOT_FILE      OWNED("root", "root", 0644)

/* A variable of a template: @@NAME@@ becomes value. NULL name ends an array. */
struct variable {
	const char *name;
	const char *value;
};

/* files.c */
struct error *ensure_directory(struct run *run, const char *path, struct owner owner) MUST_USE;
/* One that a package's program makes when it first starts, but that is needed before. It goes with its package: no record. */
struct error *ensure_package_directory(struct run *run, const char *path, struct owner owner) MUST_USE;
struct error *ensure_file(struct run *run, const char *path, const void *data, size_t size, struct owner owner) MUST_USE;
/* The embedded asset of that path (assets/PATH or assets/PATH.in), with its variables filled in. variables may be NULL. */
struct error *ensure_asset(struct run *run, const char *path, const struct variable *variables, struct owner owner) MUST_USE;
/* The same; where assets/TREE/PATH has it as a version of a program wants it ("/dovecot-2.4"; engine/release.def), that one. */
struct error *ensure_asset_of(struct run *run, const char *tree, const char *path, const struct variable *variables,
	struct owner owner) MUST_USE;
/* The file has this line. Otherwise the first line that matches the extended regular expression is replaced, or, where none
 * does, the line is appended; pattern may be NULL. Owner and mode of an existing file stay; a missing one is made with owner. */
struct error *ensure_line(struct run *run, const char *path, const char *pattern, const char *line, struct owner owner)
	MUST_USE;
/* There is no such file: what mailsetup made is taken back; another hand's comes back at the rollback of the step. */
struct error *ensure_no_file(struct run *run, const char *path) MUST_USE;
/* Only mode and owner, of a file or directory that exists or that a package brings. */
struct error *ensure_attributes(struct run *run, const char *path, struct owner owner) MUST_USE;

/* verbs.c; what the verb once did to this target is taken back; without a record there is nothing to do. For parameters that are
 * withdrawn. */
struct error *ensure_taken_back(struct run *run, const char *verb, const char *target) MUST_USE;
/* The same for each target of the verb in this step but the one to keep, which may be NULL. */
struct error *ensure_no_other(struct run *run, const char *verb, const char *keep) MUST_USE;

/* accounts.c; an existing user or group of that name is taken as it is. id may be ID_ANY. */
struct error *ensure_group(struct run *run, const char *name, gid_t id) MUST_USE;
struct error *ensure_user(struct run *run, const char *name, uid_t id, const char *group, const char *home) MUST_USE;
struct error *ensure_member(struct run *run, const char *user, const char *group) MUST_USE;

/* packages.c; the arrays end with NULL. No daemon starts meanwhile: a policy-rc.d that answers 101 stands for the time of the
 * transaction; one of the administrator's is put back after it. */
struct seed {
	const char *path, *content;
};
struct packages {
	const char *const *names;
	/* Files that the packages' scripts are to find, written where there is none; a NULL path ends them. Each, or its directory,
	 * stands among the leftover paths as well. */
	const struct seed *seeds;
	/* What the packages leave behind, or take with them, when they are purged: rollback removes what was not there before, and
	 * brings back what was. */
	const char *const *leftover_users; /* with the groups of their names */
	const char *const *leftover_paths;
	const char *const *leftover_units;
	const char *const *generated_paths; /* configuration that the packages' scripts write, and write anew at any upgrade */
};
struct error *ensure_packages(struct run *run, const struct packages *packages) MUST_USE;
/* ERR_CONFLICT where the rollback of these packages would take another one with it, or could not purge them alone. */
struct error *check_purge(struct run *run) MUST_USE;
/* How many files in these directories, where mail waits, the rollback of the packages would take with it; NULL ends them. */
struct error *count_mail(struct run *run, const char *const *mail_paths, unsigned *ret) MUST_USE;

/* keys.c; computed in the background from the moment it is planned. An existing good one is kept, whatever its size; one that
 * was made here, or brought from another machine (KEY_NOTE), comes back after the rollback of its step. */
struct error *ensure_private_key(struct run *run, const char *path, unsigned bits, struct owner owner) MUST_USE;
/* It is given up for good: it does not come back. */
struct error *ensure_no_private_key(struct run *run, const char *path) MUST_USE;
/* Made anew when it does not match the key, does not cover hostname or has expired: the one that was brought from another machine
 * (CERTIFICATE_NOTE) where that one serves, else a self-signed one. */
struct error *ensure_certificate(struct run *run, const char *path, const char *key_path, const char *hostname, unsigned days,
	struct owner owner) MUST_USE;
/* A copy of the administrator's own file (--tls-cert, --tls-key), or of what filter, where there is one, leaves of it. */
struct error *ensure_copy(struct run *run, const char *path, const char *source,
	struct error *(*filter)(const struct bytes *pem, struct bytes *ret), struct owner owner) MUST_USE;
struct error *ensure_dh(struct run *run, const char *path, unsigned bits, bool generate, struct owner owner) MUST_USE;

/* rows.c */
struct error *ensure_schema(struct run *run, const char *schema, struct owner owner) MUST_USE;
/* A row whose key column has this value: inserted with these cells when absent, left alone when present. */
struct error *ensure_row(struct run *run, const char *table, const char *key_column, const char *key, const struct cell *cells)
	MUST_USE;
/* The same, but a row that mailsetup made and nobody has changed since follows the cells. */
struct error *ensure_row_follows(struct run *run, const char *table, const char *key_column, const char *key,
	const struct cell *cells) MUST_USE;

/* moved.c; the rows that an install has brought from another machine (ROWS_NOTE) are added, once. */
struct error *ensure_moved_rows(struct run *run) MUST_USE;

/* Is the row there as mailsetup made it? */
struct error *row_stands(struct run *run, const char *table, const char *key_column, const char *key, bool *ret) MUST_USE;
/* The row goes, whoever made it; a rollback does not bring it back. */
struct error *ensure_no_row(struct run *run, const char *table, const char *key_column, const char *key) MUST_USE;

/* compiled.c; output is made by argv (which must write it) and made anew when a source's digest has changed, or the name of its format. */
struct error *ensure_compiled(struct run *run, const char *output, const char *format, const char *const *sources,
	const char *const *argv, struct owner owner) MUST_USE;

/* units.c */
struct error *ensure_unit_enabled(struct run *run, const char *unit) MUST_USE;
/* It does not run: what a package of before has left at work, in the way of its new unit. It cannot be had back: no record. */
struct error *ensure_unit_stopped(struct run *run, const char *unit) MUST_USE;
/* A unit and the files that it reads when it starts; a path that ends in '/' stands for the regular files in that directory. */
struct unit_wanted {
	const char *unit;
	const char *const *files; /* NULL after the last */
	const char *const *reread; /* those that its daemon reads again when it is told to, or NULL */
	const char *body;         /* the unit that has the daemon, where this one only stands for it; else NULL */
};
/* Active, and at work with the files as they are now: restarted only when one of them differs from what the unit last started
 * with, and only reloaded when it is one that its daemon reads again: mail goes on meanwhile. What has to start starts at the same
 * time. */
struct error *ensure_units_current(struct run *run, const struct unit_wanted *units, size_t n) MUST_USE;
/* systemd-tmpfiles --create for one file of /etc/tmpfiles.d; the paths that it makes are journaled by name. */
struct error *ensure_tmpfiles(struct run *run, const char *conf, const char *const *paths) MUST_USE;

/* For steps that look before they demand (read-only). *ret is false while the path does not exist. */
struct error *machine_file_exists(struct run *run, const char *path, bool *ret) MUST_USE;
