/* The inverse of packages.c. */
#include "ensure/packages_parts.h"
#include "ensure/verbs.h"
#include "host/account.h"
#include "host/process.h"
#include "host/unit.h"

#include <sys/stat.h>

#define STOP_TIMEOUT 120 /* seconds */

#define DEPTH_MAX       8
#define OVERRIDES       "/var/lib/dpkg/statoverride"
#define OVERRIDES_LIMIT (1024 * 1024)

/* Packages that are configured only to be purged must not start their daemons, unconfigured as they are. */
static struct error *heal_quietly(struct run *run)
{
	CLEAN(bytes) struct bytes audit = { 0 };

	TRY(packages_audit(run->host, &audit));
	if (!audit.size)
		return NULL;
	TRY(forbid_starts(run));
	/* What cannot be mended may still be purged; the purge says so where not. */
	error_free(heal_packages(run));
	return lift_policy(run);
}

static void tell_stays(struct run *run, const struct list *stays)
{
	CLEAN(bytes) struct bytes names = { 0 };

	for (size_t i = 0; i < stays->n; i++)
		bytes_printf(&names, "%s%s", i ? ", " : "", stays->v[i]);
	if (stays->n)
		run_notice(run, "these packages stay, as others need them by now: %s", bytes_text(&names));
}

/* Noted before it begins: half done, apt would not know any more what hangs on what. The note stays until the next first
 * transaction, for a rollback that is begun again must not forget what it may purge. */
static struct error *purge_brought(struct run *run, const json_t *before)
{
	CLEAN(list) struct list purge = { 0 }, stays = { 0 };

	TRY(heal_quietly(run));
	TRY(list_purge(run, before, &purge, &stays));
	if (!purge.n)
		return NULL;
	CLEAN(json_decref) json_t *array = json_list(&purge);
	CLEAN(free) char *note = json_dumps(array, JSON_COMPACT);
	TRY(state_note_set(run->state, BROUGHT_NOTE, note));
	tell_stays(run, &stays);
	return packages_purge(run->host, (const char *const *)purge.v, show_package_progress, run);
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

/* Not every package stops its daemon when it goes (Postfix's of Debian 13): it would run on, and its user could not be deleted. */
static struct error *stop_units(struct run *run, const json_t *before)
{
	size_t i;
	json_t *element;

	json_array_foreach(json_object_get(before, "leftover_units"), i, element)
		TRY(unit_stop(run->host, json_string_value(element), STOP_TIMEOUT));
	return NULL;
}

/* A reboot in the midst of an install lets daemons start that fail without their configuration; systemd would remember it. */
static struct error *forget_units(struct run *run, const json_t *before)
{
	size_t i;
	json_t *element;

	json_array_foreach(json_object_get(before, "leftover_units"), i, element)
		TRY(unit_forget(run->host, json_string_value(element)));
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

struct error *check_purge(struct run *run)
{
	CLEAN(undo_record) struct undo_record record = { 0 };
	CLEAN(bytes) struct bytes audit = { 0 };
	CLEAN(list) struct list purge = { 0 }, stays = { 0 };

	TRY(journal_find(run->state, "packages", "apt", &record));
	TRY(packages_audit(run->host, &audit));
	if (!record.seq)
		return NULL;
	CLEAN(json_decref) json_t *before = json_loads(record.data, 0, NULL);
	struct error *e = list_purge(run, before, &purge, &stays);
	if (!e && purge.n)
		e = packages_purge_check(run->host, (const char *const *)purge.v);
	/* apt may answer nothing while dpkg is half done; then nobody can have installed more. */
	if (!audit.size || error_code(e) == ERR_CONFLICT)
		return e;
	error_free(e);
	return NULL;
}

struct error *count_mail(struct run *run, const char *const *mail_paths, unsigned *ret)
{
	CLEAN(undo_record) struct undo_record record = { 0 };

	*ret = 0;
	TRY(journal_find(run->state, "packages", "apt", &record));
	CLEAN(json_decref) json_t *before = record.data ? json_loads(record.data, 0, NULL) : NULL;
	for (; *mail_paths; mail_paths++)
		if (goes(before, *mail_paths))
			TRY(count_files(run, *mail_paths, 0, ret));
	return NULL;
}

static void list_texts(const json_t *before, const char *key, struct list *ret)
{
	size_t i;
	json_t *element;

	json_array_foreach(json_object_get(before, key), i, element)
		list_add(ret, json_string_value(element));
}

static struct error *save_foreign(struct run *run, const json_t *before)
{
	CLEAN(list) struct list paths = { 0 }, generated = { 0 };

	list_texts(before, "leftover_paths", &paths);
	list_texts(before, "generated_paths", &generated);
	return foreign_save(run, (const char *const *)paths.v, (const char *const *)generated.v);
}

struct error *undo_packages(struct run *run, const struct undo_record *record)
{
	CLEAN(json_decref) json_t *before = json_loads(record->data, 0, NULL);

	if (!before)
		return fail(ERR_INCOMPLETE, "malformed record");
	TRY(save_foreign(run, before));
	TRY(stop_units(run, before));
	TRY(purge_brought(run, before));
	TRY(restore_marks(run, before));
	TRY(remove_leftovers(run, before));
	return forget_units(run, before);
}
