/*
 * Stands in for host/unit*.c: the same calls, the same seams, over units whose state lies beneath the root
 * (state.h).
 */
#include "host/unit.h"
#include "host/file.h"
#include "host/process.h"
#include "host/seam.h"
#include "tests/crash/state.h"

#include <sys/stat.h>
#include <unistd.h>

struct error *units_available(struct host *h)
{
	state_root(host_root(h));
	return NULL;
}

static char *sysv_name(const char *unit)
{
	CLEAN(free) char *name = text_copy_n(unit, strcspn(unit, "."));
	CLEAN(free) char *script = beneath("/etc/init.d/%s", name);

	return ends_with(unit, ".service") && exists(script) ? TAKE(name) : NULL;
}

static bool sysv_enabled(const char *name)
{
	CLEAN(free) char *link = beneath("/etc/rc2.d/S01%s", name);

	return exists(link);
}

struct error *unit_status(struct host *h, const char *unit, struct unit_status *ret)
{
	state_root(host_root(h));
	CLEAN(free) char *sysv = sysv_name(unit), *link = unit_link(unit);

	*ret = (struct unit_status){ .exists = unit_exists(unit), .active = unit_is_active(unit) };
	ret->enabled = ret->exists && (sysv ? sysv_enabled(sysv) : exists(link));
	snprintf(ret->active_state, sizeof(ret->active_state), "%s", ret->active ? "active" : "inactive");
	snprintf(ret->file_state, sizeof(ret->file_state), "%s",
		!ret->exists   ? ""
		: sysv	       ? "generated"
		: ret->enabled ? "enabled"
			       : "disabled");
	return NULL;
}

static struct error *no_such_unit(const char *wish, const char *unit)
{
	return fail(ERR_STOPPED, "cannot %s %s: there is no such unit; is its package installed?", wish, unit);
}

struct error *units_run(struct host *h, const struct unit_job *wanted, size_t n, unsigned timeout)
{
	(void)timeout;
	state_root(host_root(h));
	for (size_t i = 0; i < n; i++)
		TRY(seam(wanted[i].wish == UNIT_RELOAD ? "unit-refresh" : wanted[i].wish == UNIT_RESTART ? "unit-restart" : "unit-start",
			wanted[i].unit));
	for (size_t i = 0; i < n; i++) {
		if (!unit_exists(wanted[i].unit))
			return no_such_unit("start", wanted[i].unit);
		if (wanted[i].wish != UNIT_START || !unit_is_active(wanted[i].unit))
			unit_start_now(wanted[i].unit);
	}
	return NULL;
}

struct error *unit_start(struct host *h, const char *unit, unsigned timeout)
{
	return units_run(h, &(struct unit_job){ .unit = unit }, 1, timeout);
}

struct error *unit_stop(struct host *h, const char *unit, unsigned timeout)
{
	(void)timeout;
	state_root(host_root(h));
	TRY(seam("unit-stop", unit));
	unit_stop_now(unit);
	return NULL;
}

struct error *unit_enable(struct host *h, const char *unit)
{
	struct unit_status s;

	TRY(unit_status(h, unit, &s));
	CLEAN(free) char *sysv = sysv_name(unit), *link = unit_link(unit);
	if (s.enabled)
		return NULL;
	if (!s.exists)
		return no_such_unit("enable", unit);
	TRY(seam("unit-enable", unit));
	if (sysv) {
		TRY(wrap(process_simple(h, NULL, "update-rc.d", sysv, "defaults", NULL), "enabling %s", unit));
		return wrap(process_simple(h, NULL, "update-rc.d", sysv, "enable", NULL), "enabling %s", unit);
	}
	make_directories(link);
	CLEAN(free) char *target = text("/lib/systemd/system/%s", unit);
	return symlink(target, link) < 0 ? fail_errno(errno, "cannot enable %s", unit) : NULL;
}

struct error *unit_disable(struct host *h, const char *unit)
{
	struct unit_status s;

	TRY(unit_status(h, unit, &s));
	CLEAN(free) char *sysv = sysv_name(unit), *link = unit_link(unit);
	if (!s.enabled)
		return NULL;
	TRY(seam("unit-disable", unit));
	if (sysv)
		return wrap(
			process_simple(h, NULL, "update-rc.d", sysv, "disable", NULL), "disabling %s", unit);
	unlink(link);
	return NULL;
}

struct error *units_reload(struct host *h)
{
	state_root(host_root(h));
	return seam("unit-reload", "");
}

struct error *unit_forget(struct host *h, const char *unit)
{
	(void)h;
	(void)unit;
	return NULL;
}
