#include "host/unpack_child.h"
#include "base/i18n.h"
#include "base/memory.h"

#include <archive.h>
#include <archive_entry.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define BLOCK	  (128U << 10) /* what is read and inflated at once */
#define RECORD	  512U
#define NO_FORMAT EILSEQ /* the ARCHIVE_ERRNO_FILE_FORMAT of libarchive, which is in no public header */
#define GZIP	  (15 + 16) /* windowBits: a header and a trailer of gzip, which zlib verifies */
#define ID1	  0x1f /* what a member of gzip begins with */

struct reader {
	struct archive *a;
	struct error *error;   /* of reading, which libarchive only passes through */
	bool gzip, in_gzip;    /* the latter: inside one of its members */
	bool at_end;	       /* the archive was read to its last byte */
	size_t first;	       /* bytes in raw that were read to look at them */
	uint64_t read;	       /* bytes of the archive */
	uint64_t given;	       /* bytes given to libarchive: of the archive, or of what was inflated */
	uint64_t given_data;   /* where the last of them that is not zero ends */
	uint64_t member_end;   /* where the last member ends in the tar, padding included */
	z_stream z;
	size_t pending; /* bytes in frames */
	unsigned char raw[BLOCK], inflated[BLOCK];
	char frames[UNPACK_BUFFER];
};

static void flush_frames(struct reader *r)
{
	for (size_t done = 0; done < r->pending;) {
		ssize_t n = write(UNPACK_OUT, r->frames + done, r->pending - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(1); /* nobody waits any more */
		done += (size_t)n;
	}
	r->pending = 0;
}

static void put(struct reader *r, const void *data, size_t size)
{
	const char *p = data;

	while (size) {
		size_t part = sizeof(r->frames) - r->pending;

		if (part > size)
			part = size;
		memcpy(r->frames + r->pending, p, part);
		p += part;
		size -= part;
		if ((r->pending += part) == sizeof(r->frames))
			flush_frames(r);
	}
}

static void put_frame(struct reader *r, enum frame_kind kind, size_t size)
{
	put(r, &(struct frame){ .kind = kind, .size = (uint32_t)size }, sizeof(struct frame));
}

static void put_member(struct reader *r, struct frame_member *m, const char *path, const char *link)
{
	m->path_size = (uint32_t)strnlen(path, UNPACK_PATH_MAX);
	m->link_size = (uint32_t)strnlen(link, UNPACK_PATH_MAX);
	put_frame(r, FRAME_MEMBER, sizeof(*m) + m->path_size + m->link_size);
	put(r, m, sizeof(*m));
	put(r, path, m->path_size);
	put(r, link, m->link_size);
}

static void put_error(struct reader *r, struct error *e)
{
	struct frame_error header = { .code = error_code(e) };
	size_t size = strnlen(error_message(e), UNPACK_ERROR_MAX);

	put_frame(r, FRAME_ERROR, sizeof(header) + size);
	put(r, &header, sizeof(header));
	put(r, error_message(e), size);
}

static size_t end_of_data(const unsigned char *p, size_t size)
{
	while (size && !p[size - 1])
		size--;
	return size;
}

/* Reads behind the first have bytes of raw; 0 at the end, or with an error. */
static size_t fill(struct reader *r, size_t have)
{
	ssize_t n;

	while ((n = read(UNPACK_ARCHIVE, r->raw + have, sizeof(r->raw) - have)) < 0 && (errno == EINTR || errno == EAGAIN))
		if (errno == EAGAIN)
			poll(&(struct pollfd){ .fd = UNPACK_ARCHIVE, .events = POLLIN }, 1, -1);
	if (n < 0) {
		r->error = fail_errno(errno, "cannot read the archive at byte %llu", (unsigned long long)r->read);
		return 0;
	}
	r->at_end = n == 0;
	r->read += (size_t)n;
	return (size_t)n;
}

static void refill(struct reader *r)
{
	r->z.next_in = r->raw;
	r->z.avail_in = (unsigned)fill(r, 0);
}

static struct error *follows(uint64_t at, bool inside)
{
	return fail(ERR_PRECHECK, inside ? N_("something else follows the end of the archive at byte %llu of the tar inside it") :
					   N_("something else follows the end of the archive at byte %llu"), (unsigned long long)at);
}

/* Behind the last member of a gzip zeros may follow, of a tape. */
static void skip_padding(struct reader *r)
{
	uint64_t began = r->read - r->z.avail_in;

	while (!end_of_data(r->z.next_in, r->z.avail_in)) {
		refill(r);
		if (!r->z.avail_in)
			return;
	}
	r->error = follows(began, false);
}

/* One call of inflate(). Whether there may be more. */
static bool inflate_some(struct reader *r)
{
	if (!r->z.avail_in && !r->at_end)
		refill(r);
	if (r->error)
		return false;
	if (!r->z.avail_in) {
		if (r->in_gzip)
			r->error = fail(ERR_PRECHECK, "the archive is cut short: it ends at byte %llu, in the middle of its gzip",
				(unsigned long long)r->read);
		return false;
	}
	if (!r->in_gzip && *r->z.next_in != ID1) {
		skip_padding(r);
		return false;
	}
	if (!r->in_gzip)
		inflateReset(&r->z);
	r->in_gzip = true;
	int status = inflate(&r->z, Z_NO_FLUSH);
	if (status == Z_STREAM_END)
		r->in_gzip = false;
	else if (status != Z_OK && status != Z_BUF_ERROR)
		r->error = fail(ERR_PRECHECK, "the archive is damaged at byte %llu: %s", (unsigned long long)(r->read - r->z.avail_in),
			r->z.msg ? r->z.msg : zError(status));
	return !r->error;
}

static size_t inflate_block(struct reader *r)
{
	r->z.next_out = r->inflated;
	r->z.avail_out = sizeof(r->inflated);
	while (!r->error && r->z.avail_out && inflate_some(r))
		;
	return sizeof(r->inflated) - r->z.avail_out;
}

/* What libarchive calls. An error comes after the bytes before it. */
static la_ssize_t next_block(struct archive *a, void *context, const void **ret)
{
	struct reader *r = context;
	const unsigned char *block = r->gzip ? r->inflated : r->raw;
	size_t size = r->error ? 0 : r->gzip ? inflate_block(r) : r->first ? r->first : fill(r, 0);

	r->first = 0;
	if (!size && r->error) {
		archive_set_error(a, EIO, "%s", error_message(r->error));
		return ARCHIVE_FATAL;
	}
	size_t data = end_of_data(block, size);
	if (data)
		r->given_data = r->given + data;
	r->given += size;
	*ret = block;
	return (la_ssize_t)size;
}

static struct error *look_at_start(struct reader *r)
{
	size_t n;

	while (r->first < 2 && (n = fill(r, r->first)))
		r->first += n;
	if (r->error)
		return TAKE(r->error);
	if (!r->first)
		return fail(ERR_PRECHECK, "the archive is empty");
	r->gzip = r->first >= 2 && r->raw[0] == ID1 && r->raw[1] == 0x8b;
	if (!r->gzip)
		return NULL;
	r->z.next_in = r->raw;
	r->z.avail_in = (unsigned)r->first;
	return inflateInit2(&r->z, GZIP) == Z_OK ? NULL : fail(ERR_STOPPED, "cannot start zlib");
}

/* The tar is not the file itself: bytes are counted in it. */
static bool is_inside(const struct reader *r)
{
	return r->gzip || archive_filter_count(r->a) > 1;
}

static struct error *damaged_at(const struct reader *r, int64_t at, const char *why)
{
	return fail(ERR_PRECHECK, is_inside(r) ? N_("the archive is damaged at byte %lld of the tar inside it: %s") :
					   N_("the archive is damaged at byte %lld: %s"), (long long)at, why);
}

static struct error *damaged(const struct reader *r, const char *why)
{
	int64_t at = archive_filter_bytes(r->a, 0);

	/* Where nothing could be decompressed yet, there is no tar to count in. */
	return at >= 0 ? damaged_at(r, at, why) :
			 fail(ERR_PRECHECK, "the archive is damaged before byte %llu: %s", (unsigned long long)r->read, why);
}

static struct error *trouble(struct reader *r)
{
	const char *why = archive_error_string(r->a) ? archive_error_string(r->a) : _("no tar that can be read");

	if (r->error)
		return TAKE(r->error);
	if (archive_errno(r->a) == ENOMEM || strstr(why, "not enough memory"))
		return fail(ERR_PRECHECK, "reading the archive takes more than %u MB of memory (%s): compress it with a smaller dictionary",
			UNPACK_MEMORY >> 20, why);
	if (r->at_end)
		return fail(ERR_PRECHECK, "the archive is cut short: it ends at byte %llu, in the middle of a member (%s)",
			(unsigned long long)r->read, why);
	return damaged(r, why);
}

static struct error *open_tar(struct reader *r)
{
	r->a = archive_read_new();
	if (!r->a || archive_read_support_format_tar(r->a) != ARCHIVE_OK)
		return fail(ERR_STOPPED, "cannot start libarchive");
	/* A warning means that it would run a program for it. */
	if (!r->gzip && (archive_read_support_filter_bzip2(r->a) != ARCHIVE_OK || archive_read_support_filter_xz(r->a) != ARCHIVE_OK ||
				archive_read_support_filter_zstd(r->a) != ARCHIVE_OK))
		return fail(ERR_STOPPED, "this libarchive lacks bzip2, xz or zstd");
	if (archive_read_set_option(r->a, "tar", "read_concatenated_archives", "1") != ARCHIVE_OK)
		return fail(ERR_STOPPED, "this libarchive is too old");
	if (archive_read_open(r->a, r, NULL, next_block, NULL) == ARCHIVE_OK)
		return NULL;
	if (!r->error && archive_errno(r->a) == NO_FORMAT)
		return fail(ERR_PRECHECK, "the archive is not a tar archive (plain, gzip, bzip2, xz or zstd)");
	return trouble(r);
}

static enum member_type type_of(struct archive_entry *entry)
{
	if (archive_entry_hardlink(entry))
		return MEMBER_HARDLINK;
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return archive_entry_sparse_count(entry) > 0 ? MEMBER_SPARSE : MEMBER_FILE;
	case AE_IFDIR:
		return MEMBER_DIRECTORY;
	case AE_IFLNK:
		return MEMBER_SYMLINK;
	default:
		return MEMBER_OTHER;
	}
}

static struct error *send_data(struct reader *r, uint64_t size)
{
	uint64_t sent = 0;
	const void *data;
	int64_t offset;
	size_t n;

	for (;;) {
		int status = archive_read_data_block(r->a, &data, &n, &offset);

		if (status == ARCHIVE_EOF)
			break;
		if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
			return trouble(r);
		if (offset < 0 || (uint64_t)offset != sent || n > size - sent || n > UINT32_MAX)
			return damaged(r, _("a member is larger than it says, or has holes"));
		if (!n)
			continue;
		put_frame(r, FRAME_DATA, n);
		put(r, data, n);
		sent += n;
	}
	if (sent != size)
		return damaged(r, _("a member is smaller than it says"));
	put_frame(r, FRAME_DATA, 0);
	return NULL;
}

static uint64_t consumed(const struct reader *r)
{
	return r->gzip ? r->read - r->z.avail_in : (uint64_t)archive_filter_bytes(r->a, -1);
}

static struct error *send_member(struct reader *r, struct archive_entry *entry)
{
	const char *path = archive_entry_pathname(entry), *link = NULL;
	int64_t size = archive_entry_size(entry), at = archive_read_header_position(r->a);
	struct frame_member m = { .type = type_of(entry), .mtime = archive_entry_mtime(entry), .consumed = consumed(r), .produced = (uint64_t)at };

	if (!path)
		path = archive_entry_pathname_utf8(entry);
	if (!path || !*path)
		return damaged_at(r, at, _("a member has no name"));
	if (m.type == MEMBER_FILE && (size < 0 || (uint64_t)size > UNPACK_SIZE_MAX))
		return damaged_at(r, at, _("a member has an impossible size"));
	if (m.type == MEMBER_FILE)
		m.size = (uint64_t)size;
	if (m.type == MEMBER_HARDLINK || m.type == MEMBER_SYMLINK)
		link = m.type == MEMBER_HARDLINK ? archive_entry_hardlink(entry) : archive_entry_symlink(entry);
	put_member(r, &m, path, link ? link : "");
	if (m.type == MEMBER_FILE)
		TRY(send_data(r, m.size));
	if (archive_read_data_skip(r->a) != ARCHIVE_OK)
		return trouble(r);
	r->member_end = (uint64_t)archive_filter_bytes(r->a, 0);
	return NULL;
}

/* What stands where a header should; NULL: padding behind the end marker, which need not be in whole records. */
static struct error *no_header(struct reader *r, int status)
{
	bool record = status == ARCHIVE_RETRY; /* with a wrong checksum */
	uint64_t at = (uint64_t)archive_filter_bytes(r->a, 0) - (record ? RECORD : 0);

	if (r->error || (!record && (!r->at_end || archive_errno(r->a) != NO_FORMAT)))
		return trouble(r);
	if (at <= r->member_end)
		return record ? damaged_at(r, (int64_t)at, _("no header of a tar is there")) : trouble(r);
	if (!record && r->given_data <= at && archive_filter_count(r->a) == 1)
		return NULL;
	return follows(at, is_inside(r));
}

/* libarchive takes the end of the bytes for the end of the archive, and leaves what a decompressor did. */
static struct error *check_end(struct reader *r)
{
	uint64_t taken = (uint64_t)archive_filter_bytes(r->a, -1);
	const void *block;
	la_ssize_t n;

	if ((uint64_t)archive_filter_bytes(r->a, 0) < r->member_end + RECORD)
		return fail(ERR_PRECHECK, "the archive ends without its end marker; it was cut short");
	while ((n = next_block(r->a, r, &block)) > 0 && r->given_data <= taken)
		;
	if (r->error)
		return TAKE(r->error);
	return r->given_data > taken ? follows(taken, false) : NULL;
}

static struct error *read_archive(struct reader *r)
{
	struct archive_entry *entry;
	int status;

	TRY(look_at_start(r));
	TRY(open_tar(r));
	while ((status = archive_read_next_header(r->a, &entry)) == ARCHIVE_OK || status == ARCHIVE_WARN)
		TRY(send_member(r, entry));
	if (status != ARCHIVE_EOF)
		TRY(no_header(r, status));
	TRY(check_end(r));
	struct frame_member end = { .type = MEMBER_END, .consumed = r->read, .produced = (uint64_t)archive_filter_bytes(r->a, 0) };
	put_member(r, &end, "", "");
	return NULL;
}

_Noreturn void unpack_child(int archive, int out, uint64_t size, pid_t parent)
{
	struct reader *r = allocate(sizeof(*r));
	struct error *e = unpack_sandbox(archive, out, size, parent);

	if (!e)
		e = read_archive(r);
	if (e)
		put_error(r, e);
	flush_frames(r);
	_exit(0);
}
