/*
 * What stood in the way of packages before they came (a main.cf made by hand, say) would go with them when they are purged. So it
 * is recorded before the transaction, and comes back, to the byte, after the purge.
 */
#include "ensure/common.h"
#include "ensure/verbs.h"

#include <sys/stat.h>

#define DEPTH_MAX 16

static struct error *record_one(struct run *run, const char *path, const struct file_image *image)
{
	return run_intend(run, &(struct undo_record){ .verb = "preserved", .target = (char *)path, .image = *image });
}

/* The inverses run backwards: a directory is recorded after what is in it, so that it comes back before. */
static struct error *preserve(struct run *run, const char *path, unsigned depth)
{
	CLEAN(file_image) struct file_image image = { 0 };
	CLEAN(list) struct list names = { 0 };
	struct file_info info;

	TRY(file_stat(run->host, path, &info));
	bool keeps = S_ISREG(info.mode) || S_ISDIR(info.mode) || S_ISLNK(info.mode);
	if (!info.exists || !keeps)
		return NULL;
	if (S_ISDIR(info.mode) && depth < DEPTH_MAX)
		TRY(directory_list(run->host, path, &names));
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *inner = text("%s/%s", path, names.v[i]);

		TRY(preserve(run, inner, depth + 1));
	}
	TRY(file_capture(run->host, path, &image));
	return record_one(run, path, &image);
}

struct error *preserve_paths(struct run *run, const char *const *paths)
{
	for (; paths && *paths; paths++)
		TRY(preserve(run, *paths, 0));
	return NULL;
}

static bool image_equal(const struct file_image *a, const struct file_image *b)
{
	CLEAN(free) char *x = image_digest(a);
	CLEAN(free) char *y = image_digest(b);

	return strcmp(x, y) == 0 && bytes_equal(&a->xattrs, &b->xattrs);
}

struct error *undo_preserved(struct run *run, const struct undo_record *record)
{
	CLEAN(file_image) struct file_image now = { 0 };

	TRY(file_sweep(run->host, record->target));
	TRY(file_capture(run->host, record->target, &now));
	return image_equal(&now, &record->image) ? NULL : file_restore(run->host, record->target, &record->image);
}
