/*
 * Private to packages.c, packages_undo.c and packages_purge.c: the record of a transaction, in JSON, and what both need while dpkg works.
 */
#pragma once

#include "base/json_text.h"
#include "ensure/common.h"
#include "host/package.h"

/* The packages that mailsetup's own transactions brought, in JSON. */
#define BROUGHT_NOTE "brought"

bool array_has(const json_t *array, const char *value);
/* Is value in the array of this key? */
bool json_has(const json_t *object, const char *key, const char *value);

/* A policy-rc.d that lets no daemon start; and the one from before again. */
struct error *forbid_starts(struct run *run) MUST_USE;
struct error *lift_policy(struct run *run) MUST_USE;
/* Finishes what a kill left half installed: ours, as the precheck saw a healthy dpkg before we came. */
struct error *heal_packages(struct run *run) MUST_USE;
void show_package_progress(void *context, double percent, const char *what);
/* What a rollback purges, and what of ours stays as other packages need it. packages_purge_check() may still refuse it. */
struct error *list_purge(struct run *run, const json_t *before, struct list *ret, struct list *ret_stays) MUST_USE;
