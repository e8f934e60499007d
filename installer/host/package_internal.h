/* Private to package_*.c: what the reading half lends to the changing half. */
#pragma once

#include "host/package.h"

void list_add_all(struct list *l, const char *const *names);
/* names may be NULL: none. */
/* Those of names that are installed and whole, and those of which dpkg has anything left. */
struct error *packages_states(
	struct host *h, const char *const *names, struct list *ret_installed, struct list *ret_known) MUST_USE;
/* What an installation has to fetch still; ret_names gets the packages, and may be NULL. */
struct error *packages_uris(
	struct host *h, const char *const *names, struct package_plan *ret, struct list *ret_names) MUST_USE;
