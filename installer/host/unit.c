#include "base/i18n.h"
#include "host/file.h"
#include "host/process.h"
#include "host/seam.h"
#include "host/unit.h"
#include "host/unit_bus.h"

#include <ctype.h>

struct error *units_available(struct host *h)
{
	CLEAN(sd_bus_close_unref) sd_bus *bus = NULL;
	CLEAN(bus_error) sd_bus_error e = SD_BUS_ERROR_NULL;
	CLEAN(free) char *version = NULL;

	TRY(bus_open(h, &bus));
	int r = sd_bus_get_property_string(bus, BUS_MANAGER, "Version", &e, &version);
	return r < 0 ? recode(fail_errno(-r, "systemd does not answer on the system bus"), ERR_PRECHECK) : NULL;
}

/* A unit without a file of its own gives "". */
static struct error *file_state_read(sd_bus *bus, const char *unit, char *ret, size_t size)
{
	CLEAN(sd_bus_message_unref) sd_bus_message *reply = NULL;
	CLEAN(bus_error) sd_bus_error e = SD_BUS_ERROR_NULL;
	const char *state;

	*ret = '\0';
	int r = sd_bus_call_method(bus, BUS_MANAGER, "GetUnitFileState", &e, &reply, "s", unit);
	if (r == -ENOENT || sd_bus_error_has_name(&e, SD_BUS_ERROR_FILE_NOT_FOUND) ||
		sd_bus_error_has_name(&e, "org.freedesktop.systemd1.NoSuchUnit"))
		return NULL;
	if (r >= 0)
		r = sd_bus_message_read(reply, "s", &state);
	if (r < 0)
		return bus_fail(&e, r, unit, _("look at"));
	snprintf(ret, size, "%s", state);
	return NULL;
}

/* The SysV script that systemd wraps, or is going to wrap after its next reload; else *ret stays NULL. */
static struct error *sysv_name(struct host *h, const char *unit, const char *file_state, char **ret)
{
	struct file_info info;

	if (!ends_with(unit, ".service") || (*file_state && strcmp(file_state, "generated") != 0))
		return NULL;
	CLEAN(free) char *name = text_copy_n(unit, strlen(unit) - strlen(".service"));
	CLEAN(free) char *script = text("/etc/init.d/%s", name);
	TRY(file_stat(h, script, &info));
	if (info.exists)
		*ret = TAKE(name);
	return NULL;
}

/* systemd starts a SysV script when any of the run levels 2 to 5 has a start link: S01spamass-milter. */
static struct error *sysv_enabled(struct host *h, const char *name, bool *ret)
{
	*ret = false;
	for (int level = 2; level <= 5; level++) {
		CLEAN(list) struct list links = { 0 };
		CLEAN(free) char *path = text("/etc/rc%d.d", level);

		TRY(directory_list(h, path, &links));
		for (size_t i = 0; i < links.n; i++) {
			const char *s = links.v[i];

			if (s[0] == 'S' && isdigit((unsigned char)s[1]) && isdigit((unsigned char)s[2]) &&
				strcmp(s + 3, name) == 0)
				*ret = true;
		}
	}
	return NULL;
}

static struct error *enabled_read(struct host *h, const char *unit, struct unit_status *s)
{
	CLEAN(free) char *sysv = NULL;

	s->enabled = strcmp(s->file_state, "enabled") == 0;
	TRY(sysv_name(h, unit, s->file_state, &sysv));
	return sysv ? sysv_enabled(h, sysv, &s->enabled) : NULL;
}

struct error *unit_status(struct host *h, const char *unit, struct unit_status *ret)
{
	CLEAN(sd_bus_close_unref) sd_bus *bus = NULL;
	CLEAN(free) char *path = NULL;
	char load_state[32];
	struct unit_status s = { 0 };

	TRY(bus_open(h, &bus));
	TRY(bus_unit_path(bus, unit, &path));
	TRY(bus_unit_text(bus, path, "Unit", "LoadState", load_state, sizeof(load_state)));
	TRY(bus_unit_text(bus, path, "Unit", "ActiveState", s.active_state, sizeof(s.active_state)));
	TRY(bus_unit_number(bus, path, "ActiveEnterTimestamp", &s.started));
	TRY(bus_unit_flag(bus, path, "NeedDaemonReload", &s.stale));
	TRY(file_state_read(bus, unit, s.file_state, sizeof(s.file_state)));
	TRY(enabled_read(h, unit, &s));
	s.exists = strcmp(load_state, "loaded") == 0;
	s.masked = strcmp(load_state, "masked") == 0;
	s.active = strcmp(s.active_state, "active") == 0;
	s.failed = strcmp(s.active_state, "failed") == 0;
	*ret = s;
	return NULL;
}

static struct error *reload(sd_bus *bus)
{
	CLEAN(bus_error) sd_bus_error e = SD_BUS_ERROR_NULL;

	int r = sd_bus_call_method(bus, BUS_MANAGER, "Reload", &e, NULL, NULL);
	return r < 0 ? bus_fail(&e, r, "systemd", _("reload")) : NULL;
}

struct error *units_reload(struct host *h)
{
	CLEAN(sd_bus_close_unref) sd_bus *bus = NULL;

	TRY(bus_open(h, &bus));
	TRY(seam("unit-reload", ""));
	return reload(bus);
}

struct error *unit_forget(struct host *h, const char *unit)
{
	CLEAN(sd_bus_close_unref) sd_bus *bus = NULL;
	CLEAN(bus_error) sd_bus_error e = SD_BUS_ERROR_NULL;

	TRY(bus_open(h, &bus));
	/* systemd answers with an error where it does not know the unit: as wanted. */
	sd_bus_call_method(bus, BUS_MANAGER, "ResetFailedUnit", &e, NULL, "s", unit);
	return NULL;
}

/* method is EnableUnitFiles(files, runtime, force) or DisableUnitFiles(files, runtime). */
static struct error *unit_files_change(struct host *h, const char *unit, const char *method, const char *wish)
{
	CLEAN(sd_bus_close_unref) sd_bus *bus = NULL;
	CLEAN(bus_error) sd_bus_error e = SD_BUS_ERROR_NULL;
	int r;

	TRY(bus_open(h, &bus));
	if (strcmp(method, "EnableUnitFiles") == 0)
		r = sd_bus_call_method(bus, BUS_MANAGER, method, &e, NULL, "asbb", 1, unit, 0, 0);
	else
		r = sd_bus_call_method(bus, BUS_MANAGER, method, &e, NULL, "asb", 1, unit, 0);
	return r < 0 ? bus_fail(&e, r, unit, wish) : reload(bus);
}

struct error *unit_enable(struct host *h, const char *unit)
{
	CLEAN(free) char *sysv = NULL;
	struct unit_status s;

	TRY(unit_status(h, unit, &s));
	if (s.enabled)
		return NULL;
	if (strcmp(s.file_state, "static") == 0)
		return fail(ERR_STOPPED, "cannot enable %s: its file has no [Install] section", unit);
	TRY(sysv_name(h, unit, s.file_state, &sysv));
	TRY(seam("unit-enable", unit));
	if (!sysv)
		return unit_files_change(h, unit, "EnableUnitFiles", _("enable"));
	/* It has systemd reload its units itself. */
	TRY(wrap(process_simple(h, NULL, "update-rc.d", sysv, "defaults", NULL), "enabling %s", unit));
	return wrap(process_simple(h, NULL, "update-rc.d", sysv, "enable", NULL), "enabling %s", unit);
}

/* No file, no [Install] section, or no link to it. A masked unit does not start either, and its mask is not
 * ours. */
static bool nothing_to_disable(const char *file_state)
{
	static const char *const states[] = { "", "disabled", "static", "masked", "masked-runtime" };

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (strcmp(file_state, states[i]) == 0)
			return true;
	return false;
}

struct error *unit_disable(struct host *h, const char *unit)
{
	CLEAN(free) char *sysv = NULL;
	struct unit_status s;

	TRY(unit_status(h, unit, &s));
	TRY(sysv_name(h, unit, s.file_state, &sysv));
	if (sysv ? !s.enabled : nothing_to_disable(s.file_state))
		return NULL;
	TRY(seam("unit-disable", unit));
	if (!sysv)
		return unit_files_change(h, unit, "DisableUnitFiles", _("disable"));
	return wrap(process_simple(h, NULL, "update-rc.d", sysv, "disable", NULL), "disabling %s", unit);
}
