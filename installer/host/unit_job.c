#include "host/seam.h"
#include "host/unit.h"
#include "host/unit_bus.h"

#include <ctype.h>
#include <time.h>

#define DETAIL_LINES 20

struct job {
	char *path;
	char *result; /* NULL while it runs */
};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Signals that come in before the reply to our call wait in the connection's queue, so job->path is known here.
 */
static int on_job_removed(sd_bus_message *m, void *context, sd_bus_error *e)
{
	struct job *job = context;
	const char *path, *unit, *result;
	uint32_t id;

	(void)e;
	if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) >= 0 && job->path &&
		strcmp(path, job->path) == 0 && !job->result)
		job->result = text_copy(result);
	return 0;
}

static struct error *job_await(
	sd_bus *bus, struct job *job, const char *unit, const char *wish, unsigned timeout)
{
	const uint64_t end = now() + (uint64_t)timeout * 1000000;

	while (!job->result) {
		int r = sd_bus_process(bus, NULL);

		if (r > 0)
			continue;
		uint64_t time = now();
		if (time >= end)
			return fail(ERR_STOPPED, "could not %s %s within %u s; systemd is still at it", wish,
				unit, timeout);
		if (r == 0)
			r = sd_bus_wait(bus, end - time);
		if (r < 0 && r != -EINTR)
			return fail_errno(-r, "lost the system bus while waiting to %s %s", wish, unit);
	}
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

static struct error *job_judge(
	struct host *h, sd_bus *bus, const struct job *job, const char *unit, const char *wish)
{
	char result[32];

	if (strcmp(job->result, "done") == 0 || strcmp(job->result, "skipped") == 0)
		return NULL;
	result_read(bus, unit, result, sizeof(result));
	return job_fail(h,
		fail(ERR_STOPPED,
			"could not %s %s: the job ended as \"%s\", the unit's result is \"%s\"; mend what its "
			"journal "
			"says (journalctl -u %s), then run `mailsetup resume`",
			wish, unit, job->result, result, unit),
		unit);
}

static struct error *job_run(struct host *h, sd_bus *bus, struct job *job, const char *unit, const char *method,
	const char *wish, unsigned timeout)
{
	CLEAN(sd_bus_message_unref) sd_bus_message *reply = NULL;
	CLEAN(bus_error) sd_bus_error e = SD_BUS_ERROR_NULL;
	const char *path;

	int r = sd_bus_match_signal(bus, NULL, BUS_MANAGER, "JobRemoved", on_job_removed, job);
	if (r >= 0)
		r = sd_bus_call_method(bus, BUS_MANAGER, "Subscribe", &e, NULL, NULL);
	if (r >= 0)
		r = sd_bus_call_method(bus, BUS_MANAGER, method, &e, &reply, "ss", unit, "replace");
	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &path);
	/* There is nothing to stop. */
	if (r < 0 && strcmp(method, "StopUnit") == 0 &&
		sd_bus_error_has_name(&e, "org.freedesktop.systemd1.NoSuchUnit"))
		return NULL;
	if (r < 0)
		return bus_fail(&e, r, unit, wish);
	job->path = text_copy(path);

	struct error *late = job_await(bus, job, unit, wish, timeout);
	return late ? job_fail(h, late, unit) : job_judge(h, bus, job, unit, wish);
}

static struct error *unit_job(
	struct host *h, const char *unit, const char *method, const char *wish, unsigned timeout)
{
	CLEAN(sd_bus_close_unref) sd_bus *bus = NULL;
	struct job job = { 0 };

	TRY(bus_open(h, &bus));
	/* A unit that failed too often in a row refuses to start, also when its fault is mended. */
	if (strcmp(method, "StopUnit") != 0)
		sd_bus_call_method(bus, BUS_MANAGER, "ResetFailedUnit", NULL, NULL, "s", unit);
	struct error *e = job_run(h, bus, &job, unit, method, wish, timeout);
	free(job.path);
	free(job.result);
	return e;
}

struct error *unit_start(struct host *h, const char *unit, unsigned timeout)
{
	TRY(seam("unit-start", unit));
	return unit_job(h, unit, "StartUnit", "start", timeout);
}

struct error *unit_restart(struct host *h, const char *unit, unsigned timeout)
{
	TRY(seam("unit-restart", unit));
	return unit_job(h, unit, "RestartUnit", "restart", timeout);
}

struct error *unit_stop(struct host *h, const char *unit, unsigned timeout)
{
	TRY(seam("unit-stop", unit));
	return unit_job(h, unit, "StopUnit", "stop", timeout);
}
