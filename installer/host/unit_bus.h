/*
 * Private to unit*.c: calls to the manager of systemd. A connection lives for one call of unit.h: opening it
 * costs about as much as a property, and nothing has to survive a re-executed daemon.
 */
#pragma once

#include "host/host.h"

#include <systemd/sd-bus.h>

#define BUS_MANAGER "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"

DEFINE_CLEANUP(sd_bus *, sd_bus_close_unref)
DEFINE_CLEANUP(sd_bus_message *, sd_bus_message_unref)
static inline void bus_error_cleanup(sd_bus_error *e)
{
	sd_bus_error_free(e);
}

struct error *bus_open(struct host *h, sd_bus **ret) MUST_USE;
/* The error of a call about a unit: what systemd says of it, and what to do where that is known. */
struct error *bus_fail(const sd_bus_error *e, int r, const char *unit, const char *wish) MUST_USE;
/* The unit's object, loaded if need be. A unit that does not exist has one too. Free with free(). */
struct error *bus_unit_path(sd_bus *bus, const char *unit, char **ret) MUST_USE;
/* A text property of that object, cut to size. interface is the last word of its name: "Unit", "Service". */
struct error *bus_unit_text(sd_bus *bus, const char *path, const char *interface, const char *property,
	char *ret, size_t size) MUST_USE;
struct error *bus_unit_flag(sd_bus *bus, const char *path, const char *property, bool *ret) MUST_USE;
struct error *bus_unit_number(sd_bus *bus, const char *path, const char *property, uint64_t *ret) MUST_USE;
