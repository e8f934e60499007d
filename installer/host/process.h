/*
 * Outside programs: the one place that runs them.
 *
 * An argv vector, never a shell; its own process group; a fixed environment (PATH, HOME=/root, LC_ALL=C.UTF-8,
 * and what is given); umask 022; standard input is /dev/null or the given bytes; descriptors above 2 closed; the
 * end of a pipe as descriptor 3 when on_status is set. The last 4 KiB of standard error (of output, where error
 * is empty) become the detail of the error. At the time limit the whole group gets SIGTERM, after 5 s SIGKILL.
 * A name without a slash is looked up in /usr/sbin:/usr/bin:/sbin:/bin beneath the host's root.
 * No secret may stand in argv or environment: hand it over by input.
 */
#pragma once

#include "host/host.h"

struct process {
	const char *const *argv;
	const char *const *environment; /* NAME=VALUE to add, NULL-terminated, or NULL */
	const struct bytes *input;      /* or NULL */
	unsigned timeout;               /* seconds; 0 is 60 */
	int accept;                     /* an exit status that is success beside 0; 0 for none */
	bool keep_interrupts;           /* SIGINT and SIGTERM to us wait until it ends (dpkg must not be cut short) */
	bool until_interrupted;         /* a signal to us ends it as the time limit does: it only asks, nothing is cut short */
	bool merge;                     /* standard error goes where standard output goes */
	void (*on_status)(void *context, const char *line); /* each line written to descriptor 3 */
	/* Standard output piece by piece as it comes, however much; there is no ret_output then. */
	void (*on_output)(void *context, const char *data, size_t size);
	void *context;
};

/* Success is exit status 0 (or accept). ret_output (standard output, at most 16 MiB) and ret_status may be NULL. */
struct error *process_run(struct host *h, const struct process *p, struct bytes *ret_output, int *ret_status) MUST_USE;

/* The usual short case: process_simple(h, &output, "postconf", "-h", "mail_version", NULL). output may be NULL. */
struct error *process_simple(struct host *h, struct bytes *ret_output, const char *program, ...) MUST_USE
	__attribute__((sentinel));
bool process_available(struct host *h, const char *program);
