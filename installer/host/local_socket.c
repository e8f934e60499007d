#include "host/local_socket.h"

#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static struct error *become(const char *name)
{
	const struct passwd *user = getpwnam(name);

	if (!user)
		return fail(ERR_STOPPED, "there is no user %s", name);
	if (initgroups(name, user->pw_gid) < 0 || setegid(user->pw_gid) < 0 || seteuid(user->pw_uid) < 0)
		return fail_errno(errno, "cannot become %s", name);
	return NULL;
}

static void become_root_again(void)
{
	if (seteuid(0) < 0 || setegid(0) < 0 || setgroups(0, NULL) < 0)
		abort();
}

static struct error *connect_as(const char *path, const char *user, int *ret)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = 5 };

	if (strlen(path) >= sizeof(address.sun_path))
		return fail(ERR_STOPPED, "the path %s is too long for a socket", path);
	memcpy(address.sun_path, path, strlen(path));
	CLEAN(fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail_errno(errno, "cannot make a socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));

	struct error *e = become(user);
	if (!e && connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		e = fail_errno(errno, "user %s cannot connect to %s", user, path);
	become_root_again();
	TRY(e);
	*ret = fd;
	fd = -1;
	return NULL;
}

struct error *local_socket_ask(
	const char *path, const char *user, const struct bytes *request, size_t size, struct bytes *ret_reply)
{
	CLEAN(fd) int fd = -1;
	char buffer[4096];

	TRY(connect_as(path, user, &fd));
	if (send(fd, request->data, request->size, MSG_NOSIGNAL) != (ssize_t)request->size)
		return fail_errno(errno, "cannot write to %s", path);
	while (ret_reply->size < size) {
		ssize_t n = recv(fd, buffer, sizeof(buffer), 0);

		if (n == 0)
			return fail(ERR_STOPPED, "%s hangs up without an answer", path);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return fail(ERR_BUSY, "no answer on %s within 5 s", path);
		if (n < 0)
			return fail_errno(errno, "cannot read from %s", path);
		bytes_add(ret_reply, buffer, (size_t)n);
	}
	return NULL;
}
