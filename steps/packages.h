/*
 * The Debian packages of the server, for the step that installs them and the one that looks before.
 */
#pragma once

#include "base/bytes.h"
#include "engine/release.h"

void package_names(const struct release *r, struct list *ret);
