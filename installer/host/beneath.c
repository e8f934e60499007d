#include "host/beneath.h"
#include "base/i18n.h"

#include "host/seam.h"
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RESOLVE_PLAINLY (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)
#define CREATED_MODE    0600

/* "/a//b/" becomes "a/b" and "/" becomes "."; a relative path or a dot component is a mistake of the caller. */
static int relative_path(const char *path, char ret[PATH_MAX])
{
	size_t size = 0;

	if (*path != '/')
		return EINVAL;
	while (*(path += strspn(path, "/"))) {
		size_t n = strcspn(path, "/");

		if ((n == 1 && *path == '.') || (n == 2 && strncmp(path, "..", 2) == 0))
			return EINVAL;
		if (size + n + 2 > PATH_MAX)
			return ENAMETOOLONG;
		if (size)
			ret[size++] = '/';
		memcpy(ret + size, path, n);
		size += n;
		path += n;
	}
	if (!size)
		ret[size++] = '.';
	ret[size] = '\0';
	return 0;
}

static int open_plainly(int directory, const char *relative, int flags, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? CREATED_MODE : 0,
		.resolve = resolve,
	};

	return (int)syscall(__NR_openat2, directory, relative, &how, sizeof(how));
}

static bool is_link(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISLNK(st.st_mode);
}

static int walk_end(int directory, const char *name, int flags)
{
	CLEAN(fd) int fd = openat(directory, name, flags | O_NOFOLLOW | O_CLOEXEC, CREATED_MODE);

	if (fd >= 0 && !(flags & O_NOFOLLOW) && is_link(fd)) {
		errno = ELOOP;
		return -1;
	}
	if (fd < 0 && errno == ENOTDIR) {
		struct stat st;
		bool link = fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);

		errno = link ? ELOOP : ENOTDIR;
	}
	int ret = fd;
	fd = -1;
	return ret;
}

/* What openat2 does, for kernels and containers that lack it. */
static int walk(int root, const char *relative, int flags)
{
	CLEAN(fd) int directory = fcntl(root, F_DUPFD_CLOEXEC, 0);

	while (directory >= 0) {
		size_t n = strcspn(relative, "/");
		char name[NAME_MAX + 1];

		if (!relative[n])
			return walk_end(directory, relative, flags);
		if (n > NAME_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(name, relative, n);
		name[n] = '\0';
		int next = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		close(directory);
		directory = next;
		if (next >= 0 && is_link(next)) {
			errno = ELOOP;
			return -1;
		}
		relative += n + 1;
	}
	return -1;
}

/* Old container sandboxes answer EPERM to a system call that they do not know. */
static bool lacks_openat2(void)
{
	return errno == ENOSYS || errno == EPERM;
}

int beneath_open(struct host *h, const char *path, int flags)
{
	char relative[PATH_MAX];
	int wrong = relative_path(path, relative);

	if (wrong) {
		errno = wrong;
		return -1;
	}
	int fd = open_plainly(host_root_fd(h), relative, flags, RESOLVE_PLAINLY);
	return fd < 0 && lacks_openat2() ? walk(host_root_fd(h), relative, flags) : fd;
}

int beneath_child(int directory, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY;
	struct stat above, below;
	int fd = open_plainly(directory, name, flags, RESOLVE_PLAINLY | RESOLVE_NO_XDEV);

	if (fd >= 0 || !lacks_openat2())
		return fd;
	fd = walk(directory, name, flags);
	if (fd < 0 || (fstat(directory, &above) == 0 && fstat(fd, &below) == 0 && above.st_dev == below.st_dev))
		return fd;
	close(fd);
	errno = EXDEV;
	return -1;
}

/* The first link on the way, or NULL. */
static char *link_on_the_way(struct host *h, const char *path)
{
	for (size_t n = 1; path[n - 1]; n++) {
		if (path[n] != '/' && path[n] != '\0')
			continue;
		CLEAN(free) char *prefix = text_copy_n(path, n);
		CLEAN(fd) int fd = beneath_open(h, prefix, O_PATH | O_NOFOLLOW);

		if (fd < 0)
			return NULL;
		if (is_link(fd))
			return TAKE(prefix);
	}
	return NULL;
}

struct error *beneath_error(struct host *h, int errno_value, const char *path, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	CLEAN(free) char *message = translated_v(format, arguments);
	va_end(arguments);
	if (errno_value != ELOOP)
		return fail_errno(errno_value, "%s", message);
	CLEAN(free) char *link = link_on_the_way(h, path);
	return fail(ERR_STOPPED,
		"%s: %s is a symbolic link, and mailsetup follows none; put what it points to in its place", message,
		link ? link : path);
}

struct error *place_open(struct host *h, const char *path, struct place *ret, bool *ret_exists)
{
	char relative[PATH_MAX];
	int wrong = relative_path(path, relative);

	if (wrong)
		return fail_errno(wrong, "cannot use the path %s", path);
	char *slash = strrchr(relative, '/');
	const char *name = slash ? slash + 1 : relative;
	if (strcmp(name, ".") == 0)
		return fail(ERR_STOPPED, "cannot change %s: it is the root directory", path);
	if (strlen(name) > NAME_MAX)
		return fail_errno(ENAMETOOLONG, "cannot use the path %s", path);
	*ret = (struct place){ .path = path, .directory = -1 };
	snprintf(ret->name, sizeof(ret->name), "%.*s", NAME_MAX, name);
	snprintf(ret->temporary, sizeof(ret->temporary), ".%.*s.mailsetup", NAME_MAX, name);

	CLEAN(free) char *parent = slash ? text("/%.*s", (int)(slash - relative), relative) : text_copy("/");
	ret->directory = beneath_open(h, parent, O_RDONLY | O_DIRECTORY);
	if (ret_exists)
		*ret_exists = ret->directory >= 0;
	if (ret->directory >= 0 || (ret_exists && errno == ENOENT))
		return NULL;
	return wrap(beneath_error(h, errno, parent, "cannot open the directory %s", parent), "%s", path);
}

void file_info_set(struct file_info *info, const struct stat *st)
{
	*info = (struct file_info){
		.exists = true,
		.mode = st->st_mode,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.size = st->st_size,
		.links = st->st_nlink,
		.inode = st->st_ino,
		.mtime = st->st_mtim,
	};
}

struct error *place_stat(const struct place *p, struct file_info *ret)
{
	struct stat st;

	*ret = (struct file_info){ 0 };
	if (fstatat(p->directory, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		file_info_set(ret, &st);
	else if (errno != ENOENT)
		return fail_errno(errno, "cannot look at %s", p->path);
	return NULL;
}

struct error *place_sync(const struct place *p)
{
	TRY(seam("fsync-directory", p->path));
	if (fsync(p->directory) < 0)
		return fail_errno(errno, "cannot make the change of %s durable", p->path);
	return NULL;
}

struct error *place_unlink(const struct place *p, const char *name, bool *ret_removed)
{
	struct stat st;

	*ret_removed = false;
	if (fstatat(p->directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return NULL;
	TRY(seam("unlink", p->path));
	if (unlinkat(p->directory, name, 0) < 0)
		return fail_errno(errno, "cannot remove %s", p->path);
	*ret_removed = true;
	return NULL;
}
