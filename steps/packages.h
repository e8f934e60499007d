/*
 * The Debian packages of the server, for the step that installs them and the one that looks before.
 */
#pragma once

extern const char *const package_names[]; /* NULL after the last */
