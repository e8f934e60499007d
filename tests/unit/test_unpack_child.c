/* What is in archives of every kind, whole, cut and damaged. */
#include "tests/unit/archive.h"

#include <locale.h>

/* What is wrong with the archive, and not with us. */
static void refused(struct error *e, const char *part)
{
	fails_with(e, ERR_PRECHECK, part);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_compression_is_read),
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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
