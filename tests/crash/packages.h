/*
 * The fake archive: a few representative files of each package. Files with a configuration path are conffiles:
 * they stay until the package is purged. What `made` lists is written by the package's own set-up, as main.cf
 * is by Postfix's.
 */
#pragma once

struct packed {
	const char *path; /* ends in '/' for a directory */
	unsigned mode;
	const char *owner; /* user and group of that name, or NULL for root */
	const char *content;
};

struct package {
	const char *name;
	const char *depends;  /* words */
	const char *programs; /* words: links to the fakes in /usr/sbin */
	const char *users;    /* words: users with their groups */
	const char *groups;   /* words */
	const char *unit;
	int enabled; /* by its set-up */
	int sysv;
	const struct packed *files; /* a NULL path ends them */
	const struct packed *made;
};

/* The last one: nothing of mailsetup's needs it. */
#define FOREIGN_PACKAGE "certbot"

extern const struct package archive[]; /* a NULL name ends it; dependencies come before what needs them */
