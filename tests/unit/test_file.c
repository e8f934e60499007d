#include "tests/unit/unit.h"

#include "host/file.h"

#include "host/beneath.h"
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define USER  4711
#define GROUP 4712

static char root[64];
static struct host *host;
static unsigned refuse_openat2_with; /* 0: it works */

static void real(char ret[PATH_MAX], const char *path)
{
	snprintf(ret, PATH_MAX, "%s%s", root, path);
}

static struct stat look(const char *path)
{
	char full[PATH_MAX];
	struct stat st;

	real(full, path);
	assert_int_equal(lstat(full, &st), 0);
	return st;
}

static bool exists(const char *path)
{
	char full[PATH_MAX];
	struct stat st;

	real(full, path);
	return lstat(full, &st) == 0;
}

static void make_directory(const char *path)
{
	char full[PATH_MAX];

	real(full, path);
	assert_int_equal(mkdir(full, 0755), 0);
}

static void make_file(const char *path, const char *content)
{
	char full[PATH_MAX];

	real(full, path);
	FILE *f = fopen(full, "w");
	assert_non_null(f);
	assert_true(fputs(content, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void make_link(const char *path, const char *target)
{
	char full[PATH_MAX];

	real(full, path);
	assert_int_equal(symlink(target, full), 0);
}

static void holds(const char *path, const char *content)
{
	CLEAN(bytes) struct bytes b = { 0 };

	must(file_read(host, path, 4096, &b));
	assert_string_equal(bytes_text(&b), content);
}

static int setup(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/mailsetup-file.XXXXXX");
	assert_non_null(mkdtemp(root));
	must(host_open(root, &host));
	make_directory("/etc");
	make_directory("/outside");
	make_file("/outside/secret", "secret");
	return 0;
}

static int teardown(void **state)
{
	struct host *all;

	(void)state;
	host_close(host);
	must(host_open("/", &all));
	must(directory_remove_tree(all, root));
	host_close(all);
	assert_int_not_equal(access(root, F_OK), 0);
	return 0;
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

static bool set_user_xattr(const char *path, const char *value)
{
	char full[PATH_MAX];

	real(full, path);
	return setxattr(full, "user.test", value, strlen(value), 0) == 0;
}

static void times_set(const char *path)
{
	const struct timespec times[] = { { .tv_sec = 1000 }, { .tv_sec = 123456789, .tv_nsec = 987654321 } };
	char full[PATH_MAX];

	real(full, path);
	assert_int_equal(utimensat(AT_FDCWD, full, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void same_image(const char *path, const struct file_image *wanted)
{
	CLEAN(file_image) struct file_image now = { 0 };

	must(file_capture(host, path, &now));
	assert_int_equal(now.info.exists, wanted->info.exists);
	assert_int_equal(now.info.mode, wanted->info.mode);
	assert_int_equal(now.info.uid, wanted->info.uid);
	assert_int_equal(now.info.gid, wanted->info.gid);
	assert_int_equal(now.info.mtime.tv_sec, wanted->info.mtime.tv_sec);
	assert_int_equal(now.info.mtime.tv_nsec, wanted->info.mtime.tv_nsec);
	assert_true(bytes_equal(&now.content, &wanted->content));
	assert_true(bytes_equal(&now.xattrs, &wanted->xattrs));
}

static void a_file_comes_back_whole(void **state)
{
	CLEAN(file_image) struct file_image image = { 0 };

	(void)state;
	make_file("/etc/a", "old\n");
	must(file_set_attributes(host, "/etc/a", USER, GROUP, 0640));
	bool xattrs = set_user_xattr("/etc/a", "kept");
	times_set("/etc/a");
	must(file_capture(host, "/etc/a", &image));
	assert_string_equal(bytes_text(&image.content), "old\n");
	assert_int_equal(image.info.mtime.tv_nsec, 987654321);
	if (xattrs)
		assert_memory_equal(image.xattrs.data, "user.test\0\4\0\0\0kept", 18);

	must(file_write(host, "/etc/a", "new", 3, 0, 0, 0600));
	set_user_xattr("/etc/a", "other");
	must(file_restore(host, "/etc/a", &image));
	same_image("/etc/a", &image);
	must(file_remove(host, "/etc/a"));
	must(file_restore(host, "/etc/a", &image));
	same_image("/etc/a", &image);
	make_file("/etc/.a.mailsetup", "half");
	must(file_restore(host, "/etc/a", &image)); /* undoing twice is harmless */
	same_image("/etc/a", &image);
	assert_false(exists("/etc/.a.mailsetup"));
	must(file_remove(host, "/etc/a"));
	make_link("/etc/a", "../outside/secret");
	must(file_restore(host, "/etc/a", &image));
	same_image("/etc/a", &image);
	holds("/outside/secret", "secret");
}

static void setuid_of_others_comes_back(void **state)
{
	CLEAN(file_image) struct file_image image = { 0 };
	char full[PATH_MAX];

	(void)state;
	make_file("/etc/a", "x");
	real(full, "/etc/a");
	assert_int_equal(chown(full, USER, GROUP), 0);
	assert_int_equal(chmod(full, 06755), 0);
	must(file_capture(host, "/etc/a", &image));
	must(file_write(host, "/etc/a", "y", 1, 0, 0, 0600));
	must(file_restore(host, "/etc/a", &image));
	same_image("/etc/a", &image);
}

static void an_inherited_attribute_goes(void **state)
{
	/* version 2; user::rwx group::r-x mask::rwx other::r-x and user:4711:rwx, as setfacl -d writes it */
	static const unsigned char acl[] = { 2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, 2, 0, 7, 0, 0x67, 0x12, 0, 0, 4, 0,
		5, 0, 255, 255, 255, 255, 16, 0, 7, 0, 255, 255, 255, 255, 32, 0, 5, 0, 255, 255, 255, 255 };
	CLEAN(file_image) struct file_image image = { 0 };
	char full[PATH_MAX];

	(void)state;
	make_file("/etc/a", "x");
	must(file_capture(host, "/etc/a", &image));
	real(full, "/etc");
	if (setxattr(full, "system.posix_acl_default", acl, sizeof(acl), 0) < 0)
		skip();
	must(file_remove(host, "/etc/a"));
	must(file_restore(host, "/etc/a", &image));
	same_image("/etc/a", &image);
}

static void damaged_attributes_are_refused(void **state)
{
	char damaged[] = "user.test\0\4\1\0\0kept";
	struct file_image image = {
		.info = { .exists = true, .mode = S_IFREG | 0600 },
		.xattrs = { .data = damaged, .size = sizeof(damaged) - 1 },
	};

	(void)state;
	fails_with(file_restore(host, "/etc/a", &image), ERR_STOPPED, "damaged");
	assert_false(exists("/etc/a"));
	assert_false(exists("/etc/.a.mailsetup"));
}

static void a_directory_comes_back(void **state)
{
	CLEAN(file_image) struct file_image image = { 0 };
	char full[PATH_MAX];

	(void)state;
	make_directory("/etc/d");
	make_file("/etc/d/inside", "kept");
	real(full, "/etc/d");
	assert_int_equal(chown(full, USER, GROUP), 0);
	assert_int_equal(chmod(full, 02775), 0);
	set_user_xattr("/etc/d", "kept");
	times_set("/etc/d");
	must(file_capture(host, "/etc/d", &image));
	assert_int_equal(image.content.size, 0);
	must(file_set_attributes(host, "/etc/d", 0, 0, 0700));
	set_user_xattr("/etc/d", "other");
	must(file_restore(host, "/etc/d", &image));
	same_image("/etc/d", &image);
	holds("/etc/d/inside", "kept");
	must(directory_remove_tree(host, "/etc/d"));
	must(file_restore(host, "/etc/d", &image));
	same_image("/etc/d", &image);
}

static void a_link_comes_back(void **state)
{
	CLEAN(file_image) struct file_image image = { 0 };
	char full[PATH_MAX];

	(void)state;
	make_link("/etc/l", "nowhere");
	real(full, "/etc/l");
	assert_int_equal(lchown(full, USER, GROUP), 0);
	times_set("/etc/l");
	must(file_capture(host, "/etc/l", &image));
	assert_true(S_ISLNK(image.info.mode));
	must(file_remove(host, "/etc/l"));
	make_file("/etc/l", "a file now");
	must(file_restore(host, "/etc/l", &image));
	same_image("/etc/l", &image);
	must(file_remove(host, "/etc/l"));
	make_directory("/etc/l");
	fails_with(file_restore(host, "/etc/l", &image), ERR_CONFLICT, "directory");
}

static void absence_comes_back(void **state)
{
	CLEAN(file_image) struct file_image nothing = { 0 };

	(void)state;
	must(file_capture(host, "/etc/a", &nothing));
	assert_false(nothing.info.exists);
	must(file_write(host, "/etc/a", "x", 1, 0, 0, 0600));
	make_file("/etc/.a.mailsetup", "half");
	must(file_restore(host, "/etc/a", &nothing));
	assert_false(exists("/etc/a"));
	assert_false(exists("/etc/.a.mailsetup"));
	must(file_restore(host, "/etc/a", &nothing));
	make_directory("/etc/a");
	make_file("/etc/a/mail", "theirs");
	fails_with(file_restore(host, "/etc/a", &nothing), ERR_CONFLICT, "not empty");
	holds("/etc/a/mail", "theirs");
	must(file_remove(host, "/etc/a/mail"));
	must(file_restore(host, "/etc/a", &nothing));
	assert_false(exists("/etc/a"));
	must(file_restore(host, "/none/a", &nothing));
}

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

static void created_by_open_is_private(void **state)
{
	CLEAN(fd) int fd = -1;

	(void)state;
	must(file_open(host, "/etc/lock", O_RDWR | O_CREAT, &fd));
	assert_int_equal(look("/etc/lock").st_mode, S_IFREG | 0600);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

static void openat2_is_as_announced(void **state)
{
	(void)state;
	long fd = syscall(__NR_openat2, AT_FDCWD, "/", NULL, 0);

	assert_int_equal(fd, -1);
	if (refuse_openat2_with)
		assert_int_equal(errno, refuse_openat2_with);
}

/* From here on openat2 answers as on an old kernel, or in an old container. */
static void refuse_openat2(unsigned errno_value)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | errno_value),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(*code), .filter = code };

	refuse_openat2_with = errno_value;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
		perror("seccomp");
		_exit(1);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static int run(const char *name)
{
	const struct CMUnitTest tests[] = {
		TEST(openat2_is_as_announced),
		TEST(host_knows_its_root),
		TEST(write_creates_with_owner_and_mode),
		TEST(write_replaces_whole),
		TEST(write_sweeps_the_temporary_of_a_crash),
		TEST(sweep_removes_only_the_temporary),
		TEST(a_link_in_the_middle_is_refused),
		TEST(a_link_at_the_end_is_refused),
		TEST(paths_are_absolute_and_plain),
		TEST(odd_targets_are_refused),
		TEST(special_mode_bits_are_refused),
		TEST(read_knows_its_limit_and_absence),
		TEST(stat_tells_absence),
		TEST(write_needs_its_directory),
		TEST(failed_write_leaves_nothing),
		TEST(attributes_of_files_and_directories),
		TEST(links_are_made_and_replaced),
		TEST(remove_is_about_files),
		TEST(a_file_comes_back_whole),
		TEST(setuid_of_others_comes_back),
		TEST(an_inherited_attribute_goes),
		TEST(damaged_attributes_are_refused),
		TEST(a_directory_comes_back),
		TEST(a_link_comes_back),
		TEST(absence_comes_back),
		TEST(directories_are_made_and_removed),
		TEST(lists_are_sorted),
		TEST(a_tree_goes_and_links_stay_unfollowed),
		TEST(a_bottomless_tree_is_refused),
		TEST(created_by_open_is_private),
	};

	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

static int run_without_openat2(const char *name, unsigned errno_value)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		refuse_openat2(errno_value);
		_exit(run(name) ? 1 : 0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(void)
{
	int failed = run_without_openat2("file, openat2 unknown", ENOSYS);

	failed += run_without_openat2("file, openat2 forbidden", EPERM);
	return failed + run("file");
}
