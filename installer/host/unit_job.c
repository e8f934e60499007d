#include "base/clock.h"
#include "base/i18n.h"
#include "host/seam.h"
#include "host/unit.h"
#include "host/unit_bus.h"

#include <ctype.h>
#include <time.h>

#define DETAIL_LINES 20

struct job {
	const char *unit;
	const char *method; /* "StartUnit", ... */
	const char *wish;   /* the same for a message: "start" */
	char *path;
	char *result; /* NULL while it runs */
};

struct jobs {
	struct job *v;
	size_t n;
};

/* A signal that comes in before the reply to our call waits in the connection's queue: every path is known here. */
static int on_job_removed(sd_bus_message *m, void *context, sd_bus_error *e)
{
	struct jobs *jobs = context;
	const char *path, *unit, *result;
	uint32_t id;

	(void)e;
	if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0)
		return 0;
	for (size_t i = 0; i < jobs->n; i++) {
		struct job *job = &jobs->v[i];

		if (job->path && strcmp(path, job->path) == 0 && !job->result)
			job->result = text_copy(result);
	}
	return 0;
}

static struct job *first_running(struct jobs *jobs)
{
	for (size_t i = 0; i < jobs->n; i++)
		if (!jobs->v[i].result)
			return &jobs->v[i];
	return NULL;
}

/* "exit-code", "start-limit-hit" and the like; the interface is named as the suffix of the unit. */
static void result_read(sd_bus *bus, const char *unit, char *ret, size_t size)
{
	CLEAN(free) char *path = NULL;
	const char *dot = strrchr(unit, '.');
	char interface[16];

	snprintf(ret, size, "unknown");
	if (!dot)
		return;
	snprintf(interface, sizeof(interface), "%c%s", toupper((unsigned char)dot[1]), dot + 2);
	struct error *e = bus_unit_path(bus, unit, &path);
	if (!e)
		e = bus_unit_text(bus, path, interface, "Result", ret, size);
	error_free(e);
}

static struct error *job_fail(struct host *h, struct error *e, const char *unit)
{
	/* What a unit says as it dies may reach the journal a moment after its job has ended. */
	const struct timespec moment = { .tv_nsec = 100000000 };
	CLEAN(bytes) struct bytes lines = { 0 };

	nanosleep(&moment, NULL);
	unit_journal_tail(h, unit, DETAIL_LINES, &lines);
	return with_detail(e, bytes_text(&lines));
}

static struct error *job_judge(struct host *h, sd_bus *bus, const struct job *job)
{
	char result[32];

	if (!job->result || strcmp(job->result, "done") == 0 || strcmp(job->result, "skipped") == 0)
		return NULL;
	result_read(bus, job->unit, result, sizeof(result));
	return job_fail(h,
		fail(ERR_STOPPED,
			"could not %s %s: the job ended as \"%s\", the unit's result is \"%s\"; mend what its journal "
			"says: journalctl -u %s",
			job->wish, job->unit, job->result, result, job->unit),
		job->unit);
}

static struct error *jobs_await(struct host *h, sd_bus *bus, struct jobs *jobs, unsigned timeout)
{
	const double end = clock_now() + timeout;
	struct job *job;

	while ((job = first_running(jobs))) {
		int r = sd_bus_process(bus, NULL);

		if (r > 0)
			continue;
		const double left = end - clock_now();
		if (left <= 0)
			return job_fail(h, fail(ERR_STOPPED, "could not %s %s within %u s; systemd is still at it",
				job->wish, job->unit, timeout), job->unit);
		if (r == 0)
			r = sd_bus_wait(bus, (uint64_t)(left * 1e6) + 1);
		if (r < 0 && r != -EINTR)
			return fail_errno(-r, "lost the system bus while waiting to %s %s", job->wish, job->unit);
	}
	return NULL;
}

static struct error *job_begin(sd_bus *bus, struct job *job)
{
	CLEAN(sd_bus_message_unref) sd_bus_message *reply = NULL;
	CLEAN(bus_error) sd_bus_error e = SD_BUS_ERROR_NULL;
	const char *path;

	/* A unit that failed too often in a row refuses to start, also when its fault is mended. */
	if (strcmp(job->method, "StopUnit") != 0)
		sd_bus_call_method(bus, BUS_MANAGER, "ResetFailedUnit", NULL, NULL, "s", job->unit);
	int r = sd_bus_call_method(bus, BUS_MANAGER, job->method, &e, &reply, "ss", job->unit, "replace");
	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &path);
	/* There is nothing to stop. */
	if (r < 0 && strcmp(job->method, "StopUnit") == 0 &&
		sd_bus_error_has_name(&e, "org.freedesktop.systemd1.NoSuchUnit")) {
		job->result = text_copy("done");
		return NULL;
	}
	if (r < 0)
		return bus_fail(&e, r, job->unit, job->wish);
	job->path = text_copy(path);
	return NULL;
}

static struct error *jobs_begin(sd_bus *bus, struct jobs *jobs)
{
	CLEAN(bus_error) sd_bus_error e = SD_BUS_ERROR_NULL;

	int r = sd_bus_match_signal(bus, NULL, BUS_MANAGER, "JobRemoved", on_job_removed, jobs);
	if (r >= 0)
		r = sd_bus_call_method(bus, BUS_MANAGER, "Subscribe", &e, NULL, NULL);
	if (r < 0)
		return bus_fail(&e, r, "systemd", _("listen to"));
	for (size_t i = 0; i < jobs->n; i++)
		TRY(job_begin(bus, &jobs->v[i]));
	return NULL;
}

static struct error *jobs_run(struct host *h, struct jobs *jobs, unsigned timeout)
{
	CLEAN(sd_bus_close_unref) sd_bus *bus = NULL;

	TRY(bus_open(h, &bus));
	struct error *e = jobs_begin(bus, jobs);
	if (!e)
		e = jobs_await(h, bus, jobs, timeout);
	for (size_t i = 0; i < jobs->n; i++) {
		e = join(e, job_judge(h, bus, &jobs->v[i]));
		free(jobs->v[i].path);
		free(jobs->v[i].result);
	}
	return e;
}

static struct error *unit_job(struct host *h, const char *unit, const char *method, const char *wish, unsigned timeout)
{
	struct job job = { .unit = unit, .method = method, .wish = wish };

	return jobs_run(h, &(struct jobs){ .v = &job, .n = 1 }, timeout);
}

struct error *units_run(struct host *h, const struct unit_job *wanted, size_t n, unsigned timeout)
{
	static const struct {
		const char *seam, *method, *word;
	} wishes[] = {
		[UNIT_START] = { "unit-start", "StartUnit", N_("start") },
		[UNIT_RESTART] = { "unit-restart", "RestartUnit", N_("restart") },
		[UNIT_RELOAD] = { "unit-refresh", "ReloadOrRestartUnit", N_("reload") },
	};
	CLEAN(free) struct job *jobs = allocate(n * sizeof(*jobs));

	for (size_t i = 0; i < n; i++) {
		TRY(seam(wishes[wanted[i].wish].seam, wanted[i].unit));
		jobs[i] = (struct job){
			.unit = wanted[i].unit,
			.method = wishes[wanted[i].wish].method,
			.wish = translated(wishes[wanted[i].wish].word),
		};
	}
	return n ? jobs_run(h, &(struct jobs){ .v = jobs, .n = n }, timeout) : NULL;
}

struct error *unit_start(struct host *h, const char *unit, unsigned timeout)
{
	return units_run(h, &(struct unit_job){ .unit = unit }, 1, timeout);
}

struct error *unit_stop(struct host *h, const char *unit, unsigned timeout)
{
	TRY(seam("unit-stop", unit));
	return unit_job(h, unit, "StopUnit", _("stop"), timeout);
}
