#include "base/i18n.h"
#include "ensure/asset.h"
#include "ensure/common.h"
#include "ensure/verbs.h"

#include <sys/stat.h>

struct error *ensure_file(struct run *run, const char *path, const void *data, size_t size, struct owner owner)
{
	return put_file(run, path, data, size, owner);
}

struct error *ensure_asset_of(struct run *run, const char *tree, const char *path, const struct variable *variables,
	struct owner owner)
{
	CLEAN(bytes) struct bytes content = { 0 };

	TRY(asset_render(tree, path, variables, &content));
	return put_file(run, path, content.data, content.size, owner);
}

struct error *ensure_asset(struct run *run, const char *path, const struct variable *variables, struct owner owner)
{
	return ensure_asset_of(run, "", path, variables, owner);
}

struct error *ensure_no_file(struct run *run, const char *path)
{
	CLEAN(file_image) struct file_image before = { 0 };

	TRY(ensure_taken_back(run, "file", path));
	TRY(file_capture(run->host, path, &before));
	if (!before.info.exists)
		return NULL;
	if (run_is_plan(run)) {
		run_difference(run, "file", path, false, "to be removed");
		return NULL;
	}
	TRY(intend_content(run, &(struct undo_record){ .verb = "file", .target = (char *)path, .image = before, .wrote = "absent" }));
	TRY(file_remove(run->host, path));
	run_changed(run, "file", path);
	return NULL;
}

struct error *undo_file(struct run *run, const struct undo_record *record)
{
	return undo_path(run, record, record->target);
}

static bool attributes_are(const struct file_info *info, const struct identity *id, mode_t mode)
{
	return id->known && info->uid == id->uid && info->gid == id->gid && (info->mode & 07777) == mode;
}

struct error *ensure_attributes(struct run *run, const char *path, struct owner owner)
{
	struct identity id;
	struct file_info now;

	TRY(identity_of(run, owner, &id));
	TRY(file_stat(run->host, path, &now));
	if (now.exists && attributes_are(&now, &id, owner.mode))
		return NULL;
	if (run_is_plan(run)) {
		run_difference(run, "attributes", path, false, "to be %s:%s %04o", owner.user, owner.group,
			(unsigned)owner.mode);
		return NULL;
	}
	if (!now.exists)
		return fail(ERR_STOPPED, "%s does not exist, though the package that brings it is installed", path);
	CLEAN(file_image) struct file_image before = { 0 };
	TRY(file_capture(run->host, path, &before));
	TRY(run_intend(run, &(struct undo_record){ .verb = "attributes", .target = (char *)path, .image = before }));
	TRY(file_set_attributes(run->host, path, id.uid, id.gid, owner.mode));
	run_changed(run, "attributes", path);
	return NULL;
}

struct error *undo_attributes(struct run *run, const struct undo_record *record)
{
	const struct file_info *before = &record->image.info;
	struct file_info now;

	TRY(file_stat(run->host, record->target, &now));
	if (!now.exists)
		return NULL;
	/* A folder comes back whole, with what file_set_attributes refuses to give (setgid); a file keeps its bytes of today. */
	if (S_ISDIR(now.mode) && S_ISDIR(before->mode))
		return file_restore(run->host, record->target, &record->image);
	return file_set_attributes(run->host, record->target, before->uid, before->gid, before->mode & 0777);
}

/* Is there a record that mailsetup makes this directory? */
static struct error *made_here(struct run *run, const char *path, bool *ret)
{
	CLEAN(undo_record) struct undo_record record = { 0 };

	if (run->state)
		TRY(journal_find(run->state, "directory", path, &record));
	*ret = record.seq && !record.image.info.exists;
	return NULL;
}

struct error *ensure_directory(struct run *run, const char *path, struct owner owner)
{
	struct identity id;
	struct file_info now;
	bool ours;

	TRY(file_stat(run->host, path, &now));
	if (now.exists && !S_ISDIR(now.mode))
		return fail(ERR_CONFLICT, "%s is not a directory; move it away", path);
	TRY(made_here(run, path, &ours));
	if (now.exists && !ours)
		return ensure_attributes(run, path, owner);
	TRY(identity_of(run, owner, &id));
	if (now.exists && attributes_are(&now, &id, owner.mode))
		return NULL;
	if (run_is_plan(run)) {
		run_difference(run, "directory", path, false, now.exists ? N_("to be finished, %s:%s %04o") : N_("to be made, %s:%s %04o"),
			owner.user, owner.group, (unsigned)owner.mode);
		return NULL;
	}
	TRY(run_intend(run, &(struct undo_record){ .verb = "directory", .target = (char *)path }));
	TRY(directory_make(run->host, path, id.uid, id.gid, owner.mode));
	/* A kill between making and owning left a directory with other attributes; they are no pre-image. */
	TRY(file_set_attributes(run->host, path, id.uid, id.gid, owner.mode));
	run_changed(run, "directory", path);
	return NULL;
}

struct error *ensure_package_directory(struct run *run, const char *path, struct owner owner)
{
	struct identity id;
	struct file_info now;

	TRY(identity_of(run, owner, &id));
	TRY(file_stat(run->host, path, &now));
	if (now.exists)
		return NULL;
	if (run_is_plan(run)) {
		run_difference(run, "directory", path, false, "to be made, %s:%s %04o", owner.user, owner.group, (unsigned)owner.mode);
		return NULL;
	}
	TRY(directory_make(run->host, path, id.uid, id.gid, owner.mode));
	run_changed(run, "directory", path);
	return NULL;
}

/* What fills a directory that mailsetup made is not mailsetup's: mail above all. */
struct error *undo_directory(struct run *run, const struct undo_record *record)
{
	struct error *e = directory_remove(run->host, record->target);

	if (error_code(e) != ERR_CONFLICT)
		return e;
	error_free(e);
	run_notice(run, "%s is not empty and is not removed here; when nothing in it is needed any more: rm -r %s",
		record->target, record->target);
	return NULL;
}
