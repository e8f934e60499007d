#include "tests/unit/unit.h"

#include "host/account.h"

#include <sys/stat.h>
#include <unistd.h>

#include "host/file.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/bash\n"
			     "mail:x:8:8:mail:/var/mail:/usr/sbin/nologin\n"
			     "\n"
			     "broken line\n"
			     "vmail:x:5000:5001::/var/mail/vhosts:/usr/sbin/nologin\n"
			     "rootmail:x:9:8::/nonexistent:/bin/false\n";
static const char groups[] = "root:x:0:\n"
			     "mail:x:8:dovecot,vmail\n"
			     "vmail:x:5001:\n"
			     "mailers:x:12:vmailer\n";

static char root[64];
static struct host *host;

/* Writes its name and arguments to /log beneath the root; fails where there is a file /fail. */
static void make_program(const char *name)
{
	static const char script[] = "#!/bin/sh\necho \"${0##*/} $*\" >>\"$MAILSETUP_ROOT/log\"\n"
				     "[ ! -e \"$MAILSETUP_ROOT/fail\" ] || { echo why it failed >&2; exit 9; }\n";
	CLEAN(free) char *path = text("/bin/%s", name);

	must(file_write(host, path, script, sizeof(script) - 1, 0, 0, 0755));
}

static int setup(void **state)
{
	static const char *const programs[] = { "useradd", "usermod", "userdel", "groupadd", "groupdel", "gpasswd" };

	(void)state;
	snprintf(root, sizeof(root), "/tmp/mailsetup-account.XXXXXX");
	assert_non_null(mkdtemp(root));
	assert_int_equal(chmod(root, 0755), 0);
	must(host_open(root, &host));
	must(directory_make(host, "/etc", 0, 0, 0755));
	must(directory_make(host, "/bin", 0, 0, 0755));
	must(file_write(host, "/etc/passwd", passwd, sizeof(passwd) - 1, 0, 0, 0644));
	must(file_write(host, "/etc/group", groups, sizeof(groups) - 1, 0, 0, 0644));
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++)
		make_program(programs[i]);
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
	return 0;
}

/* What the programs were told since the last look. */
static void told(const char *expected)
{
	CLEAN(bytes) struct bytes log = { 0 };
	struct file_info info;

	must(file_stat(host, "/log", &info));
	if (info.exists)
		must(file_read(host, "/log", 4096, &log));
	assert_string_equal(bytes_text(&log), expected);
	must(file_remove(host, "/log"));
}

static void users_are_found(void **state)
{
	struct user user;
	CLEAN(free) char *name = NULL;
	CLEAN(list) struct list names = { 0 };

	(void)state;
	must(user_find(host, "vmail", &user));
	assert_true(user.exists);
	assert_int_equal(user.uid, 5000);
	assert_int_equal(user.gid, 5001);
	assert_string_equal(user.home, "/var/mail/vhosts");
	assert_string_equal(user.shell, "/usr/sbin/nologin");
	must(user_find(host, "vmai", &user));
	assert_false(user.exists);
	must(user_name_of(host, 8, &name));
	assert_string_equal(name, "mail");
	free(TAKE(name));
	must(user_name_of(host, 4999, &name));
	assert_null(name);
	must(users_list(host, &names));
	assert_int_equal(names.n, 4);
	assert_string_equal(names.v[0], "mail");
	assert_string_equal(names.v[3], "vmail");
}

static void groups_are_found(void **state)
{
	struct group group;
	CLEAN(free) char *name = NULL;
	CLEAN(list) struct list names = { 0 };

	(void)state;
	must(group_find(host, "vmail", &group));
	assert_true(group.exists);
	assert_int_equal(group.gid, 5001);
	must(group_find(host, "none", &group));
	assert_false(group.exists);
	must(group_name_of(host, 8, &name));
	assert_string_equal(name, "mail");
	free(TAKE(name));
	must(group_name_of(host, 4999, &name));
	assert_null(name);
	must(groups_list(host, &names));
	assert_int_equal(names.n, 4);
	assert_string_equal(names.v[1], "mailers");
}

static void members_are_whole_names(void **state)
{
	bool member;

	(void)state;
	must(group_has_member(host, "mail", "vmail", &member));
	assert_true(member);
	must(group_has_member(host, "mailers", "vmail", &member));
	assert_false(member);
	must(group_has_member(host, "none", "vmail", &member));
	assert_false(member);
}

static void a_missing_table_is_an_error(void **state)
{
	struct user user;

	(void)state;
	must(file_remove(host, "/etc/passwd"));
	fails_with(user_find(host, "root", &user), ERR_STOPPED, "/etc/passwd");
}

static void users_are_added_and_deleted(void **state)
{
	(void)state;
	must(user_add(host, "opendkim", ID_ANY, "mail", "/run/opendkim"));
	told("useradd --system --no-create-home --home-dir /run/opendkim --shell /usr/sbin/nologin --gid mail "
	     "opendkim\n");
	must(user_add(host, "courrier", 5005, "vmail", "/var/mail/vhosts"));
	told("useradd --system --no-create-home --home-dir /var/mail/vhosts --shell /usr/sbin/nologin --gid vmail "
	     "--uid 5005 courrier\n");
	must(user_delete(host, "vmail"));
	told("userdel vmail\n");
	must(user_delete(host, "none"));
	told("");
}

static void groups_are_added_and_deleted(void **state)
{
	(void)state;
	must(group_add(host, "a", ID_ANY));
	told("groupadd --system a\n");
	must(group_add(host, "b", 5002));
	told("groupadd --system --gid 5002 b\n");
	must(group_delete(host, "mailers"));
	told("groupdel mailers\n");
	must(group_delete(host, "none"));
	told("");
}

static void members_come_and_go(void **state)
{
	(void)state;
	must(member_add(host, "vmail", "mail"));
	told("usermod -a -G vmail mail\n");
	must(member_add(host, "mail", "vmail"));
	told("");
	must(member_remove(host, "mail", "vmail"));
	told("gpasswd -d vmail mail\n");
	must(member_remove(host, "vmail", "vmail"));
	must(member_remove(host, "none", "vmail"));
	told("");
}

static void a_refusal_is_passed_on(void **state)
{
	(void)state;
	must(file_write(host, "/fail", "", 0, 0, 0, 0600));
	struct error *e = user_add(host, "a", ID_ANY, "mail", "/nonexistent");
	assert_string_equal(error_detail(e), "why it failed\n");
	fails_with(e, ERR_STOPPED, "cannot add the user a: useradd failed: exit status 9");
	fails_with(group_delete(host, "mail"), ERR_STOPPED, "cannot delete the group mail: groupdel failed");
}

static void odd_names_reach_no_program(void **state)
{
	static const char *const odd[] = { "", "-r", "a:b", "a b", "a\nb", "a,b", "caf\xc3\xa9",
		"a23456789012345678901234567890123" };

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		fails_with(user_add(host, odd[i], ID_ANY, "mail", "/x"), ERR_USAGE, "no name");
		fails_with(group_add(host, odd[i], ID_ANY), ERR_USAGE, "no name");
		fails_with(member_add(host, "mail", odd[i]), ERR_USAGE, "no name");
		fails_with(member_add(host, odd[i], "mail"), ERR_USAGE, "no name");
	}
	told("");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(users_are_found),
		TEST(groups_are_found),
		TEST(members_are_whole_names),
		TEST(a_missing_table_is_an_error),
		TEST(users_are_added_and_deleted),
		TEST(groups_are_added_and_deleted),
		TEST(members_come_and_go),
		TEST(a_refusal_is_passed_on),
		TEST(odd_names_reach_no_program),
	};

	return cmocka_run_group_tests_name("account", tests, NULL, NULL);
}
