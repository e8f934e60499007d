#include "host/unpack.h"
#include "base/bytes.h"
#include "host/unpack_frames.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIPE_SIZE (1 << 20)

struct unpack {
	pid_t owner, child;
	int fd;
	char *buffer;
	size_t from, to; /* what of it is not taken yet */
	char path[UNPACK_PATH_MAX + 1], link[UNPACK_PATH_MAX + 1];
	bool in_data; /* chunks of the member are still to come */
	uint64_t left;
	size_t chunk; /* bytes of the chunk that are still to come */
	uint64_t consumed, produced;
};

struct error *unpack_start(int archive, uint64_t size, struct unpack **ret)
{
	int ends[2];
	pid_t parent = getpid();

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(errno, "cannot open a pipe");
	fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE); /* smaller is slower, and no error */
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		close(ends[0]);
		unpack_child(archive, size, ends[1]);
	}
	int wrong = errno;
	close(ends[1]);
	if (child < 0) {
		close(ends[0]);
		return fail_errno(wrong, "cannot start the reader of the archive");
	}
	struct unpack *u = allocate(sizeof(*u));
	*u = (struct unpack){ .owner = parent, .child = child, .fd = ends[0], .buffer = allocate(FRAME_BUFFER) };
	*ret = u;
	return NULL;
}

void unpack_free(struct unpack *u)
{
	close(u->fd);
	if (getpid() == u->owner) {
		kill(u->child, SIGKILL);
		while (waitpid(u->child, NULL, 0) < 0 && errno == EINTR)
			;
	}
	free(u->buffer);
	free(u);
}

uint64_t unpack_consumed(const struct unpack *u)
{
	return u->consumed;
}

uint64_t unpack_produced(const struct unpack *u)
{
	return u->produced;
}

/* At least one byte more. */
static struct error *fill(struct unpack *u)
{
	if (u->from == u->to)
		u->from = u->to = 0;
	for (;;) {
		ssize_t n = read(u->fd, u->buffer + u->to, FRAME_BUFFER - u->to);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(errno, "cannot hear the reader of the archive");
		if (n == 0)
			return fail(ERR_PRECHECK, "the archive could not be read to its end: the reader was stopped, by its limits of memory or "
						  "time or by what is wrong in the archive");
		u->to += (size_t)n;
		return NULL;
	}
}

static struct error *take(struct unpack *u, void *ret, size_t size)
{
	for (char *p = ret; size;) {
		if (u->from == u->to)
			TRY(fill(u));
		size_t n = u->to - u->from < size ? u->to - u->from : size;
		memcpy(p, u->buffer + u->from, n);
		u->from += n;
		p += n;
		size -= n;
	}
	return NULL;
}

static struct error *broken(void)
{
	return fail(ERR_STOPPED, "the reader of the archive does not keep to its protocol");
}

static struct error *told_error(struct unpack *u)
{
	CLEAN(free) char *message = NULL;
	uint32_t size;

	TRY(take(u, &size, sizeof(size)));
	if (size > FRAME_CHUNK)
		return broken();
	message = allocate(size + 1);
	TRY(take(u, message, size));
	return fail(ERR_PRECHECK, "%s", message);
}

static struct error *take_text(struct unpack *u, char *ret, uint32_t size)
{
	if (size > UNPACK_PATH_MAX)
		return broken();
	TRY(take(u, ret, size));
	ret[size] = '\0';
	return strlen(ret) == size ? NULL : broken();
}

struct error *unpack_next(struct unpack *u, struct member *ret)
{
	struct frame f;
	const void *data;
	size_t size;

	while (u->in_data)
		TRY(unpack_data(u, &data, &size));
	TRY(take(u, &f, sizeof(f)));
	u->consumed = f.consumed;
	u->produced = f.produced;
	if (f.type == FRAME_ERROR)
		return told_error(u);
	if (f.type > MEMBER_OTHER)
		return broken();
	TRY(take_text(u, u->path, f.path));
	TRY(take_text(u, u->link, f.link));
	*ret = (struct member){
		.type = (enum member_type)f.type,
		.path = u->path,
		.link = u->link,
		.size = f.size,
		.mtime = f.mtime,
	};
	u->in_data = ret->type == MEMBER_FILE;
	u->left = f.size;
	return NULL;
}

static struct error *next_chunk(struct unpack *u)
{
	uint32_t size;

	TRY(take(u, &size, sizeof(size)));
	if (size == FRAME_ERROR)
		return told_error(u);
	if (size > FRAME_CHUNK || size > u->left || (!size && u->left))
		return broken();
	u->chunk = size;
	u->left -= size;
	u->in_data = size > 0;
	return NULL;
}

struct error *unpack_data(struct unpack *u, const void **ret, size_t *ret_size)
{
	*ret = NULL;
	*ret_size = 0;
	if (!u->in_data)
		return NULL;
	if (!u->chunk)
		TRY(next_chunk(u));
	if (!u->in_data)
		return NULL;
	if (u->from == u->to)
		TRY(fill(u));
	size_t n = u->to - u->from < u->chunk ? u->to - u->from : u->chunk;
	*ret = u->buffer + u->from;
	*ret_size = n;
	u->from += n;
	u->chunk -= n;
	return NULL;
}
