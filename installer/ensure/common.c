#include "ensure/common.h"
#include "base/i18n.h"
#include "host/account.h"
#include "host/crypto.h"
#include "host/package.h"

#include <sys/stat.h>

#define BACKUPS    "/var/backups/mailsetup"
#define COPIES_MAX 999

struct error *identity_of(struct run *run, struct owner owner, struct identity *ret)
{
	struct user user;
	struct group group;

	TRY(user_find(run->host, owner.user, &user));
	TRY(group_find(run->host, owner.group, &group));
	*ret = (struct identity){ .uid = user.uid, .gid = group.gid, .known = user.exists && group.exists };
	if (!ret->known && !run_is_plan(run))
		return fail(ERR_STOPPED, "%s %s does not exist", user.exists ? _("group") : _("user"),
			user.exists ? owner.group : owner.user);
	return NULL;
}

char *image_digest(const struct file_image *image)
{
	char hex[65];

	if (!image->info.exists)
		return text_copy("absent");
	sha256_hex(bytes_text(&image->content), image->content.size, hex);
	return text("%o:%u:%u:%s", (unsigned)image->info.mode, (unsigned)image->info.uid, (unsigned)image->info.gid, hex);
}

static bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

bool record_left(const struct undo_record *record, const struct file_image *now)
{
	CLEAN(free) char *digest = image_digest(now);
	CLEAN(free) char *before = image_digest(&record->image);

	return !record->wrote || !now->info.exists || same(digest, record->wrote) || same(digest, record->prior) ||
	       same(digest, before);
}

struct error *intend_content(struct run *run, struct undo_record *r)
{
	CLEAN(undo_record) struct undo_record known = { 0 };
	CLEAN(free) char *now = image_digest(&r->image);

	if (run->state)
		TRY(journal_find(run->state, r->verb, r->target, &known));
	if (known.seq && r->image.info.exists && record_left(&known, &r->image))
		r->prior = now;
	return run_intend(run, r);
}

struct error *target_drifted(struct run *run, const char *verb, const char *target, const struct file_image *now, bool *ret)
{
	CLEAN(undo_record) struct undo_record record = { 0 };

	*ret = false;
	if (!run->state)
		return NULL;
	TRY(journal_find(run->state, verb, target, &record));
	*ret = record.seq && !record_left(&record, now);
	return NULL;
}

static bool holds(const struct file_image *now, const void *data, size_t size, const struct identity *id, mode_t mode)
{
	return now->info.exists && S_ISREG(now->info.mode) && id->known && now->info.uid == id->uid &&
	       now->info.gid == id->gid && (now->info.mode & 07777) == mode && now->content.size == size &&
	       memcmp(bytes_text(&now->content), data, size) == 0;
}

static struct error *plan_file(struct run *run, const char *path, const struct file_image *now, const void *data, size_t size,
	struct owner owner, bool edited)
{
	bool drift;

	TRY(target_drifted(run, "file", path, now, &drift));
	run_difference(run, "file", path, drift,
		drift		   ? N_("changed by another hand, %s:%s %04o") :
		edited		   ? N_("to be changed, %s:%s %04o; what another hand has made of it is copied first") :
		now->info.exists ? N_("to be changed, %s:%s %04o") :
				   N_("to be made, %s:%s %04o"),
		owner.user, owner.group, (unsigned)owner.mode);
	return describe_change(run, path, now, data, size, owner.mode, drift);
}

/* Theirs, in the language of the daemons of now: what was adopted on one release of Debian may be good for nothing on the next. */
static char *adoption(const struct run *run, const struct file_image *now)
{
	CLEAN(free) char *digest = image_digest(now);
	const struct release *r = &run->release;

	return text("%s%s%s", digest, r->postfix_tree ? r->postfix_tree : "", r->dovecot_tree ? r->dovecot_tree : "");
}

/* The administrator has said that theirs is what is wanted, and it is still that. */
static struct error *is_adopted(struct run *run, const char *path, const struct file_image *now, bool *ret)
{
	CLEAN(free) char *name = text(ADOPTED_NOTE "%s", path);
	CLEAN(free) char *asked = adoption(run, now);
	CLEAN(free) char *known = NULL;

	if (run->state)
		TRY(state_note_get(run->state, name, &known));
	*ret = same(known, asked) && !list_has(&run->overwrite, path);
	return NULL;
}

/* They have edited a file of which only lines were ours, and which is now wanted as a whole. */
static struct error *is_edited(struct run *run, const char *path, const struct file_image *now, bool *ret)
{
	CLEAN(list) struct list lines = { 0 };
	CLEAN(undo_record) struct undo_record whole = { 0 };
	CLEAN(free) char *prefix = text("%s: ", path);
	bool left = false;

	*ret = false;
	if (!run->state || !now->info.exists)
		return NULL;
	TRY(journal_find(run->state, "file", path, &whole));
	TRY(journal_targets(run->state, run->step->name, "line", &lines));
	for (size_t i = 0; !whole.seq && i < lines.n; i++) {
		CLEAN(undo_record) struct undo_record line = { 0 };

		if (!starts_with(lines.v[i], prefix))
			continue;
		TRY(journal_find(run->state, "line", lines.v[i], &line));
		left = left || record_left(&line, now);
		*ret = true;
	}
	*ret = *ret && !left;
	if (*ret)
		TRY(package_file_is_as_brought(run->host, path, &left));
	*ret = *ret && !left;
	return NULL;
}

/* They have changed what mailsetup wrote, and that is still all that is wanted here. */
static struct error *is_left_to_them(struct run *run, const char *path, const struct file_image *now, const char *wanted, bool *ret)
{
	CLEAN(undo_record) struct undo_record record = { 0 };

	*ret = false;
	if (!run->leave_theirs || !run->state || list_has(&run->adopt, path) || list_has(&run->overwrite, path))
		return NULL;
	TRY(journal_find(run->state, "file", path, &record));
	*ret = record.seq && !record_left(&record, now) && same(record.wrote, wanted);
	return NULL;
}

static bool is_among(const char *path, const char *const *files)
{
	for (; *files; files++) {
		size_t n = strlen(*files);

		if (ends_with(*files, "/") ? strncmp(path, *files, n) == 0 && !strchr(path + n, '/') : strcmp(path, *files) == 0)
			return true;
	}
	return false;
}

bool changed_here(const struct run *run, const char *const *files)
{
	for (size_t i = 0; i < run->changed.n; i++)
		if (is_among(run->changed.v[i], files))
			return true;
	return false;
}

static struct error *adopt(struct run *run, const char *path, const struct file_image *now)
{
	CLEAN(free) char *name = text(ADOPTED_NOTE "%s", path);
	CLEAN(free) char *adopted = adoption(run, now);

	TRY(state_note_set(run->state, name, adopted));
	run_changed(run, "adopted", path);
	return NULL;
}

static struct error *save_before_overwriting(struct run *run, const char *path)
{
	CLEAN(free) char *adopted = text(ADOPTED_NOTE "%s", path);
	CLEAN(free) char *copy = NULL;
	bool made;

	TRY(save_theirs(run, path, &copy, &made));
	run_notice(run, "%s: theirs is copied to %s", path, copy);
	return state_note_set(run->state, adopted, NULL);
}

struct error *put_file(struct run *run, const char *path, const void *data, size_t size, struct owner owner)
{
	CLEAN(file_image) struct file_image now = { 0 };
	struct identity id;
	bool theirs, edited;

	TRY(identity_of(run, owner, &id));
	TRY(file_capture(run->host, path, &now));
	/* A rollback that was killed may have left its temporary file beside a target that is as wanted. */
	if (holds(&now, data, size, &id, owner.mode))
		return run_is_plan(run) ? NULL : file_sweep(run->host, path);
	struct file_image after = {
		.info = { .exists = true, .mode = S_IFREG | owner.mode, .uid = id.uid, .gid = id.gid },
		.content = { .data = (char *)data, .size = size },
	};
	CLEAN(free) char *wrote = image_digest(&after);
	TRY(is_adopted(run, path, &now, &theirs));
	if (!theirs)
		TRY(is_left_to_them(run, path, &now, wrote, &theirs));
	if (theirs)
		return NULL;
	TRY(is_edited(run, path, &now, &edited));
	if (run_is_plan(run))
		return plan_file(run, path, &now, data, size, owner, edited);
	if (now.info.exists && list_has(&run->adopt, path))
		return adopt(run, path, &now);
	if (now.info.exists && (edited || list_has(&run->overwrite, path)))
		TRY(save_before_overwriting(run, path));
	TRY(intend_content(run, &(struct undo_record){ .verb = "file", .target = (char *)path, .image = now, .wrote = wrote }));
	TRY(file_write(run->host, path, data, size, id.uid, id.gid, owner.mode));
	run_changed(run, "file", path);
	return NULL;
}

/* The directories above a path beneath BACKUPS. */
static struct error *make_parents(struct run *run, const char *path)
{
	for (const char *slash = strchr(path + strlen(BACKUPS), '/'); slash; slash = strchr(slash + 1, '/')) {
		CLEAN(free) char *directory = text_copy_n(path, (size_t)(slash - path));

		TRY(directory_make(run->host, directory, 0, 0, 0700));
	}
	return NULL;
}

/* The first of BACKUPS/1/PATH, BACKUPS/2/PATH, ... that is not there, or holds the same: no copy is ever written over. */
static struct error *find_copy(struct run *run, const char *path, const struct file_image *now, char **ret, bool *ret_there)
{
	CLEAN(free) char *digest = image_digest(now);

	for (unsigned i = 1; i <= COPIES_MAX; i++) {
		CLEAN(file_image) struct file_image there = { 0 };
		CLEAN(free) char *copy = text(BACKUPS "/%u%s", i, path);

		TRY(file_capture(run->host, copy, &there));
		CLEAN(free) char *digest_there = image_digest(&there);
		*ret_there = there.info.exists;
		if (there.info.exists && !same(digest, digest_there))
			continue;
		*ret = TAKE(copy);
		return NULL;
	}
	return fail(ERR_CONFLICT, "%s holds %u copies of %s already; move away those that are of no use", BACKUPS, COPIES_MAX, path);
}

struct error *save_theirs(struct run *run, const char *path, char **ret, bool *ret_made)
{
	CLEAN(file_image) struct file_image now = { 0 };
	CLEAN(free) char *copy = NULL;
	bool there;

	TRY(file_capture(run->host, path, &now));
	TRY(find_copy(run, path, &now, &copy, &there));
	if (!there) {
		TRY(directory_make(run->host, "/var/backups", 0, 0, 0755));
		TRY(make_parents(run, copy));
		TRY(file_sweep(run->host, copy));
		TRY(file_restore(run->host, copy, &now));
	}
	*ret_made = !there;
	*ret = TAKE(copy);
	return NULL;
}

static struct error *keep_theirs(struct run *run, const struct undo_record *record, const char *path)
{
	CLEAN(free) char *beside = text("%s" BEFORE, path);
	CLEAN(free) char *copy = NULL;
	bool made;

	TRY(save_theirs(run, path, &copy, &made));
	if (!record->image.info.exists) {
		run_kept(run, "%s was changed since mailsetup wrote it; a copy is in %s; it was not there before", path, copy);
		return NULL;
	}
	TRY(file_restore(run->host, beside, &record->image));
	run_kept(run, "%s was changed since mailsetup wrote it; a copy is in %s; the file from before is %s", path, copy, beside);
	return NULL;
}

struct error *undo_path(struct run *run, const struct undo_record *record, const char *path)
{
	CLEAN(file_image) struct file_image now = { 0 };

	TRY(file_sweep(run->host, path));
	TRY(file_capture(run->host, path, &now));
	if (!now.info.exists && !record->image.info.exists)
		return NULL;
	if (record_left(record, &now))
		return file_restore(run->host, path, &record->image);
	return keep_theirs(run, record, path);
}
