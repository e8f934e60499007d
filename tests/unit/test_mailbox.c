#include "tests/unit/unit.h"

#include "checks/mailbox.h"
#include "ensure/asset.h"
#include "mail/accounts.h"
#include "mail/mailbox.h"

#include <sys/stat.h>

static void test_addresses_beside(void **state)
{
	CLEAN(free) char *alias = test_address(MAILBOX_PREFIX "00ff@exemple.fr", TEST_ALIAS);
	CLEAN(free) char *refusal = test_refusal(MAILBOX_PREFIX "00ff@exemple.fr");

	(void)state;
	assert_string_equal(alias, MAILBOX_PREFIX "00ff-alias@exemple.fr");
	assert_string_equal(refusal, MAILBOX_PREFIX "00ff");
}

/* A machine with a database and no mail in it. */
static void make_machine(char *root, struct host **ret)
{
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(bytes) struct bytes schema = { 0 };

	assert_non_null(mkdtemp(root));
	put_folder(root, "/run");
	put_folder(root, MAILBOX_ROOT "/exemple.fr");
	put(root, ACCOUNTS_PATH, "", 0600);
	must(host_open(root, ret));
	must(accounts_open(*ret, false, &a));
	must(asset_render("", "/etc/postfix/postfix.sql", NULL, &schema));
	must(accounts_create_schema(a, bytes_text(&schema)));
}

static size_t accounts_now(struct host *h, const char *address, bool *ret_active)
{
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(list) struct list users = { 0 };

	must(accounts_open(h, true, &a));
	must(accounts_users(a, &users));
	*ret_active = false;
	if (list_has(&users, address))
		must(accounts_user_is_active(a, address, ret_active));
	return users.n;
}

/* Mail that its owner cannot remove: the account stays, switched off, so that the next verification finds it. */
static void test_a_mailbox_that_stays_is_found_again(void **state)
{
	struct test_mailbox m = { .lock = -1 };
	char root[] = "/tmp/test_mailbox.XXXXXX";
	CLEAN(host_close) struct host *h = NULL;
	bool active;

	(void)state;
	make_machine(root, &h);
	must(test_mailbox_make(h, "exemple.fr", &m));
	CLEAN(free) char *address = text_copy(m.address);
	CLEAN(free) char *below = mailbox_directory(address);
	CLEAN(free) char *maildir = text("%s%s", root, below);
	CLEAN(free) char *full = text("%s/new", maildir);
	assert_int_equal(accounts_now(h, address, &active), 1);
	assert_true(active);
	/* Of another owner, and not empty. */
	assert_int_equal(mkdir(maildir, 0755) | mkdir(full, 0755), 0);

	says(test_mailbox_remove(h, &m), getuid() ? "the mailboxes' user" : "cannot remove");
	assert_int_equal(accounts_now(h, address, &active), 1);
	assert_false(active);

	remove_tree(maildir);
	must(test_mailbox_make(h, "exemple.fr", &m));
	assert_string_not_equal(m.address, address);
	assert_int_equal(accounts_now(h, m.address, &active), 1);
	must(test_mailbox_remove(h, &m));
	assert_int_equal(accounts_now(h, address, &active), 0);
	remove_tree(root);
}

static void own(const char *path)
{
	assert_int_equal(chown(path, MAILBOX_ID, MAILBOX_ID), 0);
}

/* What stopped it is told in its own words. */
static void test_why_a_mailbox_stays(void **state)
{
	char root[] = "/tmp/test_mailbox.XXXXXX";
	CLEAN(host_close) struct host *h = NULL;

	(void)state;
	if (getuid())
		skip();
	make_machine(root, &h);
	CLEAN(free) char *domain = text("%s" MAILBOX_ROOT "/exemple.fr", root);
	CLEAN(free) char *maildir = text("%s/a", domain);
	CLEAN(free) char *path = text_copy(maildir);
	own(domain);
	assert_int_equal(chmod(root, 0755), 0);
	assert_int_equal(mkdir(maildir, 0755), 0);
	own(maildir);
	/* Deeper than any mailbox: an error that has no errno. */
	for (int i = 0; i < 300; i++) {
		char *deeper = text("%s/d", path);

		free(path);
		path = deeper;
		assert_int_equal(mkdir(path, 0755), 0);
		own(path);
	}
	says(mailbox_remove(h, "a@exemple.fr"), "directories deep");
	remove_tree(maildir);
	assert_int_equal(mkdir(maildir, 0755), 0);
	own(maildir);
	must(mailbox_remove(h, "a@exemple.fr"));
	assert_int_not_equal(access(maildir, F_OK), 0);
	remove_tree(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_beside),
		cmocka_unit_test(test_a_mailbox_that_stays_is_found_again),
		cmocka_unit_test(test_why_a_mailbox_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
