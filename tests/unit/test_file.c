#include "tests/unit/root.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

static void write_creates_with_owner_and_mode(void **state)
{
	(void)state;
	mode_t before = umask(077);
	must(file_write(host, "/etc/a", "one\n", 4, USER, GROUP, 0644));
	umask(before);
	struct stat st = look("/etc/a");
	assert_int_equal(st.st_mode, S_IFREG | 0644);
	assert_int_equal(st.st_uid, USER);
	assert_int_equal(st.st_gid, GROUP);
	holds("/etc/a", "one\n");
	assert_false(exists("/etc/.a.mailsetup"));
}

static void write_replaces_whole(void **state)
{
	(void)state;
	make_file("/etc/a", "a much longer content");
	ino_t inode = look("/etc/a").st_ino;
	must(file_write(host, "/etc/a", "x", 1, 0, 0, 0600));
	holds("/etc/a", "x");
	assert_int_not_equal(look("/etc/a").st_ino, inode);
	must(file_write(host, "/etc/a", NULL, 0, 0, 0, 0600));
	holds("/etc/a", "");
}

static void write_sweeps_the_temporary_of_a_crash(void **state)
{
	(void)state;
	make_file("/etc/.a.mailsetup", "half of a crash");
	must(file_write(host, "/etc/a", "new", 3, 0, 0, 0600));
	holds("/etc/a", "new");
	assert_false(exists("/etc/.a.mailsetup"));

	make_link("/etc/.a.mailsetup", "../outside/secret");
	must(file_write(host, "/etc/a", "newer", 5, 0, 0, 0600));
	holds("/etc/a", "newer");
	holds("/outside/secret", "secret");
	assert_false(exists("/etc/.a.mailsetup"));
}

static void sweep_removes_only_the_temporary(void **state)
{
	(void)state;
	make_file("/etc/a", "kept");
	make_file("/etc/.a.mailsetup", "half");
	make_file("/etc/.b.mailsetup", "another's");
	must(file_sweep(host, "/etc/a"));
	assert_false(exists("/etc/.a.mailsetup"));
	assert_true(exists("/etc/.b.mailsetup"));
	holds("/etc/a", "kept");
	must(file_sweep(host, "/etc/a"));
	must(file_sweep(host, "/nowhere/a"));
}

static void odd_targets_are_refused(void **state)
{
	char a[PATH_MAX], b[PATH_MAX];
	CLEAN(bytes) struct bytes content = { 0 };
	struct file_image image = { .info = { .exists = true, .mode = S_IFREG | 0600, .links = 1 } };

	(void)state;
	make_file("/etc/a", "shared");
	real(a, "/etc/a");
	real(b, "/outside/b");
	assert_int_equal(link(a, b), 0);
	fails_with(file_write(host, "/etc/a", "x", 1, 0, 0, 0600), ERR_STOPPED, "hard link");
	fails_with(file_set_attributes(host, "/etc/a", 1, 1, 0600), ERR_STOPPED, "hard link");
	fails_with(file_restore(host, "/etc/a", &image), ERR_STOPPED, "hard link");
	holds("/outside/b", "shared");

	real(a, "/etc/fifo");
	assert_int_equal(mkfifo(a, 0600), 0);
	fails_with(file_write(host, "/etc/fifo", "x", 1, 0, 0, 0600), ERR_STOPPED, "not a regular file");
	fails_with(file_read(host, "/etc/fifo", 10, &content), ERR_STOPPED, "not a regular file");
	fails_with(file_set_attributes(host, "/etc/fifo", 1, 1, 0600), ERR_STOPPED, "not a regular file");
	fails_with(file_capture(host, "/etc/fifo", &image), ERR_STOPPED, "/etc/fifo");
	fails_with(file_write(host, "/etc", "x", 1, 0, 0, 0600), ERR_STOPPED, "not a regular file");
	fails_with(file_make_link(host, "/etc/fifo", "x"), ERR_STOPPED, "something else");
}

static void special_mode_bits_are_refused(void **state)
{
	(void)state;
	fails_with(file_write(host, "/etc/a", "x", 1, 0, 0, 04755), ERR_STOPPED, "4755");
	fails_with(file_set_attributes(host, "/etc", 0, 0, 02775), ERR_STOPPED, "2775");
	fails_with(directory_make(host, "/etc/d", 0, 0, 01777), ERR_STOPPED, "1777");
	assert_false(exists("/etc/a"));
	assert_false(exists("/etc/d"));
}

static void read_knows_its_limit_and_absence(void **state)
{
	CLEAN(bytes) struct bytes b = { 0 };
	CLEAN(bytes) struct bytes c = { 0 };

	(void)state;
	make_file("/etc/a", "12345");
	must(file_read(host, "/etc/a", 5, &b));
	assert_int_equal(b.size, 5);
	fails_with(file_read(host, "/etc/a", 4, &c), ERR_STOPPED, "larger than 4 bytes");
	struct error *e = file_read(host, "/etc/none", 4, &c);
	assert_int_equal(error_errno(e), ENOENT);
	fails_with(e, ERR_STOPPED, "/etc/none");
	fails_with(file_read(host, "/etc", 4, &c), ERR_STOPPED, "not a regular file");
}

static void stat_tells_absence(void **state)
{
	struct file_info info;

	(void)state;
	must(file_stat(host, "/etc/none", &info));
	assert_false(info.exists);
	must(file_stat(host, "/none/none", &info));
	assert_false(info.exists);
	make_file("/etc/a", "12");
	fails_with(file_stat(host, "/etc/a/b", &info), ERR_STOPPED, "Not a directory");
	must(file_stat(host, "/etc/a", &info));
	assert_true(info.exists);
	assert_int_equal(info.size, 2);
	assert_int_equal(info.links, 1);
	make_link("/etc/l", "nowhere");
	must(file_stat(host, "/etc/l", &info));
	assert_true(S_ISLNK(info.mode));
}

static void write_needs_its_directory(void **state)
{
	(void)state;
	fails_with(file_write(host, "/none/a", "x", 1, 0, 0, 0600), ERR_STOPPED, "/none");
	assert_false(exists("/none"));
}

static void failed_write_leaves_nothing(void **state)
{
	char full[PATH_MAX];

	(void)state;
	/* A mount of its own needs a namespace of its own: in a child, so that nothing of it stays. */
	make_directory("/small");
	real(full, "/small");
	pid_t pid = fork();
	if (pid == 0) {
		CLEAN(free) char *big = allocate(1 << 20);
		if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
			mount("tmpfs", full, "tmpfs", 0, "size=64k") < 0)
			_exit(77);
		host_close(host);
		must(host_open(root, &host));
		must(file_write(host, "/small/a", "old", 3, 0, 0, 0600));
		struct error *e = file_write(host, "/small/a", big, 1 << 20, 0, 0, 0600);
		bool right = error_errno(e) == ENOSPC && strstr(error_message(e), "/small/a");
		error_free(e);
		holds("/small/a", "old");
		right &= !exists("/small/.a.mailsetup");

		uint64_t bytes, inodes;
		bool read_only = true;
		must(file_space(host, "/small/not/there", &bytes, &inodes, &read_only));
		right &= bytes > 0 && bytes < 65536 && inodes > 0 && !read_only;
		struct error *crossing = directory_remove_tree(host, "/small");
		right &= error_code(crossing) == ERR_CONFLICT && exists("/small/a");
		error_free(crossing);
		if (mount(NULL, full, NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0)
			_exit(77);
		must(file_space(host, "/small", &bytes, &inodes, &read_only));
		right &= read_only;
		_exit(right ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void attributes_of_files_and_directories(void **state)
{
	(void)state;
	make_file("/etc/a", "x");
	must(file_set_attributes(host, "/etc/a", USER, GROUP, 0640));
	struct stat st = look("/etc/a");
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	assert_int_equal(st.st_uid, USER);
	assert_int_equal(st.st_gid, GROUP);
	make_directory("/etc/d");
	must(file_set_attributes(host, "/etc/d", USER, GROUP, 0700));
	st = look("/etc/d");
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(st.st_uid, USER);
	fails_with(file_set_attributes(host, "/etc/none", 0, 0, 0600), ERR_STOPPED, "/etc/none");
}

static void links_are_made_and_replaced(void **state)
{
	CLEAN(file_image) struct file_image image = { 0 };

	(void)state;
	must(file_make_link(host, "/etc/l", "one"));
	must(file_make_link(host, "/etc/l", "two"));
	must(file_capture(host, "/etc/l", &image));
	assert_string_equal(bytes_text(&image.content), "two");
	must(file_remove(host, "/etc/l"));
	assert_false(exists("/etc/l"));
}

static void remove_is_about_files(void **state)
{
	(void)state;
	make_file("/etc/a", "x");
	must(file_remove(host, "/etc/a"));
	assert_false(exists("/etc/a"));
	must(file_remove(host, "/etc/a"));
	must(file_remove(host, "/none/a"));
	make_link("/etc/l", "../outside/secret");
	must(file_remove(host, "/etc/l"));
	holds("/outside/secret", "secret");
	fails_with(file_remove(host, "/etc"), ERR_STOPPED, "/etc");
}

static void created_by_open_is_private(void **state)
{
	CLEAN(fd) int fd = -1;

	(void)state;
	must(file_open(host, "/etc/lock", O_RDWR | O_CREAT, &fd));
	assert_int_equal(look("/etc/lock").st_mode, S_IFREG | 0600);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

static int run(const char *name)
{
	const struct CMUnitTest tests[] = {
		TEST(write_creates_with_owner_and_mode),
		TEST(write_replaces_whole),
		TEST(write_sweeps_the_temporary_of_a_crash),
		TEST(sweep_removes_only_the_temporary),
		TEST(odd_targets_are_refused),
		TEST(special_mode_bits_are_refused),
		TEST(read_knows_its_limit_and_absence),
		TEST(stat_tells_absence),
		TEST(write_needs_its_directory),
		TEST(failed_write_leaves_nothing),
		TEST(attributes_of_files_and_directories),
		TEST(links_are_made_and_replaced),
		TEST(remove_is_about_files),
		TEST(created_by_open_is_private),
	};

	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
	return run_thrice(run);
}
