/* Archives of mail, made for the tests and taken by host/unpack. */
#pragma once

#include "tests/unit/unit.h"

#include "host/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <sys/mman.h>

DEFINE_CLEANUP(struct unpack *, unpack_free)

static inline void checksum(char *block)
{
	unsigned sum = 0;

	memset(block + 148, ' ', 8);
	for (unsigned i = 0; i < 512; i++)
		sum += (unsigned char)block[i];
	snprintf(block + 148, 8, "%06o", sum);
}

static inline void pad(struct bytes *b)
{
	static const char zeros[512];

	if (b->size % 512)
		bytes_add(b, zeros, 512 - b->size % 512);
}

static inline void tar_header(struct bytes *b, char type, const char *path, const char *link, size_t size)
{
	char block[512] = { 0 };

	strncpy(block, path, 100);
	memcpy(block + 100, "0000644", 8);
	memcpy(block + 108, "0000000", 8);
	memcpy(block + 116, "0000000", 8);
	snprintf(block + 124, 12, "%011o", (unsigned)size);
	memcpy(block + 136, "14371053432", 12);
	block[156] = type;
	strncpy(block + 157, link, 100);
	memcpy(block + 257, "ustar\00000", 8);
	checksum(block);
	bytes_add(b, block, sizeof(block));
}

static inline void tar_file(struct bytes *b, const char *path, const void *data, size_t size)
{
	tar_header(b, '0', path, "", size);
	bytes_add(b, data, size);
	pad(b);
}

static inline void tar_end(struct bytes *b)
{
	static const char zeros[1024];

	bytes_add(b, zeros, sizeof(zeros));
}

/* Three files, of 0, 700 and 5000 bytes. */
static inline void tar_small(struct bytes *b, bool end)
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

static inline la_ssize_t collect(struct archive *a, void *context, const void *data, size_t size)
{
	(void)a;
	bytes_add(context, data, size);
	return (la_ssize_t)size;
}

/* Bytes through a compressor alone: libarchive's "raw". */
static inline void compress_with(struct bytes *ret, const struct bytes *from, int filter, const char *options)
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

static inline int file_of(const void *data, size_t size)
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

/* One line for each member: its type, size, path, link, and the bytes of its data that came. */
static inline struct error *list_members(struct unpack *u, struct bytes *ret)
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

static const char small_list[] = "1 0 cur/1  0 00000000\n1 700 cur/2  700 76784b12\n1 5000 cur/3  5000 f3e409dc\n";
