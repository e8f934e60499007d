#include "host/process_stream.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define BLOCK_SIZE 4096 /* smaller than any limit */

void stream_close(struct stream *s)
{
	fd_cleanup(&s->ours);
	fd_cleanup(&s->theirs);
	bytes_free(&s->data);
}

struct error *input_open(const struct bytes *input, int *ret)
{
	if (!input) {
		*ret = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return *ret < 0 ? fail_errno(errno, "cannot open /dev/null") : NULL;
	}
	*ret = memfd_create("input", MFD_CLOEXEC);
	if (*ret < 0)
		return fail_errno(errno, "cannot hand over the input");
	for (size_t at = 0; at < input->size;) {
		ssize_t n = write(*ret, input->data + at, input->size - at);

		if (n < 0 && errno != EINTR)
			return fail_errno(errno, "cannot hand over the input");
		at += n > 0 ? (size_t)n : 0;
	}
	if (lseek(*ret, 0, SEEK_SET) < 0)
		return fail_errno(errno, "cannot hand over the input");
	return NULL;
}

struct error *stream_open(struct stream *s, bool in_memory)
{
	int ends[2];

	s->in_memory = in_memory;
	if (in_memory) {
		s->theirs = memfd_create("output", MFD_CLOEXEC);
		if (s->theirs < 0 || fcntl(s->theirs, F_SETFL, O_APPEND) < 0)
			return fail_errno(errno, "cannot make room for the output");
		return NULL;
	}
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(errno, "cannot make a pipe");
	s->ours = ends[0];
	s->theirs = ends[1];
	if (fcntl(s->ours, F_SETFL, O_NONBLOCK) < 0)
		return fail_errno(errno, "cannot make a pipe");
	return NULL;
}

static void stream_add(struct stream *s, const char *data, size_t size)
{
	if (s->data.size + size > s->limit) {
		size_t excess = s->data.size + size - s->limit;

		s->overflow = true;
		if (!s->keep_end)
			return;
		/* size is at most one block, which is smaller than any limit. */
		memmove(s->data.data, s->data.data + excess, s->data.size - excess);
		s->data.size -= excess;
	}
	bytes_add(&s->data, data, size);
}

bool stream_read(struct stream *s)
{
	char block[BLOCK_SIZE];
	ssize_t n = read(s->ours, block, sizeof(block));

	if (n > 0)
		stream_add(s, block, (size_t)n);
	if (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)))
		return n > 0;
	close(s->ours);
	s->ours = -1;
	return false;
}

void stream_collect(struct stream *s)
{
	if (!s->in_memory || lseek(s->theirs, 0, SEEK_SET) < 0)
		return;
	s->ours = s->theirs;
	s->theirs = -1;
	while (s->ours >= 0 && stream_read(s))
		;
}

void stream_lines(struct stream *s, bool at_end, void (*take)(void *context, const char *line), void *context)
{
	struct bytes *data = &s->data;
	char *line = data->data, *newline;

	while (data->size && (newline = memchr(line, '\n', data->size))) {
		*newline = '\0';
		take(context, line);
		data->size -= (size_t)(newline + 1 - line);
		line = newline + 1;
	}
	if (at_end && data->size) {
		take(context, line);
		data->size = 0;
	}
	if (data->size)
		memmove(data->data, line, data->size);
	if (data->data)
		data->data[data->size] = '\0';
}
