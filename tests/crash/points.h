/*
 * The points of the matrices: each kills or hurts one run, then demands that nothing is lost.
 */
#pragma once

#include "tests/crash/bench.h"
#include "tests/crash/manifest.h"

#define INSTALL                                                                                                \
	"install --domain exemple.fr --extra-domain exemple.org --network 192.0.2.0/24 --admin "               \
	"admin@exemple.fr "                                                                                    \
	"--password-stdin --dh-bits 2048 --hosts-entry 192.0.2.10"
#define RESUME	 "resume --password-stdin"
#define ROLLBACK "rollback --yes"

struct action {
	char name[32];
	char target[200];
};

struct actions {
	struct action *v;
	unsigned n;
};

/* A machine before and after an uninterrupted install, and the durable actions on the way there and back. */
struct scenario {
	const char *name;
	char *before_root, *golden_root;
	struct manifest before, golden;
	struct actions install, rollback;
};
extern struct scenario scenario; /* the one at work */

/* Every way out of every point; else some of them at every second one. */
extern bool thorough;

/* Installs and rolls back without interruption. NULL, or what is wrong. */
char *scenario_open(const char *name, const char *before_root, const char *folder);

point kill_install, kill_twice, kill_rollback, kill_rollback_twice, kill_rollback_foreign, kill_in_apt, kill_in_purge, fault_install,
	fault_rollback, rollback_step, install_again;
#define FAULTS 8 /* kinds of fault: four errnos, once and from then on */
