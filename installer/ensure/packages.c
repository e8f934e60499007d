/*
 * The record of a transaction holds what was there before it (packages, marks, accounts, leftover paths); its inverse purges only
 * what was not.
 */
#include "ensure/common.h"
#include "ensure/verbs.h"
#include "host/account.h"
#include "host/package.h"
#include "host/process.h"

#include <jansson.h>
#include <sys/stat.h>

#define POLICY "/usr/sbin/policy-rc.d"
#define LOCK_TIMEOUT 300
#define DEPTH_MAX 8
#define OVERRIDES "/var/lib/dpkg/statoverride"
#define OVERRIDES_LIMIT (1024 * 1024)

DEFINE_CLEANUP(json_t *, json_decref)

static const char policy[] = "#!/bin/sh\n# mailsetup is at work: no daemon starts before it is configured.\nexit 101\n";

static json_t *json_of_list(const struct list *l)
{
	json_t *array = json_array();

	for (size_t i = 0; i < l->n; i++)
		json_array_append_new(array, json_string(l->v[i]));
	return array;
}

static bool json_has(const json_t *object, const char *key, const char *value)
{
	size_t i;
	json_t *element;

	json_array_foreach(json_object_get(object, key), i, element)
		if (strcmp(json_string_value(element), value) == 0)
			return true;
	return false;
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

static struct error *describe_before(struct run *run, const struct packages *packages, char **ret)
{
	CLEAN(list) struct list present = { 0 }, manual = { 0 }, users = { 0 }, groups = { 0 }, paths = { 0 };
	CLEAN(list) struct list accounts = { 0 };

	TRY(packages_present(run->host, &present));
	TRY(packages_manual(run->host, &manual));
	TRY(users_list(run->host, &users));
	TRY(groups_list(run->host, &groups));
	TRY(absent_paths(run, packages->leftover_paths, &paths));
	for (const char *const *name = packages->leftover_users; name && *name; name++)
		list_add(&accounts, *name);
	CLEAN(json_decref) json_t *before = json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "packages", json_of_list(&present),
		"manual", json_of_list(&manual), "users", json_of_list(&users), "groups", json_of_list(&groups),
		"leftover_paths", json_of_list(&paths), "leftover_users", json_of_list(&accounts));
	*ret = json_dumps(before, JSON_COMPACT);
	return NULL;
}

static struct error *policy_record(struct run *run, struct undo_record *ret)
{
	*ret = (struct undo_record){ 0 };
	return run->state ? journal_find(run->state, "file", POLICY, ret) : NULL;
}

static struct error *forbid_starts(struct run *run)
{
	return put_file(run, POLICY, policy, sizeof(policy) - 1, OWNED("root", "root", 0755));
}

/* The policy goes as it came: through its own record. */
static struct error *lift_policy(struct run *run)
{
	CLEAN(undo_record) struct undo_record record = { 0 };

	TRY(policy_record(run, &record));
	if (!record.seq)
		return NULL;
	TRY(undo_path(run, &record, POLICY));
	return journal_forget(run->state, record.seq);
}

static void show_progress(void *context, double percent, const char *what)
{
	run_progress(context, percent, what);
}

/* A package that a kill left half installed is ours to heal: the precheck saw a healthy dpkg before we came. */
static struct error *heal(struct run *run)
{
	CLEAN(bytes) struct bytes audit = { 0 };

	TRY(packages_audit(run->host, &audit));
	if (!audit.size)
		return NULL;
	run_notice(run, "finishing what an interrupted run of dpkg left");
	return packages_configure(run->host);
}

/* Packages that are configured only to be purged must not start their daemons, unconfigured as they are. */
static struct error *heal_quietly(struct run *run)
{
	CLEAN(bytes) struct bytes audit = { 0 };

	TRY(packages_audit(run->host, &audit));
	if (!audit.size)
		return NULL;
	TRY(forbid_starts(run));
	struct error *e = heal(run);
	return join(e, lift_policy(run));
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

	TRY(heal(run));
	TRY(packages_missing(run->host, packages->names, &missing));
	if (!missing.n)
		return NULL;
	return packages_install(run->host, (const char *const *)missing.v, LOCK_TIMEOUT, show_progress, run);
}

/* Before the first transaction only: later, what stands there is the packages' own. */
static struct error *preserve_once(struct run *run, const struct packages *packages)
{
	CLEAN(undo_record) struct undo_record record = { 0 };

	TRY(journal_find(run->state, "packages", "apt", &record));
	return record.seq ? NULL : preserve_paths(run, packages->leftover_paths);
}

/* Where mailsetup has a transaction to take back. */
static struct error *list_once(struct run *run, const struct packages *packages)
{
	CLEAN(undo_record) struct undo_record record = { 0 };

	TRY(journal_find(run->state, "packages", "apt", &record));
	return record.seq ? foreign_list(run, packages->leftover_paths) : NULL;
}

struct error *ensure_packages(struct run *run, const struct packages *packages)
{
	CLEAN(list) struct list missing = { 0 };
	CLEAN(undo_record) struct undo_record left = { 0 };
	CLEAN(free) char *before = NULL;

	TRY(packages_missing(run->host, packages->names, &missing));
	TRY(policy_record(run, &left));
	if (!missing.n && !left.seq)
		return run_is_plan(run) ? NULL : list_once(run, packages);
	if (run_is_plan(run)) {
		for (size_t i = 0; i < missing.n; i++)
			run_difference(run, "packages", missing.v[i], false, "to be installed");
		if (left.seq)
			run_difference(run, "packages", POLICY, false, "to be removed");
		return NULL;
	}
	TRY(describe_before(run, packages, &before));
	TRY(preserve_once(run, packages));
	TRY(run_intend(run, &(struct undo_record){ .verb = "packages", .target = "apt", .data = before }));
	TRY(forbid_starts(run));
	struct error *e = put_seeds(run, packages->seeds);
	if (!e)
		e = install_missing(run, packages);
	e = join(e, lift_policy(run));
	TRY(e);
	run_changed(run, "packages", "apt");
	return list_once(run, packages);
}

static struct error *purge_new(struct run *run, const json_t *before)
{
	CLEAN(list) struct list present = { 0 }, purge = { 0 };

	TRY(heal_quietly(run));
	TRY(packages_present(run->host, &present));
	for (size_t i = 0; i < present.n; i++)
		if (!json_has(before, "packages", present.v[i]))
			list_add(&purge, present.v[i]);
	return purge.n ? packages_purge(run->host, (const char *const *)purge.v, show_progress, run) : NULL;
}

static struct error *restore_marks(struct run *run, const json_t *before)
{
	CLEAN(list) struct list now = { 0 }, to_auto = { 0 }, to_manual = { 0 };
	size_t i;
	json_t *element;

	TRY(packages_manual(run->host, &now));
	for (size_t k = 0; k < now.n; k++)
		if (!json_has(before, "manual", now.v[k]) && json_has(before, "packages", now.v[k]))
			list_add(&to_auto, now.v[k]);
	json_array_foreach(json_object_get(before, "manual"), i, element)
		if (!list_has(&now, json_string_value(element)))
			list_add(&to_manual, json_string_value(element));
	if (to_auto.n)
		TRY(packages_mark_auto(run->host, (const char *const *)to_auto.v));
	if (to_manual.n)
		TRY(packages_mark_manual(run->host, (const char *const *)to_manual.v));
	return NULL;
}

static struct error *remove_leftover(struct run *run, const char *path)
{
	struct file_info info;

	TRY(file_sweep(run->host, path));
	TRY(file_stat(run->host, path, &info));
	return S_ISDIR(info.mode) ? directory_remove_tree(run->host, path) : file_remove(run->host, path);
}

/* dpkg-statoverride(1)s of paths that go with the packages: lines "USER GROUP MODE PATH". */
static struct error *remove_overrides(struct run *run, const json_t *before)
{
	CLEAN(bytes) struct bytes content = { 0 };
	CLEAN(list) struct list lines = { 0 };
	struct file_info info;

	TRY(file_stat(run->host, OVERRIDES, &info));
	if (!info.exists)
		return NULL;
	TRY(file_read(run->host, OVERRIDES, OVERRIDES_LIMIT, &content));
	list_split(&lines, bytes_text(&content), "\n");
	for (size_t i = 0; i < lines.n; i++) {
		const char *path = strchr(lines.v[i], '/');
		const char *end = path ? strchr(path + 1, '/') : NULL;
		CLEAN(free) char *folder = end ? text_copy_n(path, strcspn(end + 1, "/") + (size_t)(end + 1 - path)) : NULL;

		if (folder && json_has(before, "leftover_paths", folder))
			TRY(process_simple(run->host, NULL, "dpkg-statoverride", "--remove", path, NULL));
	}
	return NULL;
}

static struct error *remove_leftovers(struct run *run, const json_t *before)
{
	size_t i;
	json_t *element;

	TRY(remove_overrides(run, before));
	json_array_foreach(json_object_get(before, "leftover_paths"), i, element)
		TRY(remove_leftover(run, json_string_value(element)));
	json_array_foreach(json_object_get(before, "leftover_users"), i, element) {
		const char *name = json_string_value(element);

		if (!json_has(before, "users", name))
			TRY(user_delete(run->host, name));
		if (!json_has(before, "groups", name))
			TRY(group_delete(run->host, name));
	}
	return NULL;
}

static struct error *count_files(struct run *run, const char *path, unsigned depth, unsigned *count)
{
	CLEAN(list) struct list names = { 0 };
	struct file_info info;

	TRY(file_stat(run->host, path, &info));
	*count += S_ISREG(info.mode);
	if (S_ISDIR(info.mode) && depth < DEPTH_MAX)
		TRY(directory_list(run->host, path, &names));
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *inner = text("%s/%s", path, names.v[i]);

		TRY(count_files(run, inner, depth + 1, count));
	}
	return NULL;
}

static bool goes(const json_t *before, const char *path)
{
	size_t i;
	json_t *element;

	json_array_foreach(json_object_get(before, "leftover_paths"), i, element)
		if (starts_with(path, json_string_value(element)))
			return true;
	return false;
}

struct error *count_mail(struct run *run, const struct packages *packages, unsigned *ret)
{
	CLEAN(undo_record) struct undo_record record = { 0 };

	*ret = 0;
	TRY(journal_find(run->state, "packages", "apt", &record));
	CLEAN(json_decref) json_t *before = record.data ? json_loads(record.data, 0, NULL) : NULL;
	for (const char *const *path = packages->mail_paths; path && *path; path++)
		if (goes(before, *path))
			TRY(count_files(run, *path, 0, ret));
	return NULL;
}

static struct error *save_foreign(struct run *run, const json_t *before)
{
	CLEAN(list) struct list paths = { 0 };
	size_t i;
	json_t *element;

	json_array_foreach(json_object_get(before, "leftover_paths"), i, element)
		list_add(&paths, json_string_value(element));
	return foreign_save(run, (const char *const *)paths.v);
}

struct error *undo_packages(struct run *run, const struct undo_record *record)
{
	CLEAN(json_decref) json_t *before = json_loads(record->data, 0, NULL);

	if (!before)
		return fail(ERR_INCOMPLETE, "malformed record");
	TRY(save_foreign(run, before));
	TRY(purge_new(run, before));
	TRY(restore_marks(run, before));
	return remove_leftovers(run, before);
}
