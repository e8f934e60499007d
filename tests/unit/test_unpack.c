/* How an archive is taken from the child that reads it. */
#include "tests/unit/archive.h"

#include "host/unpack_child.h"

#include <fcntl.h>
#include <locale.h>

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
		cmocka_unit_test(a_pipe_of_single_bytes_is_read),
		cmocka_unit_test(much_comes_whole),
		cmocka_unit_test(another_process_may_take_it),
		cmocka_unit_test(what_is_not_wanted_any_more_is_ended),
		cmocka_unit_test(a_reader_that_breaks_its_protocol_is_no_danger),
		cmocka_unit_test(a_message_keeps_its_letters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
