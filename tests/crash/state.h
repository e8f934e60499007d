/*
 * What the fake machine remembers, in files beneath ROOT/fake: shared by the fake programs
 * and the fake systemd.
 *
 *	packages/NAME   "unpacked", "installed" or "config-files"
 *	auto/NAME       the package is marked as automatically installed
 *	active/UNIT     the unit runs; the text has a digest of each file that it read when it started
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Paths are formatted beneath the root. A failure of the fake machine itself ends the process with status 98.
 */
void state_root(const char *root);
char *beneath(const char *format, ...) __attribute__((format(printf, 1, 2)));
void broken(const char *what, const char *path) __attribute__((noreturn));

char *slurp(const char *path, size_t *ret_size); /* NULL where there is nothing */
void store(const char *path, const char *content, size_t size, unsigned mode);
bool exists(const char *path);
void make_directories(const char *path); /* all above path */

/* Starting and stopping. A unit that is started again has read its files again. */
bool unit_exists(const char *unit);
bool unit_is_active(const char *unit);
void unit_start_now(const char *unit);
void unit_stop_now(const char *unit);
/* "multi-user.target.wants" link of a native unit. */
char *unit_link(const char *unit);
