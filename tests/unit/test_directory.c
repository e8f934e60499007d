#include "tests/unit/root.h"

#include <fcntl.h>

static void directories_are_made_and_removed(void **state)
{
	(void)state;
	must(directory_make(host, "/etc/d", USER, GROUP, 0750));
	struct stat st = look("/etc/d");
	assert_int_equal(st.st_mode, S_IFDIR | 0750);
	assert_int_equal(st.st_uid, USER);
	assert_int_equal(st.st_gid, GROUP);
	must(directory_make(host, "/etc/d", 0, 0, 0777));
	assert_int_equal(look("/etc/d").st_mode, S_IFDIR | 0750);
	assert_int_equal(look("/etc/d").st_uid, USER);
	make_file("/etc/d/a", "x");
	fails_with(directory_remove(host, "/etc/d"), ERR_CONFLICT, "/etc/d");
	fails_with(directory_make(host, "/etc/d/a", 0, 0, 0755), ERR_STOPPED, "/etc/d/a");
	must(file_remove(host, "/etc/d/a"));
	must(directory_remove(host, "/etc/d"));
	assert_false(exists("/etc/d"));
	must(directory_remove(host, "/etc/d"));
	must(directory_remove(host, "/none/d"));
	fails_with(directory_make(host, "/none/d", 0, 0, 0755), ERR_STOPPED, "/none");
	make_file("/etc/a", "x");
	fails_with(directory_remove(host, "/etc/a"), ERR_STOPPED, "/etc/a");
}

static void lists_are_sorted(void **state)
{
	CLEAN(list) struct list names = { 0 };
	CLEAN(list) struct list none = { 0 };

	(void)state;
	make_file("/etc/b", "");
	make_file("/etc/a", "");
	make_file("/etc/.hidden", "");
	must(directory_list(host, "/etc", &names));
	assert_int_equal(names.n, 3);
	assert_string_equal(names.v[0], ".hidden");
	assert_string_equal(names.v[1], "a");
	assert_string_equal(names.v[2], "b");
	must(directory_list(host, "/etc/none", &none));
	assert_int_equal(none.n, 0);
	fails_with(directory_list(host, "/etc/a", &none), ERR_STOPPED, "/etc/a");
}

static void a_tree_goes_and_links_stay_unfollowed(void **state)
{
	(void)state;
	make_directory("/etc/t");
	make_directory("/etc/t/deep");
	make_file("/etc/t/deep/a", "x");
	make_link("/etc/t/deep/out", "../../../outside");
	make_link("/etc/t/file", "../../outside/secret");
	must(directory_remove_tree(host, "/etc/t"));
	assert_false(exists("/etc/t"));
	holds("/outside/secret", "secret");
	must(directory_remove_tree(host, "/etc/t"));
	must(directory_remove_tree(host, "/none/t"));
}

static void a_bottomless_tree_is_refused(void **state)
{
	char full[PATH_MAX];
	enum { DEEP = 260 };
	int fd;

	(void)state;
	real(full, "/etc");
	fd = open(full, O_PATH | O_DIRECTORY);
	for (int i = 0; i < DEEP; i++) {
		assert_int_equal(mkdirat(fd, "d", 0700), 0);
		int next = openat(fd, "d", O_PATH | O_DIRECTORY);
		close(fd);
		fd = next;
	}
	close(fd);
	fails_with(directory_remove_tree(host, "/etc/d"), ERR_STOPPED, "256 directories");
	/* From nearer to its end it is within bounds. */
	must(directory_remove_tree(host, "/etc/d/d/d/d/d"));
	must(directory_remove_tree(host, "/etc/d"));
	assert_false(exists("/etc/d"));
}

static int run(const char *name)
{
	const struct CMUnitTest tests[] = {
		TEST(directories_are_made_and_removed),
		TEST(lists_are_sorted),
		TEST(a_tree_goes_and_links_stay_unfollowed),
		TEST(a_bottomless_tree_is_refused),
	};

	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
	return run_thrice(run);
}
