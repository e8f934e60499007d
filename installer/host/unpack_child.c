#include "base/bytes.h"
#include "host/unpack.h"
#include "host/unpack_frames.h"
#include "host/unpack_source.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK	     512
#define SIZE_MAX_TAR (1LL << 53)

struct reader {
	struct archive *a;
	struct source *source;
	int out;
	char *buffer;
	size_t used;
};

/* --- what is sent --- */

static void flush(struct reader *r)
{
	for (size_t at = 0; at < r->used;) {
		ssize_t n = write(r->out, r->buffer + at, r->used - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(1); /* nobody takes it any more */
		at += (size_t)n;
	}
	r->used = 0;
}

static void send(struct reader *r, const void *data, size_t size)
{
	for (const char *p = data; size;) {
		size_t n = FRAME_BUFFER - r->used < size ? FRAME_BUFFER - r->used : size;

		memcpy(r->buffer + r->used, p, n);
		r->used += n;
		p += n;
		size -= n;
		if (r->used == FRAME_BUFFER)
			flush(r);
	}
}

static uint64_t produced(const struct reader *r)
{
	return (uint64_t)archive_filter_bytes(r->a, 0);
}

static void send_head(struct reader *r, enum member_type type, const char *path, const char *link, uint64_t size, int64_t mtime)
{
	size_t n = strlen(path), l = strlen(link);
	struct frame f = {
		.type = type,
		.path = (uint32_t)(n < UNPACK_PATH_MAX ? n : UNPACK_PATH_MAX),
		.link = (uint32_t)(l < UNPACK_PATH_MAX ? l : UNPACK_PATH_MAX),
		.size = size,
		.mtime = mtime,
		.consumed = source_consumed(r->source),
		.produced = produced(r),
	};

	send(r, &f, sizeof(f));
	send(r, path, f.path);
	send(r, link, f.link);
}

/* in_data: chunks of a member are due, so this comes in place of one. */
static _Noreturn __attribute__((format(printf, 3, 4))) void give_up(struct reader *r, bool in_data, const char *format, ...)
{
	struct frame f = { .type = FRAME_ERROR, .consumed = source_consumed(r->source) };
	char message[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	uint32_t size = (uint32_t)strlen(message), mark = FRAME_ERROR;
	if (in_data)
		send(r, &mark, sizeof(mark));
	else
		send(r, &f, sizeof(f));
	send(r, &size, sizeof(size));
	send(r, message, size);
	flush(r);
	_exit(0);
}

static _Noreturn void give_up_damaged(struct reader *r, bool in_data)
{
	const char *own = source_fault(r->source), *theirs = archive_error_string(r->a);
	uint64_t at = source_consumed(r->source);

	if (own)
		give_up(r, in_data, "the archive is damaged near byte %llu: %s", (unsigned long long)at, own);
	if (theirs && strstr(theirs, "Unrecognized archive format"))
		give_up(r, in_data, "it is not a tar archive (plain, or compressed with gzip, bzip2, xz or zstd)");
	if (theirs && (strstr(theirs, "runcated") || strstr(theirs, "premature")))
		give_up(r, in_data, "the archive ends too early, at byte %llu: it was cut short (%s)", (unsigned long long)at, theirs);
	give_up(r, in_data, "the archive is damaged near byte %llu: %s", (unsigned long long)at, theirs ? theirs : "it cannot be read");
}

/* --- members --- */

static void send_data(struct reader *r, int64_t size)
{
	int64_t at = 0, offset;
	const char *block;
	size_t n;
	uint32_t chunk;

	for (;;) {
		const void *data;
		int result = archive_read_data_block(r->a, &data, &n, &offset);

		if (result == ARCHIVE_EOF)
			break;
		if (result != ARCHIVE_OK)
			give_up_damaged(r, true);
		if (offset != at || (int64_t)n > size - at)
			give_up(r, true, "the archive is damaged: a member does not hold as much as it says");
		at += (int64_t)n;
		for (block = data; n; block += chunk, n -= chunk) {
			chunk = n < FRAME_CHUNK ? (uint32_t)n : FRAME_CHUNK;
			send(r, &chunk, sizeof(chunk));
			send(r, block, chunk);
		}
	}
	if (at != size)
		give_up(r, true, "the archive is damaged: a member does not hold as much as it says");
	chunk = 0;
	send(r, &chunk, sizeof(chunk));
}

static enum member_type type_of(struct archive_entry *e)
{
	if (archive_entry_hardlink(e))
		return MEMBER_HARDLINK;
	switch (archive_entry_filetype(e)) {
	case AE_IFREG:
		return archive_entry_sparse_count(e) > 0 ? MEMBER_SPARSE : MEMBER_FILE;
	case AE_IFDIR:
		return MEMBER_DIRECTORY;
	case AE_IFLNK:
		return MEMBER_SYMLINK;
	default:
		return MEMBER_OTHER;
	}
}

static const char *link_of(struct archive_entry *e, enum member_type type)
{
	const char *link = type == MEMBER_HARDLINK ? archive_entry_hardlink(e) :
			   type == MEMBER_SYMLINK  ? archive_entry_symlink(e) :
						     NULL;

	return link ? link : "";
}

static void send_member(struct reader *r, struct archive_entry *e)
{
	const char *path = archive_entry_pathname(e);
	enum member_type type = type_of(e);
	int64_t size = archive_entry_size(e);

	if (size < 0 || size > SIZE_MAX_TAR)
		give_up(r, false, "the archive is damaged near byte %llu: a member says it has %lld bytes",
			(unsigned long long)source_consumed(r->source), (long long)size);
	/* A name that cannot be converted is one that fits no grammar. */
	send_head(r, type, path && *path ? path : "\001", link_of(e, type), (uint64_t)size, archive_entry_mtime(e));
	if (type == MEMBER_FILE)
		send_data(r, size);
}

static void read_all(struct reader *r)
{
	struct archive_entry *e;
	uint64_t before;
	unsigned members = 0;
	int result;

	for (;;) {
		before = produced(r);
		result = archive_read_next_header(r->a, &e);
		if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
			break;
		members++;
		send_member(r, e);
	}
	if (result != ARCHIVE_EOF)
		give_up_damaged(r, false);
	/* libarchive takes the end of the file for the end of the archive. Behind the last member are at most 511 bytes of padding, then the
	 * mark: two blocks of zeros, of which some writers leave out the second. */
	if (members && produced(r) - before < BLOCK)
		give_up(r, false, "the archive has no end mark: it was cut short at byte %llu", (unsigned long long)source_consumed(r->source));
	if (!source_drain(r->source))
		give_up_damaged(r, false);
	send_head(r, MEMBER_END, "", "", 0, 0);
	flush(r);
}

_Noreturn void unpack_child(int archive, uint64_t size, int out)
{
	struct reader r = { .out = out, .buffer = allocate(FRAME_BUFFER), .a = archive_read_new() };

	source_prepare();
	if (!r.a)
		_exit(1);
	r.source = source_new(archive);
	/* Named one by one: what is not here is not read, and no program is called. */
	bool ready = archive_read_support_format_tar(r.a) == ARCHIVE_OK &&
		     archive_read_set_format_option(r.a, "tar", "read_concatenated_archives", "1") == ARCHIVE_OK &&
		     archive_read_support_filter_bzip2(r.a) == ARCHIVE_OK && archive_read_support_filter_xz(r.a) == ARCHIVE_OK &&
		     archive_read_support_filter_zstd(r.a) == ARCHIVE_OK;
	if (!ready || !unpack_sandbox(archive, out, size))
		give_up(&r, false, "the reader of the archive cannot be shut in, so nothing is read");
	if (!source_begin(r.source))
		give_up_damaged(&r, false);
	if (archive_read_open(r.a, r.source, NULL, source_read, NULL) != ARCHIVE_OK)
		give_up_damaged(&r, false);
	read_all(&r);
	_exit(0);
}
