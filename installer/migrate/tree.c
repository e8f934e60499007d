#include "migrate/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

DEFINE_CLEANUP(DIR *, closedir)

/* Component after component: our paths have no ".." in them, and so no link can lead out. */
int tree_open(int at, const char *path, int flags, mode_t mode)
{
	CLEAN(fd) int directory = -1;
	char part[NAME_MAX + 1];

	for (;;) {
		size_t n = strcspn(path, "/"), slashes = strspn(path + n, "/");

		if (n > NAME_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(part, n ? path : ".", n ? n : 1);
		part[n ? n : 1] = '\0';
		path += n + slashes;
		bool last = !*path;
		int fd = openat(directory < 0 ? at : directory, part,
			last ? flags | O_NOFOLLOW | O_CLOEXEC : O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, mode);
		if (last || fd < 0)
			return fd;
		fd_cleanup(&directory);
		directory = fd;
	}
}

struct error *tree_make(int at, const char *path, int *ret_fd)
{
	CLEAN(list) struct list parts = { 0 };
	CLEAN(fd) int here = tree_open(at, ".", O_RDONLY | O_DIRECTORY, 0);

	list_split(&parts, path, "/");
	if (here < 0)
		return fail_errno(errno, "cannot open the directory above %s", path);
	for (size_t i = 0; i < parts.n; i++) {
		if (mkdirat(here, parts.v[i], 0700) < 0 && errno != EEXIST)
			return fail_errno(errno, "cannot make the directory %s", path);
		int next = tree_open(here, parts.v[i], O_RDONLY | O_DIRECTORY, 0);
		if (next < 0)
			return fail_errno(errno, "cannot open the directory %s", path);
		close(here);
		here = next;
	}
	*ret_fd = here;
	here = -1;
	return NULL;
}

struct error *write_all(int fd, const void *data, size_t size, const char *what)
{
	const char *p = data;

	while (size) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail_errno(n < 0 ? errno : EIO, "cannot write %s", what);
		p += n;
		size -= (size_t)n;
	}
	return NULL;
}

struct error *tree_read(int at, const char *path, size_t limit, struct bytes *ret, bool *ret_exists)
{
	CLEAN(fd) int fd = tree_open(at, path, O_RDONLY | O_NONBLOCK, 0);
	struct stat st;
	char buffer[65536];
	ssize_t n;

	*ret_exists = fd >= 0;
	if (fd < 0)
		return errno == ENOENT ? NULL : fail_errno(errno, "cannot read %s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return fail(ERR_STOPPED, "%s is no regular file", path);
	while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
		if (ret->size + (size_t)n > limit)
			return fail(ERR_STOPPED, "%s is larger than %zu bytes", path, limit);
		bytes_add(ret, buffer, (size_t)n);
	}
	return n < 0 ? fail_errno(errno, "cannot read %s", path) : NULL;
}

struct error *tree_write(int at, const char *path, const void *data, size_t size)
{
	CLEAN(free) char *temporary = text("%s.mailsetup", path);
	TRY(tree_remove(at, temporary));
	CLEAN(fd) int fd = tree_open(at, temporary, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd < 0)
		return fail_errno(errno, "cannot make %s", temporary);
	TRY(write_all(fd, data, size, path));
	if (fsync(fd) < 0 || renameat(at, temporary, at, path) < 0)
		return fail_errno(errno, "cannot write %s", path);
	return NULL;
}

struct error *tree_each(int directory, struct error *(*see)(void *context, const char *name, ino_t inode), void *context)
{
	int own = tree_open(directory, ".", O_RDONLY | O_DIRECTORY, 0);
	if (own < 0)
		return fail_errno(errno, "cannot read a directory of mail");
	CLEAN(closedir) DIR *stream = fdopendir(own);
	struct dirent *entry;

	if (!stream) {
		close(own);
		return fail_errno(ENOMEM, "cannot read a directory of mail");
	}
	while (errno = 0, entry = readdir(stream))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			TRY(see(context, entry->d_name, entry->d_ino));
	return errno ? fail_errno(errno, "cannot read a directory of mail") : NULL;
}

static struct error *not_empty(void *context, const char *name, ino_t inode)
{
	(void)name;
	(void)inode;
	*(bool *)context = false;
	return NULL;
}

bool tree_is_empty(int at, const char *path)
{
	CLEAN(fd) int fd = tree_open(at, path, O_RDONLY | O_DIRECTORY, 0);
	bool empty = true;

	if (fd < 0)
		return errno == ENOENT;
	struct error *e = tree_each(fd, not_empty, &empty);
	error_free(e);
	return empty && !e;
}

static struct error *remove_below(void *context, const char *name, ino_t inode)
{
	(void)inode;
	return tree_remove(*(int *)context, name);
}

struct error *tree_remove(int at, const char *name)
{
	if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
		return NULL;
	if (errno != EISDIR && errno != EPERM)
		return fail_errno(errno, "cannot remove %s", name);
	CLEAN(fd) int fd = tree_open(at, name, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return fail_errno(errno, "cannot remove %s", name);
	/* What is removed while the directory is read may be passed over: until there is nothing left. */
	for (unsigned i = 0; i < 1000; i++) {
		TRY(tree_each(fd, remove_below, &fd));
		if (unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return NULL;
		if (errno != ENOTEMPTY && errno != EEXIST)
			break;
	}
	return fail_errno(errno, "cannot remove %s", name);
}
