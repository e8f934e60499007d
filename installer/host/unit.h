/*
 * systemd units through sd-bus (org.freedesktop.systemd1).
 *
 * A job is awaited as systemd's own tools do: subscribe, match JobRemoved, then ask for the job, then compare
 * paths. A job that ends other than "done" or "skipped" is an ERR_STOPPED that names the unit, the job's
 * result and the unit's Result, with the unit's last journal lines as detail. "done" is not "healthy": a
 * post-check is a dialogue on the port.
 */
#pragma once

#include "host/host.h"

struct unit_status {
	bool exists;          /* LoadState is "loaded" */
	bool masked;
	bool active;          /* ActiveState is "active" */
	bool failed;
	bool stale;           /* its file has changed since systemd read it: units_reload() */
	bool enabled;         /* UnitFileState enabled, or a generated (SysV) unit with start links */
	char active_state[32];
	char file_state[32];
	uint64_t started;     /* ActiveEnterTimestamp, microseconds of the wall clock, 0 if never */
};

/* ERR_PRECHECK when systemd is not PID 1 or its bus does not answer. */
struct error *units_available(struct host *h) MUST_USE;
struct error *unit_status(struct host *h, const char *unit, struct unit_status *ret) MUST_USE;
struct error *unit_start(struct host *h, const char *unit, unsigned timeout) MUST_USE;
/* Several at the same time; ends when all have. */
enum unit_wish {
	UNIT_START,
	UNIT_RESTART,
	UNIT_RELOAD, /* its daemon reads its settings again and stays; restarted where its unit knows no reload */
};
struct unit_job {
	const char *unit;
	enum unit_wish wish;
};
struct error *units_run(struct host *h, const struct unit_job *wanted, size_t n, unsigned timeout) MUST_USE;
struct error *unit_stop(struct host *h, const char *unit, unsigned timeout) MUST_USE; /* absence is success */
/* A SysV unit is enabled by its links in /etc/rc?.d through update-rc.d(8). */
struct error *unit_enable(struct host *h, const char *unit) MUST_USE;
struct error *unit_disable(struct host *h, const char *unit) MUST_USE;
/* daemon-reload. */
struct error *units_reload(struct host *h) MUST_USE;
/* A unit that has failed, and whose file is gone, is failed no more; absence is success. */
struct error *unit_forget(struct host *h, const char *unit) MUST_USE;
/* The unit's last journal lines, newest last. Never fails: an unreadable journal gives an empty text. */
void unit_journal_tail(struct host *h, const char *unit, unsigned lines, struct bytes *ret);
