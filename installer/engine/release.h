/*
 * The Debian release of the machine, and what of a mail server differs with it (release.def).
 *
 * Not the release's number decides but the versions of the packages: those that are installed, else those that apt would install, so
 * that backports, and releases that mailsetup does not know, are served as far as they are like a known one. Where apt
 * has no lists yet, a known release stands for the versions that it has.
 */
#pragma once

#include "host/facts.h"

struct release {
	struct os_release os;
	bool known; /* the tests run on it */
	bool ended; /* Debian's support of it has */
	bool guessed; /* neither apt nor dpkg has told a version, and the release is not known: taken for the newest */
#define RELEASE(...)
#define FACT(name, package, before, version, since) const char *name;
#include "engine/release.def"
#undef FACT
#undef RELEASE
};

struct error *release_read(struct host *h, struct release *ret) MUST_USE;
/* A known one as it usually is, by its number or its name. ERR_USAGE where it is not known. */
struct error *release_named(const char *word, struct release *ret) MUST_USE;
void releases_names(struct list *ret);
/* "11, 12, 13". Free with free(). */
char *releases_known(void);

/* Is this version of a package ("1:2.4.1+dfsg1-6") that number ("2.4"), or a later one? Two numbers count. */
bool version_reaches(const char *version, const char *number);
