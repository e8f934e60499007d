#include "host/file.h"

#include "host/beneath.h"
#include "host/seam.h"
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#define DEPTH_LIMIT 256

DEFINE_CLEANUP(DIR *, closedir)

struct error *directory_make(struct host *h, const char *path, uid_t uid, gid_t gid, mode_t mode)
{
	CLEAN(place) struct place place = PLACE_INIT;
	struct file_info info;

	TRY(mode_check(path, mode));
	TRY(place_open(h, path, &place, NULL));
	TRY(place_stat(&place, &info));
	if (S_ISDIR(info.mode))
		return NULL;
	if (info.exists)
		return fail(ERR_STOPPED,
			"cannot make the directory %s: something else has that name; move it away", path);
	TRY(seam("mkdir", path));
	/* Closed to all but us until its owner is set. */
	if (mkdirat(place.directory, place.name, 0700) < 0)
		return fail_errno(errno, "cannot make the directory %s", path);
	CLEAN(fd) int fd = openat(place.directory, place.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(errno, "cannot open the directory %s", path);
	TRY(descriptor_finish(fd, path, &(struct attributes){ .uid = uid, .gid = gid, .mode = mode }));
	return place_sync(&place);
}

static struct error *remove_empty(int directory, const char *name, const char *path)
{
	TRY(seam("rmdir", path));
	if (unlinkat(directory, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return NULL;
	if (errno == ENOTEMPTY || errno == EEXIST)
		return fail(ERR_CONFLICT,
			"the directory %s is not empty and is kept; remove it if nothing there is needed",
			path);
	return fail_errno(errno, "cannot remove the directory %s", path);
}

struct error *directory_remove(struct host *h, const char *path)
{
	CLEAN(place) struct place place = PLACE_INIT;
	struct file_info info;
	bool exists;

	TRY(place_open(h, path, &place, &exists));
	if (!exists)
		return NULL;
	TRY(place_stat(&place, &info));
	if (info.exists)
		TRY(remove_empty(place.directory, place.name, path));
	return place_sync(&place);
}

static struct error *read_names(int fd, const char *path, struct list *ret)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (own < 0)
		return fail_errno(errno, "cannot read the directory %s", path);
	CLEAN(closedir) DIR *stream = fdopendir(own); /* takes own over */
	struct dirent *entry;

	if (!stream) {
		close(own);
		return fail_errno(ENOMEM, "cannot read the directory %s", path);
	}
	while (errno = 0, entry = readdir(stream))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			list_add(ret, entry->d_name);
	if (errno)
		return fail_errno(errno, "cannot read the directory %s", path);
	list_sort(ret);
	return NULL;
}

struct error *directory_list(struct host *h, const char *path, struct list *ret)
{
	CLEAN(fd) int fd = beneath_open(h, path, O_RDONLY | O_DIRECTORY);

	if (fd < 0 && errno == ENOENT)
		return NULL;
	if (fd < 0)
		return beneath_error(h, errno, path, "cannot read the directory %s", path);
	return read_names(fd, path, ret);
}

static struct error *remove_tree(int above, const char *name, const char *path, unsigned depth);

static struct error *remove_entry(int directory, const char *name, const char *path, unsigned depth)
{
	struct stat st;

	if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? NULL : fail_errno(errno, "cannot look at %s", path);
	if (S_ISDIR(st.st_mode))
		return remove_tree(directory, name, path, depth + 1);
	TRY(seam("unlink", path));
	if (unlinkat(directory, name, 0) < 0 && errno != ENOENT)
		return fail_errno(errno, "cannot remove %s", path);
	return NULL;
}

static struct error *remove_tree(int above, const char *name, const char *path, unsigned depth)
{
	CLEAN(list) struct list names = { 0 };

	if (depth > DEPTH_LIMIT)
		return fail(ERR_STOPPED, "%s lies more than %d directories deep; remove it yourself", path,
			DEPTH_LIMIT);
	CLEAN(fd) int fd = beneath_child(above, name);
	if (fd < 0 && errno == EXDEV)
		return fail(ERR_CONFLICT, "%s is another file system: it is kept; unmount it first", path);
	if (fd < 0)
		return fail_errno(errno, "cannot open the directory %s", path);
	TRY(read_names(fd, path, &names));
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *below = text("%s/%s", path, names.v[i]);

		TRY(remove_entry(fd, names.v[i], below, depth));
	}
	return remove_empty(above, name, path);
}

struct error *directory_remove_tree(struct host *h, const char *path)
{
	CLEAN(place) struct place place = PLACE_INIT;
	struct file_info info;
	bool exists;

	TRY(place_open(h, path, &place, &exists));
	if (!exists)
		return NULL;
	TRY(place_stat(&place, &info));
	if (info.exists && !S_ISDIR(info.mode))
		return fail(ERR_STOPPED, "refusing to remove %s: it is not a directory", path);
	if (info.exists)
		TRY(remove_tree(place.directory, place.name, path, 1));
	return place_sync(&place);
}
