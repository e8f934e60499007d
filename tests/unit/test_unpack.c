#include "tests/unit/unit.h"

#include "host/unpack.h"
#include "host/unpack_child.h"
#include "base/bytes.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

DEFINE_CLEANUP(struct unpack *, unpack_free)

/* What is wrong with the archive, and not with us. */
static void refused(struct error *e, const char *part)
{
	fails_with(e, ERR_PRECHECK, part);
}

/* --- archives --- */

static void checksum(char *block)
{
	unsigned sum = 0;

	memset(block + 148, ' ', 8);
	for (unsigned i = 0; i < 512; i++)
		sum += (unsigned char)block[i];
	snprintf(block + 148, 8, "%06o", sum);
}

static void pad(struct bytes *b)
{
	static const char zeros[512];

	if (b->size % 512)
		bytes_add(b, zeros, 512 - b->size % 512);
}

static void tar_header(struct bytes *b, char type, const char *path, const char *link, size_t size)
{
	char block[512] = { 0 };

	strncpy(block, path, 100);
	memcpy(block + 100, "0000644", 8);
	memcpy(block + 108, "0000000", 8);
	memcpy(block + 116, "0000000", 8);
	snprintf(block + 124, 12, "%011zo", size);
	memcpy(block + 136, "14371053432", 12);
	block[156] = type;
	strncpy(block + 157, link, 100);
	memcpy(block + 257, "ustar\00000", 8);
	checksum(block);
	bytes_add(b, block, sizeof(block));
}

static void tar_file(struct bytes *b, const char *path, const void *data, size_t size)
{
	tar_header(b, '0', path, "", size);
	bytes_add(b, data, size);
	pad(b);
}

/* As pax does: "LENGTH path=...\n" before the member. */
static void tar_pax(struct bytes *b, const char *key, const char *value)
{
	CLEAN(free) char *rest = text(" %s=%s\n", key, value);
	size_t length = strlen(rest) + 2;

	if (length > 99)
		length++;
	CLEAN(free) char *record = text("%zu%s", length, rest);
	tar_header(b, 'x', "PaxHeader/x", "", strlen(record));
	bytes_add_text(b, record);
	pad(b);
}

static void tar_end(struct bytes *b)
{
	static const char zeros[1024];

	bytes_add(b, zeros, sizeof(zeros));
}

/* Three files, of 0, 700 and 5000 bytes. */
static void tar_small(struct bytes *b, bool end)
{
	char data[5000];

	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7 + i / 256);
	tar_file(b, "cur/1", "", 0);
	tar_file(b, "cur/2", data, 700);
	tar_file(b, "cur/3", data, sizeof(data));
	if (end)
		tar_end(b);
}

static la_ssize_t collect(struct archive *a, void *context, const void *data, size_t size)
{
	(void)a;
	bytes_add(context, data, size);
	return (la_ssize_t)size;
}

/* Bytes through a compressor alone: libarchive's "raw". */
static void compress_with(struct bytes *ret, const struct bytes *from, int filter, const char *options)
{
	struct archive *a = archive_write_new();
	struct archive_entry *entry = archive_entry_new();

	assert_int_equal(archive_write_set_format_raw(a), ARCHIVE_OK);
	assert_int_equal(archive_write_add_filter(a, filter), ARCHIVE_OK);
	assert_int_equal(archive_write_set_options(a, options), ARCHIVE_OK);
	archive_write_set_bytes_per_block(a, 0);
	assert_int_equal(archive_write_open(a, ret, NULL, collect, NULL), ARCHIVE_OK);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_pathname(entry, "x");
	assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
	if (from->size)
		assert_int_equal(archive_write_data(a, from->data, from->size), (la_ssize_t)from->size);
	archive_entry_free(entry);
	assert_int_equal(archive_write_free(a), ARCHIVE_OK);
}

/* One file, "m", in a format of libarchive's. */
static void write_format(struct bytes *ret, int (*set_format)(struct archive *))
{
	struct archive *a = archive_write_new();
	struct archive_entry *entry = archive_entry_new();

	assert_int_equal(set_format(a), ARCHIVE_OK);
	assert_int_equal(archive_write_open(a, ret, NULL, collect, NULL), ARCHIVE_OK);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_pathname(entry, "m");
	archive_entry_set_size(entry, 5);
	archive_entry_set_mtime(entry, 1700000000, 0);
	assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(a, "hello", 5), 5);
	archive_entry_free(entry);
	assert_int_equal(archive_write_free(a), ARCHIVE_OK);
}

static int file_of(const void *data, size_t size)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);

	assert_true(fd >= 0);
	for (size_t done = 0; done < size;) {
		ssize_t n = write(fd, (const char *)data + done, size - done);

		assert_true(n > 0);
		done += (size_t)n;
	}
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* --- taking them --- */

/* One line for each member: its type, size, path, link, and the bytes of its data that came. */
static struct error *list_members(struct unpack *u, struct bytes *ret)
{
	struct member m;
	const void *data;
	size_t size;

	for (;;) {
		TRY(unpack_next(u, &m));
		if (m.type == MEMBER_END)
			return NULL;
		bytes_printf(ret, "%d %llu %s %s", (int)m.type, (unsigned long long)m.size, m.path, m.link);
		uint64_t came = 0;
		unsigned sum = 0;
		for (;;) {
			TRY(unpack_data(u, &data, &size));
			if (!size)
				break;
			came += size;
			for (size_t i = 0; i < size; i++)
				sum = sum * 31 + ((const unsigned char *)data)[i];
		}
		if (m.type == MEMBER_FILE)
			assert_int_equal(came, m.size);
		bytes_printf(ret, " %llu %08x\n", (unsigned long long)came, sum);
	}
}

static struct error *members_of(const void *data, size_t size, struct bytes *ret)
{
	CLEAN(fd) int fd = file_of(data, size);
	CLEAN(unpack_free) struct unpack *u = NULL;

	TRY(unpack_start(fd, size, &u));
	return list_members(u, ret);
}

static struct error *outcome(const struct bytes *b, size_t size)
{
	CLEAN(bytes) struct bytes got = { 0 };

	return members_of(b->data, size, &got);
}

static const char small_list[] = "1 0 cur/1  0 00000000\n1 700 cur/2  700 76784b12\n1 5000 cur/3  5000 f3e409dc\n";

static const struct {
	const char *name, *options;
	int filter;
} filters[] = {
	{ "none", "", ARCHIVE_FILTER_NONE },
	{ "gzip", "", ARCHIVE_FILTER_GZIP },
	{ "bzip2", "", ARCHIVE_FILTER_BZIP2 },
	{ "xz", "compression-level=9", ARCHIVE_FILTER_XZ },
	{ "zstd", "", ARCHIVE_FILTER_ZSTD },
};
#define FILTERS (sizeof(filters) / sizeof(*filters))

static void every_compression_is_read(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes tar = { 0 };

	tar_small(&tar, true);
	for (size_t i = 0; i < FILTERS; i++) {
		CLEAN(bytes) struct bytes packed = { 0 }, got = { 0 };

		compress_with(&packed, &tar, filters[i].filter, filters[i].options);
		must(members_of(packed.data, packed.size, &got));
		assert_string_equal(got.data, small_list);
	}
}

static void a_pipe_of_single_bytes_is_read(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes tar = { 0 }, packed = { 0 }, got = { 0 };
	CLEAN(unpack_free) struct unpack *u = NULL;
	int ends[2];

	tar_small(&tar, true);
	compress_with(&packed, &tar, ARCHIVE_FILTER_GZIP, "");
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	must(unpack_start(ends[0], 0, &u));
	close(ends[0]);
	for (size_t i = 0; i < packed.size; i++)
		assert_int_equal(write(ends[1], packed.data + i, 1), 1);
	close(ends[1]);
	must(list_members(u, &got));
	assert_string_equal(got.data, small_list);
}

static void every_kind_of_member_is_told(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes tar = { 0 }, got = { 0 };
	CLEAN(free) char *deep = allocate(6000);

	tar_header(&tar, '5', "d/", "", 0);
	tar_file(&tar, "d/f", "abc", 3);
	tar_header(&tar, '1', "d/h", "d/f", 0);
	tar_header(&tar, '2', "d/s", "../../etc/passwd", 0);
	tar_header(&tar, '6', "d/fifo", "", 0);
	tar_header(&tar, '3', "d/null", "", 0);
	memset(deep, 'x', 5000);
	tar_header(&tar, 'L', "././@LongLink", "", 5001);
	bytes_add(&tar, deep, 5001);
	pad(&tar);
	tar_file(&tar, "xxx", "", 0);
	tar_end(&tar);
	must(members_of(tar.data, tar.size, &got));
	deep[UNPACK_PATH_MAX] = '\0';
	CLEAN(free) char *want = text("2 0 d/  0 00000000\n1 3 d/f  3 00017862\n4 0 d/h d/f 0 00000000\n3 0 d/s ../../etc/passwd 0 00000000\n"
				      "6 0 d/fifo  0 00000000\n6 0 d/null  0 00000000\n1 0 %s  0 00000000\n", deep);
	assert_string_equal(got.data, want);
}

static void a_sparse_file_is_told_without_data(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes tar = { 0 }, got = { 0 };
	char block[512];

	tar_header(&tar, 'S', "holes", "", 512);
	memcpy(block, tar.data, 512);
	memcpy(block + 257, "ustar  ", 8);
	memcpy(block + 386, "00000100000\00000000001000", 24);
	memcpy(block + 483, "00000101000", 12);
	checksum(block);
	memcpy(tar.data, block, 512);
	bytes_add(&tar, block, 512);
	tar_file(&tar, "next", "abc", 3);
	tar_end(&tar);
	must(members_of(tar.data, tar.size, &got));
	assert_string_equal(got.data, "5 0 holes  0 00000000\n1 3 next  3 00017862\n");
}

/* Whatever the locale of this process is. */
static void names_come_through_as_their_bytes(void **state)
{
	(void)state;
	static const char *const names[] = {
		"cur/caf\xe9",		       /* Latin-1 */
		"cur/cafe\xcc\x81",	       /* NFD */
		"cur/caf\xc3\xa9",	       /* NFC */
		"cur/\xff\xfe\x01\x1b[31m",   /* anything */
		"cur/\xed\xa0\x80\xe2\x80\xae", /* a surrogate, and right to left */
		"cur/a\nb",
		"../../etc/passwd",
		"-rf",
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	for (size_t i = 0; i < 2 * sizeof(names) / sizeof(*names); i++) {
		CLEAN(bytes) struct bytes tar = { 0 }, got = { 0 };
		const char *name = names[i / 2];
		bool pax = i % 2 && !strchr(name, '\n');

		if (pax)
			tar_pax(&tar, "path", name);
		tar_file(&tar, pax ? "short" : name, "abc", 3);
		tar_end(&tar);
		must(members_of(tar.data, tar.size, &got));
		CLEAN(free) char *want = text("1 3 %s  3 00017862\n", name);
		assert_string_equal(got.data, want);
	}
	setlocale(LC_CTYPE, "C");
}

static void what_is_no_tar_is_refused(void **state)
{
	(void)state;
	static const char page[] = "<!DOCTYPE html><html><head><title>404</title></head><body>no such file</body></html>";
	int (*const formats[])(struct archive *) = { archive_write_set_format_zip, archive_write_set_format_7zip,
		archive_write_set_format_cpio_newc, archive_write_set_format_mtree, archive_write_set_format_ar_svr4 };
	CLEAN(bytes) struct bytes html = { 0 };

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		CLEAN(bytes) struct bytes b = { 0 };

		write_format(&b, formats[i]);
		refused(outcome(&b, b.size), "is not a tar archive (plain, gzip, bzip2, xz or zstd)");
	}
	for (size_t i = 0; i < 50; i++)
		bytes_add_text(&html, page);
	for (size_t i = 0; i < FILTERS; i++) {
		CLEAN(bytes) struct bytes packed = { 0 };

		compress_with(&packed, &html, filters[i].filter, filters[i].options);
		refused(outcome(&packed, packed.size), "is not a tar archive (plain, gzip, bzip2, xz or zstd)");
	}
	refused(outcome(&html, 1), "is not a tar archive");
	refused(outcome(&html, 0), "is empty");
}

static void an_archive_of_zeros_is_empty(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes tar = { 0 }, packed = { 0 };

	for (unsigned i = 0; i < 10; i++)
		tar_end(&tar);
	compress_with(&packed, &tar, ARCHIVE_FILTER_GZIP, "");
	must(outcome(&tar, tar.size));
	must(outcome(&packed, packed.size));
}

static void a_cut_is_seen_everywhere(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes tar = { 0 };

	tar_small(&tar, true);
	for (size_t size = 512; size < tar.size; size += 512) {
		struct error *e = outcome(&tar, size);

		if (size >= tar.size - 512)
			must(e); /* one block of zeros is a mark */
		else
			refused(e, "cut short");
	}
	for (size_t size = 513; size < tar.size - 1024; size += 101)
		refused(outcome(&tar, size), size % 512 ? "" : "cut short");
	for (size_t i = 1; i < FILTERS; i++) {
		CLEAN(bytes) struct bytes packed = { 0 };

		compress_with(&packed, &tar, filters[i].filter, filters[i].options);
		for (size_t size = 1; size < packed.size; size += size < packed.size - 40 ? 97 : 1)
			refused(outcome(&packed, size), "");
		if (filters[i].filter == ARCHIVE_FILTER_GZIP)
			for (size_t size = packed.size - 20; size < packed.size; size++)
				refused(outcome(&packed, size), "cut short");
	}
}

static void a_gzip_of_a_cut_tar_is_refused(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes tar = { 0 };

	tar_small(&tar, false);
	for (size_t i = 0; i < FILTERS; i++) {
		CLEAN(bytes) struct bytes packed = { 0 };

		compress_with(&packed, &tar, filters[i].filter, filters[i].options);
		refused(outcome(&packed, packed.size), "the archive ends without its end marker; it was cut short");
	}
}

static void glued_archives_are_both_read(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes tar = { 0 };
	CLEAN(free) char *want = text("%s%s", small_list, small_list);

	tar_small(&tar, true);
	for (size_t i = 0; i < FILTERS; i++) {
		CLEAN(bytes) struct bytes packed = { 0 }, both = { 0 }, got = { 0 };

		compress_with(&packed, &tar, filters[i].filter, filters[i].options);
		bytes_add(&both, packed.data, packed.size);
		bytes_add(&both, packed.data, packed.size);
		must(members_of(both.data, both.size, &got));
		assert_string_equal(got.data, want);
	}
}

static void only_zeros_may_follow(void **state)
{
	(void)state;
	static const char zeros[3000], garbage[] = "garbage";
	static const size_t sizes[] = { 1, 511, 512, 700, 3000 };
	CLEAN(bytes) struct bytes tar = { 0 };

	tar_small(&tar, true);
	for (size_t i = 0; i < FILTERS; i++) {
		CLEAN(bytes) struct bytes packed = { 0 };

		compress_with(&packed, &tar, filters[i].filter, filters[i].options);
		size_t whole = packed.size;
		for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
			packed.size = whole;
			bytes_add(&packed, zeros, sizes[k]);
			if (filters[i].filter <= ARCHIVE_FILTER_BZIP2)
				must(outcome(&packed, packed.size));
			bytes_add(&packed, garbage, sizeof(garbage));
			refused(outcome(&packed, packed.size), filters[i].filter <= ARCHIVE_FILTER_BZIP2 ? "something else follows" : "");
		}
		packed.size = whole;
		for (unsigned k = 0; k < 100; k++)
			bytes_add(&packed, garbage, sizeof(garbage));
		refused(outcome(&packed, packed.size), filters[i].filter <= ARCHIVE_FILTER_BZIP2 ? "something else follows" : "");
	}
}

/* A bit that is wrong is found where it changes anything, if there is a checksum: a plain tar has one of its headers only. */
static void damage_is_found(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes tar = { 0 };

	tar_small(&tar, true);
	for (size_t i = 0; i < FILTERS; i++) {
		CLEAN(bytes) struct bytes packed = { 0 };
		size_t found = 0, tried = 0;
		/* zstd(1) writes a checksum, libarchive none. */
		bool checked = filters[i].filter != ARCHIVE_FILTER_NONE && filters[i].filter != ARCHIVE_FILTER_ZSTD;

		compress_with(&packed, &tar, filters[i].filter, filters[i].options);
		for (size_t at = 0; at < packed.size; at += packed.size / 60 + 1, tried++) {
			CLEAN(bytes) struct bytes got = { 0 };

			packed.data[at] ^= 0x10;
			struct error *e = members_of(packed.data, packed.size, &got);
			packed.data[at] ^= 0x10;
			found += e != NULL;
			if (e)
				refused(e, "");
			else if (checked)
				assert_string_equal(got.data, small_list);
		}
		assert_true(!checked || found >= tried * 8 / 10);
	}
	tar.data[512 + 3] ^= 1;
	refused(outcome(&tar, tar.size), "the archive is damaged at byte 512: ");
}

static void an_impossible_size_is_refused(void **state)
{
	(void)state;
	static const unsigned char sizes[][12] = { { 0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00 }, { 0x80, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 1 } };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		CLEAN(bytes) struct bytes tar = { 0 };

		tar_small(&tar, true);
		memcpy(tar.data + 512 + 124, sizes[i], 12);
		checksum(tar.data + 512);
		refused(outcome(&tar, tar.size), "the archive is ");
	}
}

static void much_comes_whole(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes tar = { 0 }, packed = { 0 }, data = { 0 };
	CLEAN(unpack_free) struct unpack *u = NULL;
	struct member m;
	uint64_t consumed = 0, produced = 0;

	for (unsigned i = 0; i < 3000000; i++)
		bytes_add(&data, &(char){ (char)(i ^ i >> 8 ^ i >> 15) }, 1);
	tar_file(&tar, "large", data.data, data.size);
	for (unsigned i = 0; i < 3000; i++) {
		CLEAN(free) char *name = text("cur/%u", i);

		tar_file(&tar, name, data.data + i, i);
	}
	tar_end(&tar);
	compress_with(&packed, &tar, ARCHIVE_FILTER_GZIP, "");
	CLEAN(fd) int fd = file_of(packed.data, packed.size);
	must(unpack_start(fd, packed.size, &u));
	for (unsigned n = 0;; n++) {
		const char *want = data.data + (n ? n - 1 : 0);
		const void *part;
		size_t size;

		must(unpack_next(u, &m));
		assert_true(unpack_consumed(u) >= consumed && unpack_produced(u) >= produced);
		consumed = unpack_consumed(u);
		produced = unpack_produced(u);
		if (m.type == MEMBER_END) {
			assert_int_equal(n, 3001);
			break;
		}
		assert_int_equal(m.mtime, 014371053432);
		/* Some are skipped, whole or in the middle. */
		while (n % 3 != 1) {
			must(unpack_data(u, &part, &size));
			if (!size || n % 3 == 2)
				break;
			assert_memory_equal(part, want, size);
			want += size;
		}
		if (n % 3 == 0)
			assert_int_equal(want - data.data, n ? 2 * n - 2 : data.size);
	}
	assert_int_equal(consumed, packed.size);
	assert_int_equal(produced, tar.size);
	must(unpack_next(u, &m));
	assert_int_equal(m.type, MEMBER_END);
}

static void another_process_may_take_it(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes tar = { 0 };
	struct unpack *u = NULL;
	int status;

	tar_small(&tar, true);
	CLEAN(fd) int fd = file_of(tar.data, tar.size);
	must(unpack_start(fd, tar.size, &u));
	pid_t taker = fork();
	if (taker == 0) {
		CLEAN(bytes) struct bytes got = { 0 };
		struct error *e = list_members(u, &got);

		unpack_free(u);
		_exit(e || strcmp(got.data, small_list) != 0);
	}
	assert_int_equal(waitpid(taker, &status, 0), taker);
	assert_int_equal(status, 0);
	unpack_free(u);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
}

/* With an archive that never comes. */
static void what_is_not_wanted_any_more_is_ended(void **state)
{
	(void)state;
	struct unpack *u = NULL;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	must(unpack_start(ends[0], 0, &u));
	close(ends[0]);
	unpack_free(u);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	close(ends[1]);
}

struct attempt {
	const char *what;
	bool stopped;
};

static bool stopped(long result)
{
	return result < 0 && errno == EPERM;
}

static void try_everything(int out)
{
	char name[] = "true", *const argv[] = { name, NULL };
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct attempt attempts[] = {
		{ "open a file", stopped(open("/etc/passwd", O_RDONLY)) },
		{ "make a file", stopped(open("/tmp/mailsetup-unpack", O_WRONLY | O_CREAT, 0600)) },
		{ "remove a file", stopped(unlink("/tmp/mailsetup-unpack")) },
		{ "look at a file", stopped(access("/etc/passwd", F_OK)) },
		{ "make a socket", stopped(socket(AF_INET, SOCK_STREAM, 0)) },
		{ "make a pair of sockets", stopped(socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){ 0 })) },
		{ "kill its parent", stopped(kill(getppid(), 0)) },
		{ "fork", stopped(fork()) },
		{ "execute a program", stopped(execv("/bin/true", argv)) },
		{ "trace a process", stopped(ptrace(PTRACE_TRACEME, 0, NULL, NULL)) },
		{ "have memory that can be executed", page != MAP_FAILED && stopped(mprotect(page, 4096, PROT_READ | PROT_EXEC)) &&
			mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED },
		{ "become root", stopped(setuid(0)) },
	};

	for (size_t i = 0; i < sizeof(attempts) / sizeof(*attempts); i++)
		if (!attempts[i].stopped)
			dprintf(out, "it can %s\n", attempts[i].what);
	if (write(out, "tried\n", 6) != 6)
		_exit(2);
	_exit(0);
}

static void the_sandbox_holds(void **state)
{
	(void)state;
	CLEAN(fd) int archive = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char said[1024] = "";
	int ends[2], status;
	pid_t parent = getpid();

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t child = fork();
	if (child == 0) {
		struct error *e = unpack_sandbox(archive, ends[1], 1, parent);

		if (e)
			dprintf(UNPACK_OUT, "%s\n", error_message(e));
		else
			try_everything(UNPACK_OUT);
		_exit(1);
	}
	close(ends[1]);
	for (size_t size = 0; size < sizeof(said) - 1;) {
		ssize_t n = read(ends[0], said + size, sizeof(said) - 1 - size);

		if (n <= 0)
			break;
		size += (size_t)n;
	}
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_string_equal(said, "tried\n");
	assert_int_equal(status, 0);
}

/* What the reader is, seen from outside while it waits for its archive. */
static void the_reader_has_nothing(void **state)
{
	(void)state;
	CLEAN(unpack_free) struct unpack *u = NULL;
	CLEAN(free) char *children = text("/proc/self/task/%d/children", (int)getpid());
	CLEAN(fd) int secret = open("/etc/passwd", O_RDONLY);
	int ends[2], child = 0;
	char line[256];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	must(unpack_start(ends[0], 0, &u));
	FILE *f = fopen(children, "re");
	if (!f || fscanf(f, "%d", &child) != 1)
		child = 0;
	if (f)
		fclose(f);
	if (!child) {
		close(ends[0]);
		close(ends[1]);
		skip(); /* a kernel without this file */
	}
	CLEAN(free) char *status = text("/proc/%d/status", child);
	bool filtered = false, own_user = geteuid() != 0;
	for (unsigned i = 0; i < 200 && !(filtered && own_user); i++) {
		usleep(10000);
		f = fopen(status, "re");
		while (f && fgets(line, sizeof(line), f)) {
			filtered |= strncmp(line, "Seccomp:\t2", 10) == 0;
			own_user |= strncmp(line, "Uid:\t6553", 9) == 0;
		}
		if (f)
			fclose(f);
	}
	assert_true(filtered);
	assert_true(own_user);
	CLEAN(free) char *fd = text("/proc/%d/fd/%d", child, UNPACK_OUT + 1);
	assert_int_equal(access(fd, F_OK), -1);
	close(ends[0]);
	close(ends[1]);
}

/* A child that was taken over by its archive says what it likes. */
static void a_reader_that_breaks_its_protocol_is_no_danger(void **state)
{
	(void)state;
	unsigned seed = 7;

	for (unsigned round = 0; round < 300; round++) {
		CLEAN(bytes) struct bytes said = { 0 }, got = { 0 };
		struct frame_member m = { .type = MEMBER_FILE, .size = 3, .path_size = 1 };
		struct frame head = { FRAME_MEMBER, sizeof(m) + 1 }, data = { FRAME_DATA, 3 }, end = { FRAME_DATA, 0 };

		for (unsigned i = 0; i < 3; i++) {
			bytes_add(&said, &head, sizeof(head));
			bytes_add(&said, &m, sizeof(m));
			bytes_add(&said, "p", 1);
			bytes_add(&said, &data, sizeof(data));
			bytes_add(&said, "abc", 3);
			bytes_add(&said, &end, sizeof(end));
		}
		for (unsigned i = 0; i < 1 + round % 3; i++) {
			seed = seed * 1103515245 + 12345;
			said.data[(seed >> 8) % said.size] = (char)(seed >> 24);
		}
		struct unpack *u = unpack_hear(file_of(said.data, said.size));
		struct error *e = list_members(u, &got);
		assert_non_null(e);
		for (const char *p = error_message(e); *p; p++)
			assert_true(*p >= ' ' && *p <= '~');
		error_free(e);
		unpack_free(u);
	}
}

/* In the language of whoever asked, and nothing that a terminal would obey. */
static void a_message_keeps_its_letters(void **state)
{
	(void)state;
	static const char message[] = "coup\u00e9e \033[2J \u202e \xff";
	struct frame_error code = { .code = ERR_PRECHECK };
	struct frame head = { FRAME_ERROR, sizeof(code) + sizeof(message) - 1 };
	CLEAN(bytes) struct bytes said = { 0 };
	struct member m;

	bytes_add(&said, &head, sizeof(head));
	bytes_add(&said, &code, sizeof(code));
	bytes_add_text(&said, message);
	setlocale(LC_CTYPE, "C.UTF-8");
	struct unpack *u = unpack_hear(file_of(said.data, said.size));
	struct error *e = unpack_next(u, &m);
	setlocale(LC_CTYPE, "C");
	assert_int_equal(error_code(e), ERR_PRECHECK);
	assert_string_equal(error_message(e), "coup\u00e9e ?[2J ??? ?");
	error_free(e);
	unpack_free(u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_compression_is_read),
		cmocka_unit_test(a_pipe_of_single_bytes_is_read),
		cmocka_unit_test(every_kind_of_member_is_told),
		cmocka_unit_test(a_sparse_file_is_told_without_data),
		cmocka_unit_test(names_come_through_as_their_bytes),
		cmocka_unit_test(what_is_no_tar_is_refused),
		cmocka_unit_test(an_archive_of_zeros_is_empty),
		cmocka_unit_test(a_cut_is_seen_everywhere),
		cmocka_unit_test(a_gzip_of_a_cut_tar_is_refused),
		cmocka_unit_test(glued_archives_are_both_read),
		cmocka_unit_test(only_zeros_may_follow),
		cmocka_unit_test(damage_is_found),
		cmocka_unit_test(an_impossible_size_is_refused),
		cmocka_unit_test(much_comes_whole),
		cmocka_unit_test(another_process_may_take_it),
		cmocka_unit_test(what_is_not_wanted_any_more_is_ended),
		cmocka_unit_test(the_sandbox_holds),
		cmocka_unit_test(the_reader_has_nothing),
		cmocka_unit_test(a_reader_that_breaks_its_protocol_is_no_danger),
		cmocka_unit_test(a_message_keeps_its_letters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
