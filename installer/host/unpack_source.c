#include "host/unpack_source.h"

#include <archive.h>
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <zlib.h>

#define INPUT  (128U << 10)
#define OUTPUT (256U << 10)
#define GZIP   (15 + 16) /* inflateInit2(): the largest window, a gzip header */

struct source {
	int fd;
	unsigned char *input, *output;
	size_t have; /* bytes of input that were read */
	bool end;    /* of the file */
	bool gzip;
	bool inside; /* a member of gzip is open */
	bool ended;  /* behind the last member of gzip */
	z_stream z;
	uint64_t consumed;
	const char *fault;
};

void source_prepare(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	signal(SIGINT, SIG_IGN); /* the parent's to answer */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	/* Names come through as UTF-8. */
	setlocale(LC_CTYPE, "C.UTF-8");
}

struct source *source_new(int fd)
{
	struct source *s = allocate(sizeof(*s));

	*s = (struct source){ .fd = fd, .input = allocate(INPUT), .output = allocate(OUTPUT) };
	return s;
}

uint64_t source_consumed(const struct source *s)
{
	return s->consumed - (s->gzip ? s->z.avail_in : 0);
}

const char *source_fault(const struct source *s)
{
	return s->fault;
}

static bool read_input(struct source *s)
{
	for (;;) {
		ssize_t n = read(s->fd, s->input, INPUT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			s->fault = strerror(errno);
			return false;
		}
		s->have = (size_t)n;
		s->consumed += (size_t)n;
		s->end = n == 0;
		return true;
	}
}

bool source_begin(struct source *s)
{
	if (!read_input(s))
		return false;
	if (s->end) {
		s->fault = "it is empty";
		return false;
	}
	s->gzip = s->have > 2 && s->input[0] == 0x1f && s->input[1] == 0x8b;
	s->z.next_in = s->input;
	s->z.avail_in = (unsigned)s->have;
	if (!s->gzip)
		return true;
	s->inside = inflateInit2(&s->z, GZIP) == Z_OK;
	s->fault = s->inside ? NULL : "no memory";
	return s->inside;
}

static bool refill(struct source *s)
{
	if (s->z.avail_in)
		return true;
	if (!read_input(s))
		return false;
	s->z.next_in = s->input;
	s->z.avail_in = (unsigned)s->have;
	return true;
}

static bool zeros_only(struct source *s)
{
	for (;;) {
		for (; s->z.avail_in; s->z.avail_in--)
			if (*s->z.next_in++) {
				s->fault = "something else follows the end of the compressed data";
				return false;
			}
		if (!refill(s))
			return false;
		if (s->end)
			return true;
	}
}

/* At the end of a member of gzip: another one, padding, or the end. */
static bool next_member(struct source *s)
{
	if (!refill(s))
		return false;
	if (s->end || *s->z.next_in != 0x1f) {
		s->inside = false;
		s->ended = true;
		return zeros_only(s);
	}
	return inflateReset2(&s->z, GZIP) == Z_OK;
}

static ssize_t inflate_more(struct source *s)
{
	s->z.next_out = s->output;
	s->z.avail_out = OUTPUT;
	while (s->inside && s->z.avail_out) {
		if (!refill(s))
			return -1;
		if (s->end) {
			s->fault = "the compressed data end too early: it was cut short";
			return -1;
		}
		int result = inflate(&s->z, Z_NO_FLUSH);
		if (result == Z_STREAM_END && !next_member(s))
			return -1;
		if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
			s->fault = s->z.msg ? s->z.msg : "the compressed data are wrong";
			return -1;
		}
	}
	return (ssize_t)(OUTPUT - s->z.avail_out);
}

ssize_t source_read(struct archive *a, void *context, const void **ret)
{
	struct source *s = context;

	if (s->gzip) {
		ssize_t n = s->ended ? 0 : inflate_more(s);

		*ret = s->output;
		if (n < 0)
			archive_set_error(a, EIO, "%s", s->fault);
		return n;
	}
	/* What source_begin() has read comes first. */
	if (!s->z.avail_in && !s->end && !refill(s)) {
		archive_set_error(a, EIO, "%s", s->fault);
		return -1;
	}
	*ret = s->z.next_in;
	ssize_t n = (ssize_t)s->z.avail_in;
	s->z.avail_in = 0;
	return n;
}

bool source_drain(struct source *s)
{
	if (s->gzip)
		while (!s->ended) {
			ssize_t n = inflate_more(s);

			if (n < 0)
				return false;
			for (ssize_t i = 0; i < n; i++)
				if (s->output[i]) {
					s->fault = "something else follows the end of the archive";
					return false;
				}
		}
	return s->gzip || s->end || zeros_only(s);
}
