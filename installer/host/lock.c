#include "host/lock.h"

#include "host/file.h"
#include <fcntl.h>
#include <unistd.h>

#define LOCK_PATH "/run/mailsetup.lock"

static struct error *busy(int fd)
{
	char pid[16] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? n : 0] = '\0';
	pid[strspn(pid, "0123456789")] = '\0';
	/* Its holder has not written its pid yet. */
	if (!*pid)
		snprintf(pid, sizeof(pid), "unknown");
	return fail(ERR_BUSY,
		"another mailsetup (pid %s) is at work; wait for it, or see what it does with "
		"`mailsetup status`",
		pid);
}

static struct error *write_pid(int fd)
{
	CLEAN(free) char *pid = text("%d\n", (int)getpid());

	if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, strlen(pid), 0) < 0)
		return fail_errno(errno, "cannot write %s", LOCK_PATH);
	return NULL;
}

struct error *lock_take(struct host *h, int *ret_fd)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	CLEAN(fd) int fd = -1;

	TRY(file_open(h, LOCK_PATH, O_RDWR | O_CREAT, &fd));
	if (fcntl(fd, F_OFD_SETLK, &whole) < 0) {
		if (errno == EACCES || errno == EAGAIN)
			return busy(fd);
		return fail_errno(errno, "cannot lock %s", LOCK_PATH);
	}
	TRY(write_pid(fd));
	*ret_fd = fd;
	fd = -1;
	return NULL;
}
