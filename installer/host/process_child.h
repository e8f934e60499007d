/*
 * Private to host/: the child's side of running a program.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include <sys/types.h>

struct launch {
	const char *path;
	const char *const *argv;
	char *const *environment;
	int descriptors[4]; /* what become 0 to 3; the last may be -1 */
};

/* Forks; the child leads a process group of its own. What cannot be executed exits with 127 and says why. */
struct error *child_launch(const struct launch *l, pid_t *ret) MUST_USE;
char *signal_name(int number); /* "SIGKILL"; owned by the caller */
