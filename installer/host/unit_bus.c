#include "host/unit_bus.h"
#include "base/i18n.h"

#include <systemd/sd-daemon.h>

#define CALL_TIMEOUT 180000000 /* microseconds: a reload of the daemon takes its time on a slow machine */

struct error *bus_open(struct host *h, sd_bus **ret)
{
	CLEAN(sd_bus_close_unref) sd_bus *bus = NULL;

	if (!host_is_real(h))
		return fail(ERR_PRECHECK, "%s is not the root of this machine, so systemd has no units of it",
			host_root(h));
	if (sd_booted() <= 0)
		return fail(
			ERR_PRECHECK, "systemd is not running this machine: mailsetup needs it as process 1");
	int r = sd_bus_open_system(&bus);
	if (r < 0)
		return recode(fail_errno(-r, "the system bus does not answer (is the package dbus installed?)"),
			ERR_PRECHECK);
	sd_bus_set_method_call_timeout(bus, CALL_TIMEOUT);
	*ret = TAKE(bus);
	return NULL;
}

struct error *bus_fail(const sd_bus_error *e, int r, const char *unit, const char *wish)
{
	if (sd_bus_error_has_name(e, "org.freedesktop.systemd1.UnitMasked"))
		return fail(ERR_STOPPED, "cannot %s %s: it is masked; `systemctl unmask %s` comes first", wish, unit, unit);
	if (sd_bus_error_has_name(e, "org.freedesktop.systemd1.NoSuchUnit"))
		return fail(ERR_STOPPED, "cannot %s %s: there is no such unit; is its package installed?", wish,
			unit);
	if (e && e->message)
		return fail(ERR_STOPPED, "cannot %s %s: systemd says: %s", wish, unit, e->message);
	return fail_errno(-r, "cannot %s %s", wish, unit);
}

struct error *bus_unit_path(sd_bus *bus, const char *unit, char **ret)
{
	CLEAN(sd_bus_message_unref) sd_bus_message *reply = NULL;
	CLEAN(bus_error) sd_bus_error e = SD_BUS_ERROR_NULL;
	const char *path;

	int r = sd_bus_call_method(bus, BUS_MANAGER, "LoadUnit", &e, &reply, "s", unit);
	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &path);
	if (r < 0)
		return bus_fail(&e, r, unit, _("look at"));
	*ret = text_copy(path);
	return NULL;
}

struct error *bus_unit_text(
	sd_bus *bus, const char *path, const char *interface, const char *property, char *ret, size_t size)
{
	CLEAN(bus_error) sd_bus_error e = SD_BUS_ERROR_NULL;
	CLEAN(free) char *name = text("org.freedesktop.systemd1.%s", interface);
	CLEAN(free) char *value = NULL;

	int r = sd_bus_get_property_string(bus, "org.freedesktop.systemd1", path, name, property, &e, &value);
	if (r < 0)
		return bus_fail(&e, r, path, _("look at"));
	snprintf(ret, size, "%s", value);
	return NULL;
}

struct error *bus_unit_number(sd_bus *bus, const char *path, const char *property, uint64_t *ret)
{
	CLEAN(bus_error) sd_bus_error e = SD_BUS_ERROR_NULL;

	int r = sd_bus_get_property_trivial(
		bus, "org.freedesktop.systemd1", path, "org.freedesktop.systemd1.Unit", property, &e, 't', ret);
	return r < 0 ? bus_fail(&e, r, path, _("look at")) : NULL;
}

struct error *bus_unit_flag(sd_bus *bus, const char *path, const char *property, bool *ret)
{
	CLEAN(bus_error) sd_bus_error e = SD_BUS_ERROR_NULL;
	int value; /* sd-bus's type of a boolean */

	int r = sd_bus_get_property_trivial(
		bus, "org.freedesktop.systemd1", path, "org.freedesktop.systemd1.Unit", property, &e, 'b', &value);
	if (r < 0)
		return bus_fail(&e, r, path, _("look at"));
	*ret = value;
	return NULL;
}
