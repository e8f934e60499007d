#include "tests/unit/root.h"

#include <fcntl.h>

static void openat2_is_as_announced(void **state)
{
	(void)state;
	long fd = syscall(__NR_openat2, AT_FDCWD, "/", NULL, 0);

	assert_int_equal(fd, -1);
	if (refuse_openat2_with)
		assert_int_equal(errno, refuse_openat2_with);
}

static void host_knows_its_root(void **state)
{
	struct host *none = NULL;

	(void)state;
	assert_string_equal(host_root(host), root);
	assert_false(host_is_real(host));
	fails_with(host_open("/nowhere/at/all", &none), ERR_STOPPED, "/nowhere/at/all");
	assert_null(none);
}

static void a_link_in_the_middle_is_refused(void **state)
{
	struct file_info info;
	CLEAN(bytes) struct bytes b = { 0 };
	CLEAN(list) struct list names = { 0 };

	(void)state;
	make_link("/etc/way", "../outside");
	fails_with(file_write(host, "/etc/way/a", "x", 1, 0, 0, 0600), ERR_STOPPED, "/etc/way is a symbolic link");
	fails_with(file_write(host, "/etc/way/secret", "x", 1, 0, 0, 0600), ERR_STOPPED, "symbolic link");
	fails_with(file_read(host, "/etc/way/secret", 100, &b), ERR_STOPPED, "/etc/way is a symbolic link");
	fails_with(file_stat(host, "/etc/way/secret", &info), ERR_STOPPED, "/etc/way is a symbolic link");
	fails_with(file_remove(host, "/etc/way/secret"), ERR_STOPPED, "/etc/way is a symbolic link");
	fails_with(directory_make(host, "/etc/way/d", 0, 0, 0755), ERR_STOPPED, "/etc/way is a symbolic link");
	fails_with(directory_list(host, "/etc/way", &names), ERR_STOPPED, "/etc/way is a symbolic link");
	fails_with(directory_remove_tree(host, "/etc/way/x"), ERR_STOPPED, "/etc/way is a symbolic link");
	assert_false(exists("/outside/a"));
	holds("/outside/secret", "secret");
}

static void a_link_at_the_end_is_refused(void **state)
{
	CLEAN(bytes) struct bytes b = { 0 };
	int fd = -1;

	(void)state;
	make_link("/etc/a", "../outside/secret");
	make_link("/etc/dangling", "../outside/new");
	fails_with(file_write(host, "/etc/a", "x", 1, 0, 0, 0600), ERR_STOPPED, "/etc/a: it is a symbolic link");
	fails_with(file_read(host, "/etc/a", 100, &b), ERR_STOPPED, "/etc/a is a symbolic link");
	fails_with(file_set_attributes(host, "/etc/a", 1, 1, 0777), ERR_STOPPED, "/etc/a is a symbolic link");
	fails_with(file_open(host, "/etc/dangling", O_RDWR | O_CREAT, &fd), ERR_STOPPED, "symbolic link");
	fails_with(file_open(host, "/etc/a", O_PATH, &fd), ERR_STOPPED, "symbolic link");
	fails_with(directory_make(host, "/etc/a", 0, 0, 0755), ERR_STOPPED, "/etc/a");
	fails_with(directory_remove_tree(host, "/etc/a"), ERR_STOPPED, "not a directory");
	assert_int_equal(fd, -1);
	assert_false(exists("/outside/new"));
	holds("/outside/secret", "secret");
	assert_int_equal(look("/outside/secret").st_uid, 0);
}

static void paths_are_absolute_and_plain(void **state)
{
	struct file_info info;

	(void)state;
	must(file_stat(host, "//etc//", &info));
	assert_true(S_ISDIR(info.mode));
	must(file_stat(host, "/", &info));
	assert_int_equal(info.inode, look("").st_ino);
	fails_with(file_stat(host, "etc", &info), ERR_STOPPED, "etc");
	fails_with(file_stat(host, "/etc/../../x", &info), ERR_STOPPED, "Invalid argument");
	fails_with(file_write(host, "/etc/./a", "", 0, 0, 0, 0600), ERR_STOPPED, "Invalid argument");
	fails_with(file_write(host, "/", "", 0, 0, 0, 0600), ERR_STOPPED, "root directory");
	char name[NAME_MAX + 8] = "/etc/";
	memset(name + 5, 'n', NAME_MAX + 2);
	fails_with(file_write(host, name, "", 0, 0, 0, 0600), ERR_STOPPED, "too long");
}

static int run(const char *name)
{
	const struct CMUnitTest tests[] = {
		TEST(openat2_is_as_announced),
		TEST(host_knows_its_root),
		TEST(a_link_in_the_middle_is_refused),
		TEST(a_link_at_the_end_is_refused),
		TEST(paths_are_absolute_and_plain),
	};

	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
	return run_thrice(run);
}
