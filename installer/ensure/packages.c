/*
 * The record of a transaction holds what was there before it (packages, marks, accounts, leftover paths); its inverse purges only
 * what was not.
 */
#include "ensure/packages_parts.h"
#include "host/account.h"
#include "host/unit.h"

#define POLICY "/usr/sbin/policy-rc.d"
#define LOCK_TIMEOUT 300

static const char policy[] = "#!/bin/sh\n# mailsetup is at work: no daemon starts before it is configured.\nexit 101\n";

bool array_has(const json_t *array, const char *value)
{
	size_t i;
	json_t *element;

	json_array_foreach(array, i, element)
		if (strcmp(json_string_value(element), value) == 0)
			return true;
	return false;
}

bool json_has(const json_t *object, const char *key, const char *value)
{
	return array_has(json_object_get(object, key), value);
}

static struct error *absent_paths(struct run *run, const char *const *paths, struct list *ret)
{
	for (; paths && *paths; paths++) {
		struct file_info info;

		TRY(file_stat(run->host, *paths, &info));
		if (!info.exists)
			list_add(ret, *paths);
	}
	return NULL;
}

static struct error *absent_units(struct run *run, const char *const *units, struct list *ret)
{
	for (; units && *units; units++) {
		struct unit_status status;

		TRY(unit_status(run->host, *units, &status));
		if (!status.exists)
			list_add(ret, *units);
	}
	return NULL;
}

static struct error *describe_before(struct run *run, const struct packages *packages, char **ret)
{
	CLEAN(list) struct list present = { 0 }, manual = { 0 }, users = { 0 }, groups = { 0 }, paths = { 0 };
	CLEAN(list) struct list accounts = { 0 }, units = { 0 }, generated = { 0 };

	TRY(packages_present(run->host, &present));
	TRY(packages_manual(run->host, &manual));
	TRY(users_list(run->host, &users));
	TRY(groups_list(run->host, &groups));
	TRY(absent_paths(run, packages->leftover_paths, &paths));
	for (const char *const *name = packages->leftover_users; name && *name; name++)
		list_add(&accounts, *name);
	TRY(absent_units(run, packages->leftover_units, &units));
	for (const char *const *path = packages->generated_paths; path && *path; path++)
		list_add(&generated, *path);
	CLEAN(json_decref) json_t *before = json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "packages", json_list(&present),
		"manual", json_list(&manual), "users", json_list(&users), "groups", json_list(&groups),
		"leftover_paths", json_list(&paths), "leftover_users", json_list(&accounts),
		"leftover_units", json_list(&units), "generated_paths", json_list(&generated));
	*ret = json_dumps(before, JSON_COMPACT);
	return NULL;
}

static struct error *policy_record(struct run *run, struct undo_record *ret)
{
	*ret = (struct undo_record){ 0 };
	return run->state ? journal_find(run->state, "file", POLICY, ret) : NULL;
}

struct error *forbid_starts(struct run *run)
{
	return put_file(run, POLICY, policy, sizeof(policy) - 1, OWNED("root", "root", 0755));
}

/* The policy goes as it came: through its own record. */
struct error *lift_policy(struct run *run)
{
	CLEAN(undo_record) struct undo_record record = { 0 };

	TRY(policy_record(run, &record));
	if (!record.seq)
		return NULL;
	TRY(undo_path(run, &record, POLICY));
	return journal_forget(run->state, record.seq);
}

void show_package_progress(void *context, double percent, const char *what)
{
	run_progress(context, percent, what);
}

struct error *heal_packages(struct run *run)
{
	CLEAN(bytes) struct bytes audit = { 0 };

	TRY(packages_audit(run->host, &audit));
	if (!audit.size)
		return NULL;
	run_notice(run, "finishing what an interrupted run of dpkg left");
	struct error *e = packages_configure(run->host);
	bytes_free(&audit);
	if (!e)
		TRY(packages_audit(run->host, &audit));
	/* What was half unpacked dpkg leaves as it is, and calls that success. */
	if (!e && !audit.size)
		return NULL;
	if (e && (error_errno(e) || error_code(e) == ERR_BUSY))
		return e;
	error_free(e);
	return packages_repair(run->host, show_package_progress, run);
}

/* Covered by the transaction's own record, where they and the directories made for them count as leftovers. */
static struct error *put_seeds(struct run *run, const struct seed *seeds)
{
	CLEAN(undo_record) struct undo_record record = { 0 };

	TRY(journal_find(run->state, "packages", "apt", &record));
	CLEAN(json_decref) json_t *before = json_loads(record.data, 0, NULL);
	for (; seeds && seeds->path; seeds++) {
		CLEAN(free) char *directory = text_copy_n(seeds->path, (size_t)(strrchr(seeds->path, '/') - seeds->path));
		struct file_info info;

		TRY(file_stat(run->host, seeds->path, &info));
		if (info.exists)
			continue;
		TRY(directory_make(run->host, directory, 0, 0, 0755));
		/* Also when a kill came between its making and its owning. */
		if (json_has(before, "leftover_paths", directory))
			TRY(file_set_attributes(run->host, directory, 0, 0, 0755));
		TRY(file_write(run->host, seeds->path, seeds->content, strlen(seeds->content), 0, 0, 0644));
	}
	return NULL;
}

static struct error *install_missing(struct run *run, const struct packages *packages)
{
	CLEAN(list) struct list missing = { 0 };

	TRY(heal_packages(run));
	TRY(packages_missing(run->host, packages->names, &missing));
	if (!missing.n)
		return NULL;
	return packages_install(run->host, (const char *const *)missing.v, LOCK_TIMEOUT, show_package_progress, run);
}

/* Before the first transaction only: later, what stands there is the packages' own. */
static struct error *prepare_once(struct run *run, const struct packages *packages)
{
	CLEAN(undo_record) struct undo_record record = { 0 };

	TRY(journal_find(run->state, "packages", "apt", &record));
	if (record.seq)
		return NULL;
	/* Of a server that was taken back. */
	TRY(state_note_set(run->state, BROUGHT_NOTE, NULL));
	return preserve_paths(run, packages->leftover_paths);
}

/* A rollback purges what came with the transactions, and nothing that was installed since. */
static struct error *note_brought(struct run *run, const json_t *before)
{
	CLEAN(list) struct list present = { 0 };
	CLEAN(free) char *known = NULL;

	TRY(state_note_get(run->state, BROUGHT_NOTE, &known));
	TRY(packages_present(run->host, &present));
	CLEAN(json_decref) json_t *brought = known ? json_loads(known, 0, NULL) : json_array();
	for (size_t i = 0; i < present.n; i++)
		if (!json_has(before, "packages", present.v[i]) && !array_has(brought, present.v[i]))
			json_array_append_new(brought, json_string(present.v[i]));
	CLEAN(free) char *note = json_dumps(brought, JSON_COMPACT);
	return state_note_set(run->state, BROUGHT_NOTE, note);
}

/* A kill may have come between the end of the transaction and these notes; without them, what is new came with it. */
static struct error *note_transaction(struct run *run, const struct packages *packages, const char *before_now)
{
	CLEAN(undo_record) struct undo_record record = { 0 };
	CLEAN(free) char *known = NULL;

	TRY(journal_find(run->state, "packages", "apt", &record));
	if (!record.seq)
		return NULL;
	TRY(state_note_get(run->state, BROUGHT_NOTE, &known));
	CLEAN(json_decref) json_t *before = json_loads(known && before_now ? before_now : record.data, 0, NULL);
	if (!known || before_now)
		TRY(note_brought(run, before));
	return foreign_list(run, packages->leftover_paths);
}

struct error *unit_brought(struct run *run, const char *unit, bool *ret)
{
	CLEAN(undo_record) struct undo_record record = { 0 };

	TRY(journal_find(run->state, "packages", "apt", &record));
	CLEAN(json_decref) json_t *before = record.data ? json_loads(record.data, 0, NULL) : NULL;
	*ret = json_has(before, "leftover_units", unit);
	return NULL;
}

static void tell_package(struct run *run, const char *name, const struct package_facts *facts)
{
	if (facts)
		run_difference(run, "packages", name, false, "%s to be installed: %.1f MB to download, %.1f MB on disk", facts->version,
			(double)facts->download / 1e6, (double)facts->installed / 1e6);
	else
		run_difference(run, "packages", name, false, "to be installed");
}

/* All that apt would bring, where the plan is to be shown; else the names are enough. What apt cannot say now, the precheck says. */
static void plan_packages(struct run *run, const struct list *missing)
{
	CLEAN(package_facts) struct package_facts_list facts = { 0 };
	struct error *e = NULL;

	if (run->want_diffs && !run->apt.install.n)
		e = packages_simulate(run->host, (const char *const *)missing->v, &run->apt);
	if (!e && run->want_diffs)
		e = packages_describe(run->host, &run->apt.install, &facts);
	error_free(e);
	for (size_t i = 0; i < facts.n; i++)
		tell_package(run, facts.v[i].name, &facts.v[i]);
	for (size_t i = 0; !facts.n && i < missing->n; i++)
		tell_package(run, missing->v[i], NULL);
}

struct error *ensure_packages(struct run *run, const struct packages *packages)
{
	CLEAN(list) struct list missing = { 0 };
	CLEAN(undo_record) struct undo_record left = { 0 };
	CLEAN(free) char *before = NULL;

	TRY(packages_missing(run->host, packages->names, &missing));
	TRY(policy_record(run, &left));
	if (!missing.n && !left.seq)
		return run_is_plan(run) ? NULL : note_transaction(run, packages, NULL);
	if (run_is_plan(run)) {
		if (missing.n)
			plan_packages(run, &missing);
		if (left.seq)
			run_difference(run, "packages", POLICY, false, "to be removed");
		return NULL;
	}
	TRY(describe_before(run, packages, &before));
	TRY(prepare_once(run, packages));
	TRY(run_intend(run, &(struct undo_record){ .verb = "packages", .target = "apt", .data = before }));
	TRY(forbid_starts(run));
	struct error *e = put_seeds(run, packages->seeds);
	if (!e)
		e = install_missing(run, packages);
	e = join(e, lift_policy(run));
	TRY(e);
	run_changed(run, "packages", "apt");
	return note_transaction(run, packages, before);
}

