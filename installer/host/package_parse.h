/*
 * Private to package_*.c: what apt and dpkg write, as values. Every field that is read is one that apt does not
 * translate and that its manual or its sources call stable.
 */
#pragma once

#include "host/package.h"

enum apt_event {
	APT_OTHER,
	APT_DOWNLOAD, /* dlstatus */
	APT_CHANGE,   /* pmstatus */
	APT_FAILURE,  /* pmerror */
};

/* A line of APT::Status-Fd. */
struct apt_line {
	enum apt_event event;
	double percent;
	char package[128]; /* "" where the line names none */
};
struct apt_line apt_line_parse(const char *line);

/* Downloading and changing are two scales of 0 to 100: this makes one of them, which never goes back. */
struct apt_progress {
	double download_share; /* of 100; taken by the first download line when 0 */
	double percent;
	bool downloading;
	bool changing;
};
void apt_progress_add(struct apt_progress *p, const struct apt_line *line);

/* Of `apt-get -s`: the Inst, Remv and Purg lines. */
void simulation_parse(const char *output, struct package_plan *ret);
/* Of the same: the names that the Inst lines' archives have in apt's cache. False where a line says no version or architecture. */
bool archives_parse(const char *output, struct list *ret);
/* Of `apt-get --print-uris`: 'ADDRESS' FILE SIZE HASH. names gets the package of each file, and may be NULL. */
void uris_parse(const char *output, struct package_plan *ret, struct list *names);
/* Of `apt-cache show`: Package, Version, Size, Installed-Size (KiB) of each paragraph (deb-control(5)). */
void facts_parse(const char *output, struct package_facts_list *ret);
/* Of apt's complaints: the packages that no source has. */
void unknown_parse(const char *complaints, struct list *ret);
/* Why the first file could not be fetched, "" where apt does not say; only for showing it. Free with free(). */
char *fetch_reason_parse(const char *complaints);
/* Of `apt-get indextargets` in the form "REPO_URI RELEASE ORIGIN": what packages_sources() gives. */
void sources_parse(const char *output, struct list *ret, bool *ret_any);
/* The files of "RELEASE PATH:NUMBER" lines of that release or a part of it, "bullseye-updates", "bullseye/updates". */
void source_files_parse(const char *output, const char *release, struct list *ret);
/* Of `dpkg-query -W` in the form "PACKAGE ARCHITECTURE WANT FLAG STATUS": NAME and NAME:ARCHITECTURE of each
 * that is installed and whole, and of each that has left at least its configuration. */
void states_parse(const char *output, struct list *ret_installed, struct list *ret_known);
