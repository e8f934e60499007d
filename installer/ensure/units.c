#include "base/i18n.h"
#include "ensure/common.h"
#include "ensure/verbs.h"
#include "host/crypto.h"
#include "host/process.h"
#include "host/unit.h"

#include <sys/stat.h>

#define FILE_LIMIT (64 * 1024 * 1024)
#define TIMEOUT    120 /* seconds: spamd compiles its rules at its first start */
#define NOTE       "unit:"
#define READ_NOTE  "unit-read:" /* of the files that need no restart */

/* systemd looks at a unit file again only when told to. */
static struct error *fresh_status(struct run *run, const char *unit, struct unit_status *ret)
{
	TRY(unit_status(run->host, unit, ret));
	if (run_is_plan(run) || !ret->stale)
		return NULL;
	TRY(units_reload(run->host));
	return unit_status(run->host, unit, ret);
}

/* A package enables its unit by itself. Taken back, a step leaves it disabled: a boot must not start half a server. */
static struct error *own_enablement(struct run *run, const char *unit)
{
	CLEAN(undo_record) struct undo_record record = { 0 };
	bool brought;

	TRY(journal_find(run->state, "enabled", unit, &record));
	TRY(unit_brought(run, unit, &brought));
	if (record.seq || !brought)
		return NULL;
	return run_intend(run, &(struct undo_record){ .verb = "enabled", .target = (char *)unit, .data = "disabled" });
}

struct error *ensure_unit_enabled(struct run *run, const char *unit)
{
	struct unit_status status;

	TRY(fresh_status(run, unit, &status));
	if (status.masked)
		return fail(ERR_CONFLICT, "unit %s is masked; `systemctl unmask %s` allows it to run", unit, unit);
	if (status.exists && status.enabled)
		return run_is_plan(run) ? NULL : own_enablement(run, unit);
	if (run_is_plan(run)) {
		run_difference(run, "enabled", unit, false, "to be enabled");
		return NULL;
	}
	TRY(run_intend(run, &(struct undo_record){ .verb = "enabled", .target = (char *)unit, .data = status.file_state }));
	TRY(unit_enable(run->host, unit));
	run_changed(run, "enabled", unit);
	return NULL;
}

struct error *undo_enabled(struct run *run, const struct undo_record *record)
{
	return unit_disable(run->host, record->target);
}

struct error *ensure_unit_stopped(struct run *run, const char *unit)
{
	struct unit_status status;

	TRY(fresh_status(run, unit, &status));
	if (!status.active)
		return NULL;
	if (run_is_plan(run)) {
		run_difference(run, "running", unit, false, "to be stopped");
		return NULL;
	}
	TRY(unit_stop(run->host, unit, TIMEOUT));
	run_changed(run, "running", unit);
	return NULL;
}

static struct error *add_file(struct run *run, const char *path, struct bytes *all)
{
	CLEAN(file_image) struct file_image image = { 0 };

	TRY(file_capture(run->host, path, &image));
	CLEAN(free) char *digest = image_digest(&image);
	bytes_printf(all, "%s %s\n", path, digest);
	return NULL;
}

static struct error *add_directory(struct run *run, const char *path, struct bytes *all)
{
	CLEAN(list) struct list names = { 0 };
	CLEAN(free) char *directory = text_copy_n(path, strlen(path) - 1);

	TRY(directory_list(run->host, directory, &names));
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *file = text("%s%s", path, names.v[i]);
		struct file_info info;

		TRY(file_stat(run->host, file, &info));
		/* No daemon reads hidden files; a temporary one would make a unit look stale. */
		if (names.v[i][0] != '.' && info.exists && S_ISREG(info.mode) && info.size <= FILE_LIMIT)
			TRY(add_file(run, file, all));
	}
	return NULL;
}

static struct error *files_digest(struct run *run, const char *const *files, char ret_hex[65])
{
	CLEAN(bytes) struct bytes all = { 0 };

	for (; *files; files++)
		TRY(ends_with(*files, "/") ? add_directory(run, *files, &all) : add_file(run, *files, &all));
	sha256_hex(bytes_text(&all), all.size, ret_hex);
	return NULL;
}

/* Is that digest the one that was noted when the unit last started, or last read its files? */
static struct error *is_noted(struct run *run, const char *prefix, const char *unit, const char *hex, bool *ret)
{
	CLEAN(free) char *note = text("%s%s", prefix, unit);
	CLEAN(free) char *known = NULL;

	if (run->state)
		TRY(state_note_get(run->state, note, &known));
	*ret = known && strcmp(known, hex) == 0;
	return NULL;
}

/* systemd calls a unit active that only stands for another one, whatever has become of that. */
static struct error *look_at_body(struct run *run, const struct unit_wanted *wanted, struct unit_status *status)
{
	struct unit_status body;

	if (!wanted->body || !status->active)
		return NULL;
	TRY(unit_status(run->host, wanted->body, &body));
	status->active = !body.exists || body.active;
	return NULL;
}

/* What a unit has to do, and the digests to be noted once it has. */
struct start {
	struct unit_job job; /* unit NULL: nothing */
	char files[65], reread[65];
};

/* Plans one unit. */
static struct error *look_at_unit(struct run *run, const struct unit_wanted *wanted, struct start *ret)
{
	static const char *const nothing[] = { NULL };
	const char *const *reread = wanted->reread ? wanted->reread : nothing;
	struct unit_status status;
	bool started, read;

	*ret = (struct start){ 0 };
	TRY(fresh_status(run, wanted->unit, &status));
	bool stands = status.active;
	TRY(look_at_body(run, wanted, &status));
	TRY(files_digest(run, wanted->files, ret->files));
	TRY(files_digest(run, reread, ret->reread));
	TRY(is_noted(run, NOTE, wanted->unit, ret->files, &started));
	TRY(is_noted(run, READ_NOTE, wanted->unit, ret->reread, &read));
	/* What another hand has changed is not for this run to have take effect. */
	started |= run->leave_theirs && !changed_here(run, wanted->files);
	read |= !wanted->reread || (run->leave_theirs && !changed_here(run, reread));
	if (status.active && started && read)
		return NULL;
	enum unit_wish wish = status.active && started ? UNIT_RELOAD : stands ? UNIT_RESTART : UNIT_START;
	if (run_is_plan(run)) {
		run_difference(run, "running", wanted->unit, false,
			!status.active	   ? N_("to be started") :
			wish == UNIT_RELOAD ? N_("to be reloaded") :
					      N_("to be restarted"));
		return NULL;
	}
	ret->job = (struct unit_job){ .unit = wanted->unit, .wish = wish };
	return run_intend(run, &(struct undo_record){ .verb = "running", .target = (char *)wanted->unit,
		.data = status.active ? "active" : "inactive" });
}

static struct error *note_started(struct run *run, const struct unit_wanted *wanted, const struct start *start)
{
	CLEAN(free) char *note = text(NOTE "%s", wanted->unit);
	CLEAN(free) char *read = text(READ_NOTE "%s", wanted->unit);

	if (wanted->reread)
		TRY(state_note_set(run->state, read, start->reread));
	if (start->job.wish != UNIT_RELOAD)
		TRY(state_note_set(run->state, note, start->files));
	run_changed(run, "running", wanted->unit);
	return NULL;
}

struct error *ensure_units_current(struct run *run, const struct unit_wanted *units, size_t n)
{
	CLEAN(free) struct unit_job *jobs = allocate(n * sizeof(*jobs));
	CLEAN(free) struct start *starts = allocate(n * sizeof(*starts));
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		TRY(look_at_unit(run, &units[i], &starts[i]));
		if (starts[i].job.unit)
			jobs[count++] = starts[i].job;
	}
	TRY(units_run(run->host, jobs, count, TIMEOUT));
	for (size_t i = 0; i < n; i++)
		if (starts[i].job.unit)
			TRY(note_started(run, &units[i], &starts[i]));
	return NULL;
}

/* systemd remembers when a persistent timer last ran. */
static struct error *remove_stamp(struct run *run, const char *unit)
{
	CLEAN(free) char *stamp = text("/var/lib/systemd/timers/stamp-%s", unit);

	return ends_with(unit, ".timer") ? file_remove(run->host, stamp) : NULL;
}

/* What ran before us is stopped too, since its files are about to be put back; the end of the rollback starts it again. */
struct error *undo_running(struct run *run, const struct undo_record *record)
{
	CLEAN(free) char *note = text(NOTE "%s", record->target);
	CLEAN(free) char *read = text(READ_NOTE "%s", record->target);
	CLEAN(free) char *again = text(RESTART_NOTE "%s", record->target);

	if (record->data && strcmp(record->data, "active") == 0)
		TRY(state_note_set(run->state, again, "1"));
	TRY(unit_stop(run->host, record->target, TIMEOUT));
	TRY(remove_stamp(run, record->target));
	TRY(state_note_set(run->state, read, NULL));
	return state_note_set(run->state, note, NULL);
}

static struct error *paths_complete(struct run *run, const char *const *paths, bool *ret)
{
	*ret = true;
	for (; *paths; paths++) {
		struct file_info info;

		TRY(file_stat(run->host, *paths, &info));
		if (!info.exists) {
			*ret = false;
			if (run_is_plan(run))
				run_difference(run, "directory", *paths, false, "to be made by systemd-tmpfiles");
			else
				TRY(run_intend(run, &(struct undo_record){ .verb = "directory", .target = (char *)*paths }));
		}
	}
	return NULL;
}

struct error *ensure_tmpfiles(struct run *run, const char *conf, const char *const *paths)
{
	bool complete;

	TRY(paths_complete(run, paths, &complete));
	if (complete || run_is_plan(run))
		return NULL;
	TRY(process_simple(run->host, NULL, "systemd-tmpfiles", "--create", conf, NULL));
	run_changed(run, "directory", paths[0]);
	return NULL;
}

struct error *machine_file_exists(struct run *run, const char *path, bool *ret)
{
	struct file_info info;

	TRY(file_stat(run->host, path, &info));
	*ret = info.exists;
	return NULL;
}
