#include "tests/unit/root.h"

#include <fcntl.h>
#include <sys/xattr.h>

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

static int run(const char *name)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_comes_back_whole),
		TEST(setuid_of_others_comes_back),
		TEST(an_inherited_attribute_goes),
		TEST(damaged_attributes_are_refused),
		TEST(a_directory_comes_back),
		TEST(a_link_comes_back),
		TEST(absence_comes_back),
	};

	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
	return run_thrice(run);
}
