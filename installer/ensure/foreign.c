/*
 * What another hand has put among the packages' files: their purge would take it. So what stands there is listed when the packages
 * have come, and whatever is not as listed is copied before they go, unless a newer version of a package has brought it since. Only
 * beneath /etc: elsewhere the daemons themselves write.
 */
#include "base/json_text.h"
#include "ensure/common.h"
#include "host/crypto.h"
#include "host/package.h"

#include <sys/stat.h>

#define NOTE      "listing"
#define DEPTH_MAX 16

typedef struct error *visitor(struct run *run, const char *path, const char *digest, json_t *listing);

static struct error *walk(struct run *run, const char *path, visitor *visit, json_t *listing, unsigned depth)
{
	CLEAN(list) struct list names = { 0 };
	struct file_info info;

	TRY(file_stat(run->host, path, &info));
	if (S_ISREG(info.mode) || S_ISLNK(info.mode)) {
		CLEAN(file_image) struct file_image image = { 0 };

		TRY(file_capture(run->host, path, &image));
		CLEAN(free) char *digest = image_digest(&image);
		return visit(run, path, digest, listing);
	}
	if (S_ISDIR(info.mode) && depth < DEPTH_MAX)
		TRY(directory_list(run->host, path, &names));
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *inner = text("%s/%s", path, names.v[i]);

		TRY(walk(run, inner, visit, listing, depth + 1));
	}
	return NULL;
}

static struct error *walk_all(struct run *run, const char *const *paths, visitor *visit, json_t *listing)
{
	for (; paths && *paths; paths++)
		if (strncmp(*paths, "/etc/", strlen("/etc/")) == 0)
			TRY(walk(run, *paths, visit, listing, 0));
	return NULL;
}

static struct error *list_file(struct run *run, const char *path, const char *digest, json_t *listing)
{
	(void)run;
	json_object_set_new(listing, path, json_string(digest));
	return NULL;
}

struct error *foreign_list(struct run *run, const char *const *paths)
{
	CLEAN(free) char *known = NULL;
	CLEAN(json_decref) json_t *listing = json_object();

	TRY(state_note_get(run->state, NOTE, &known));
	if (known)
		return NULL;
	TRY(walk_all(run, paths, list_file, listing));
	CLEAN(free) char *note = json_dumps(listing, JSON_COMPACT);
	return state_note_set(run->state, NOTE, note);
}

/* What dpkg and ucf lay beside a configuration file that has changed. */
static bool is_package_version(const char *path)
{
	static const char *const endings[] = { ".dpkg-dist", ".dpkg-new", ".ucf-dist", ".ucf-new" };

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++)
		if (ends_with(path, endings[i]))
			return true;
	return false;
}

static struct error *save_file(struct run *run, const char *path, const char *digest, json_t *listing)
{
	const char *listed = json_string_value(json_object_get(listing, path));
	CLEAN(free) char *copy = NULL;
	bool brought = is_package_version(path), made;

	if ((listed && strcmp(listed, digest) == 0) || ends_with(path, BEFORE))
		return NULL;
	if (!brought)
		TRY(package_file_is_as_brought(run->host, path, &brought));
	if (brought)
		return NULL;
	TRY(save_theirs(run, path, &copy, &made));
	if (made)
		run_kept(run, "%s is neither mailsetup's nor as its package brought it; it goes with the package, and a copy is in %s",
			path, copy);
	return NULL;
}

struct error *foreign_save(struct run *run, const char *const *paths, const char *const *generated)
{
	CLEAN(free) char *note = NULL;

	TRY(state_note_get(run->state, NOTE, &note));
	CLEAN(json_decref) json_t *listing = note ? json_loads(note, 0, NULL) : NULL;
	/* Without a listing the packages never came whole, and nobody has worked with them; or all is saved already. */
	if (listing) {
		TRY(walk_all(run, generated, list_file, listing));
		TRY(walk_all(run, paths, save_file, listing));
	}
	return state_note_set(run->state, NOTE, NULL);
}
