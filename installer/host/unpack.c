#include "host/unpack_child.h"
#include "base/memory.h"
#include "host/child.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#define PIPE_SIZE (1 << 20)

#define TOGETHER 16 /* bytes that a part has at least, where there are so many: what it is shows in them */

struct unpack {
	pid_t owner, child;
	int fd;
	uint64_t archive_size;
	uint64_t consumed, produced;
	bool in_data, ended;
	uint64_t left;	/* of the data, in frames to come */
	size_t in_frame; /* of the data, in this frame */
	size_t begin, end; /* what was read into buffer and not taken */
	char path[UNPACK_PATH_MAX + 1], link[UNPACK_PATH_MAX + 1];
	char buffer[UNPACK_BUFFER];
};

struct unpack *unpack_hear(int fd)
{
	struct unpack *u = allocate(sizeof(*u));

	u->owner = getpid();
	u->fd = fd;
	return u;
}

static void start_child(struct unpack *u, int archive, int out)
{
	sigset_t all, before;

	/* No handler of ours may run in the child. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	u->child = fork();
	if (u->child == 0)
		unpack_child(archive, out, u->archive_size, u->owner);
	int wrong = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = wrong;
}

struct error *unpack_start(int archive, uint64_t size, struct unpack **ret)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(errno, "cannot open a pipe to the reader of the archive");
	CLEAN(fd) int out = ends[1];
	fcntl(out, F_SETPIPE_SZ, PIPE_SIZE); /* may be more than a user may have */
	struct unpack *u = unpack_hear(ends[0]);
	u->archive_size = size;
	start_child(u, archive, out);
	if (u->child < 0) {
		struct error *e = fail_errno(errno, "cannot start the reader of the archive");

		unpack_free(u);
		return e;
	}
	*ret = u;
	return NULL;
}

void unpack_free(struct unpack *u)
{
	close(u->fd);
	if (u->child > 0 && getpid() == u->owner)
		child_end(u->child);
	free(u);
}

static struct error *broke(void)
{
	return fail(ERR_STOPPED, "the reader of the archive broke its protocol");
}

static struct error *read_more(struct unpack *u)
{
	ssize_t n = read(u->fd, u->buffer + u->end, sizeof(u->buffer) - u->end);

	if (n < 0 && errno == EINTR)
		return NULL;
	if (n < 0)
		return fail_errno(errno, "cannot hear the reader of the archive");
	if (n == 0)
		return fail(ERR_STOPPED,
			"the reader of the archive ended unexpectedly: it may take %u MB of memory and %llu s of processor time, "
			"or was killed",
			UNPACK_MEMORY >> 20, (unsigned long long)unpack_seconds(u->archive_size));
	u->end += (size_t)n;
	return NULL;
}

/* Until size bytes, at most UNPACK_BUFFER, are there in a row. */
static struct error *need(struct unpack *u, size_t size)
{
	if (u->begin == u->end)
		u->begin = u->end = 0;
	if (u->begin + size > sizeof(u->buffer)) {
		memmove(u->buffer, u->buffer + u->begin, u->end - u->begin);
		u->end -= u->begin;
		u->begin = 0;
	}
	while (u->end - u->begin < size)
		TRY(read_more(u));
	return NULL;
}

static struct error *take(struct unpack *u, void *ret, size_t size)
{
	TRY(need(u, size));
	memcpy(ret, u->buffer + u->begin, size);
	u->begin += size;
	return NULL;
}

static struct error *take_text(struct unpack *u, char *ret, size_t size)
{
	TRY(take(u, ret, size));
	ret[size] = '\0';
	return memchr(ret, '\0', size) ? broke() : NULL;
}

/* It goes to a terminal: what the locale cannot show, or shows as nothing, becomes '?'. */
static void only_printable(char *s)
{
	wchar_t c;

	for (size_t n; *s; s += n) {
		mbstate_t state = { 0 };

		n = mbrtowc(&c, s, strlen(s), &state);
		if (n > MB_LEN_MAX)
			n = 1;
		else if (wcwidth(c) > 0)
			continue;
		memset(s, '?', n);
	}
}

static struct error *take_error(struct unpack *u, size_t size)
{
	struct frame_error header;
	char message[UNPACK_ERROR_MAX + 1];

	if (size <= sizeof(header) || size > sizeof(header) + UNPACK_ERROR_MAX)
		return broke();
	TRY(take(u, &header, sizeof(header)));
	TRY(take_text(u, message, size - sizeof(header)));
	only_printable(message);
	return fail(header.code == ERR_PRECHECK ? ERR_PRECHECK : ERR_STOPPED, "%s", message);
}

static struct error *take_frame(struct unpack *u, enum frame_kind want, size_t *ret_size)
{
	struct frame f;

	TRY(take(u, &f, sizeof(f)));
	if (f.kind == FRAME_ERROR)
		return take_error(u, f.size);
	*ret_size = f.size;
	return f.kind == (uint32_t)want ? NULL : broke();
}

static bool is_sound(const struct frame_member *m, size_t size)
{
	if (size < sizeof(*m) || m->path_size > UNPACK_PATH_MAX || m->link_size > UNPACK_PATH_MAX ||
		size != sizeof(*m) + m->path_size + m->link_size)
		return false;
	if (m->type > MEMBER_OTHER || (m->path_size != 0) != (m->type != MEMBER_END))
		return false;
	return m->size <= (m->type == MEMBER_FILE ? UNPACK_SIZE_MAX : 0);
}

static struct error *skip_data(struct unpack *u)
{
	const void *data;
	size_t size;

	do
		TRY(unpack_data(u, &data, &size));
	while (size);
	return NULL;
}

struct error *unpack_next(struct unpack *u, struct member *ret)
{
	struct frame_member m;
	size_t size;

	*ret = (struct member){ .type = MEMBER_END, .path = "", .link = "" };
	TRY(skip_data(u));
	if (u->ended)
		return NULL;
	TRY(take_frame(u, FRAME_MEMBER, &size));
	TRY(take(u, &m, sizeof(m)));
	if (!is_sound(&m, size))
		return broke();
	TRY(take_text(u, u->path, m.path_size));
	TRY(take_text(u, u->link, m.link_size));
	u->consumed = m.consumed;
	u->produced = m.produced;
	u->ended = m.type == MEMBER_END;
	u->in_data = m.type == MEMBER_FILE;
	u->left = m.size;
	*ret = (struct member){
		.type = (enum member_type)m.type, .path = u->path, .link = u->link, .size = m.size, .mtime = m.mtime
	};
	return NULL;
}

struct error *unpack_data(struct unpack *u, const void **ret, size_t *ret_size)
{
	*ret = NULL;
	*ret_size = 0;
	if (u->in_data && !u->in_frame) {
		TRY(take_frame(u, FRAME_DATA, &u->in_frame));
		if (u->in_frame > u->left || (!u->in_frame && u->left))
			return broke();
		u->left -= u->in_frame;
		u->in_data = u->in_frame != 0;
	}
	if (!u->in_data)
		return NULL;
	TRY(need(u, u->in_frame < TOGETHER ? u->in_frame : TOGETHER));
	size_t there = u->end - u->begin;
	*ret = u->buffer + u->begin;
	*ret_size = there < u->in_frame ? there : u->in_frame;
	u->begin += *ret_size;
	u->in_frame -= *ret_size;
	return NULL;
}

uint64_t unpack_consumed(const struct unpack *u)
{
	return u->consumed;
}

uint64_t unpack_produced(const struct unpack *u)
{
	return u->produced;
}
