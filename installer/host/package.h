/*
 * Debian packages, through dpkg-query(1), apt-get(8) and apt-mark(8).
 *
 * apt-get runs unattended: noninteractive, no recommends, --force-confdef --force-confold, Dpkg::Use-Pty=0,
 * DPkg::Lock::Timeout, Acquire::Retries=3, Status-Fd for progress. Its text is never parsed for meaning, but
 * for the stable "Inst" and "Remv" lines of a simulation and the lines of --print-uris.
 */
#pragma once

#include "host/host.h"

/* percent is 0..100 over download and unpack together; what is a package name or "". */
typedef void package_progress(void *context, double percent, const char *what);

struct package_plan {
	struct list install;    /* what apt would install, ours and their dependencies */
	struct list remove;     /* what it would remove: show it before doing it */
	struct list downloads;  /* addresses of what is not in the cache yet */
	uint64_t download_size; /* bytes */
};
/* What apt's lists say of a package. */
struct package_facts {
	char *name, *version;
	uint64_t download; /* bytes */
	uint64_t installed; /* bytes on disk, as its maintainer measured them */
};
struct package_facts_list {
	struct package_facts *v;
	size_t n;
};
void package_facts_free(struct package_facts_list *l);
static inline void package_facts_cleanup(struct package_facts_list *l)
{
	package_facts_free(l);
}

void package_plan_free(struct package_plan *p);
static inline void package_plan_cleanup(struct package_plan *p)
{
	package_plan_free(p);
}

/* Names whose state is not "install ok installed"; a held package that is installed is not missing. */
struct error *packages_missing(struct host *h, const char *const *names, struct list *ret) MUST_USE;
/* Every package that dpkg knows as installed or half so, "NAME" or "NAME:ARCH" as dpkg prints it, sorted. */
struct error *packages_present(struct host *h, struct list *ret) MUST_USE;
struct error *packages_manual(struct host *h, struct list *ret) MUST_USE; /* apt-mark showmanual, sorted */
struct error *packages_held(struct host *h, struct list *ret) MUST_USE;   /* apt-mark showhold, sorted */
/* Empty when dpkg is healthy; else what dpkg --audit says. */
struct error *packages_audit(struct host *h, struct bytes *ret) MUST_USE;
/* What an installation would do, and, asked for downloads, what it would fetch; changes nothing. An unknown package gives ERR_PRECHECK
 * with its name. */
struct error *packages_simulate(struct host *h, const char *const *names, struct package_plan *ret) MUST_USE;
struct error *packages_simulate_downloads(struct host *h, const char *const *names, struct package_plan *ret) MUST_USE;
/* The candidates of these names, in apt's order; changes nothing. */
struct error *packages_describe(struct host *h, const struct list *names, struct package_facts_list *ret) MUST_USE;
/* The name and version of each of these that is installed or unpacked, else of what apt would install; the others are left out. */
struct error *packages_versions(struct host *h, const char *const *names, struct package_facts_list *ret) MUST_USE;
/* The configured http and https addresses of the Debian archives' InRelease files, and whether apt has any source at all, of whatever
 * transport (apt-transport-mirror(1), file:, cdrom:). */
struct error *packages_sources(struct host *h, struct list *ret, bool *ret_any) MUST_USE;
/* The files, sources.list(5), in which apt finds archives of that release, "bullseye", its updates among them. */
struct error *packages_source_files(struct host *h, const char *release, struct list *ret) MUST_USE;
/* Can apt fetch this address? ERR_PRECHECK with apt's words as detail; ERR_STOPPED when a signal came. timeout in seconds. */
struct error *package_source_answers(struct host *h, const char *url, unsigned timeout) MUST_USE;
/* ERR_BUSY with the holder's pid when a lock of apt or dpkg is held. */
struct error *packages_lock_free(struct host *h) MUST_USE;

/* "PATH MD5" of each configuration file as its package brought it last, as dpkg and ucf(1) know it. */
struct error *packages_conffiles(struct host *h, struct list *ret) MUST_USE;
/* Is this configuration file as its package brought it last? */
struct error *package_file_is_as_brought(struct host *h, const char *path, bool *ret) MUST_USE;
/* Cuts the machine's own architecture from names as packages_present() gives them: dpkg writes it for some packages, apt for none. */
struct error *packages_plain_names(struct host *h, struct list *names) MUST_USE;
/* All that apt, as it simulates it, would remove with these, in plain names: what depends on them, and on request each automatic
 * package that then nothing needs, or nothing needs or recommends. */
enum package_sweep {
	SWEEP_NOTHING,
	SWEEP_UNNEEDED,
	SWEEP_UNWANTED,
};
struct error *packages_go_with(struct host *h, const char *const *names, enum package_sweep sweep, struct list *ret) MUST_USE;

/* In one transaction. Waits lock_timeout seconds for apt's lock. */
struct error *packages_install(struct host *h, const char *const *names, unsigned lock_timeout, package_progress *progress,
	void *context) MUST_USE;
/* dpkg --configure -a, unattended. */
struct error *packages_configure(struct host *h) MUST_USE;
/* apt-get --fix-broken install: for what dpkg alone cannot configure, as a dependency was not unpacked any more. */
struct error *packages_repair(struct host *h, package_progress *progress, void *context) MUST_USE;
/* ERR_CONFLICT when a purge of these would, as apt simulates it, remove or install anything else. */
struct error *packages_purge_check(struct host *h, const char *const *names) MUST_USE;
/* Purges exactly these; refuses where packages_purge_check() does. */
struct error *packages_purge(struct host *h, const char *const *names, package_progress *progress, void *context) MUST_USE;
struct error *packages_mark_auto(struct host *h, const char *const *names) MUST_USE;
struct error *packages_mark_manual(struct host *h, const char *const *names) MUST_USE;
