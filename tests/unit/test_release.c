#include "engine/release.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

struct root {
	char path[64];
	struct host *host;
};

/* What dpkg-query has of the packages, and apt-cache of those that it is asked for. */
static void put_machine(const struct root *r, const char *os, const char *installed, const char *candidates)
{
	CLEAN(free) char *query = text("#!/bin/sh\nprintf '%s'\nexit 1\n", installed);
	CLEAN(free) char *cache = text("#!/bin/sh\necho \"$*\" >%s/asked\nprintf '%s'\nexit 100\n", r->path, candidates);

	put(r->path, "/usr/lib/os-release", os, 0644);
	put(r->path, "/usr/bin/dpkg-query", query, 0755);
	put(r->path, "/usr/bin/apt-cache", cache, 0755);
}

static int set_up(void **state)
{
	struct root *r = allocate(sizeof(*r));

	snprintf(r->path, sizeof(r->path), "/tmp/test_release.XXXXXX");
	assert_non_null(mkdtemp(r->path));
	assert_null(host_open(r->path, &r->host));
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	struct root *r = *state;

	remove_tree(r->path);
	host_close(r->host);
	free(r);
	return 0;
}

static const char bullseye[] = "ID=debian\nVERSION_ID=\"11\"\nVERSION_CODENAME=bullseye\n";
static const char trixie[] = "ID=debian\nVERSION_ID=\"13\"\nVERSION_CODENAME=trixie\n";
static const char sid[] = "ID=debian\nVERSION_CODENAME=sid\n";

static void test_versions(void **state)
{
	static const struct {
		const char *version, *number;
		bool reaches;
	} cases[] = {
		{ "3.10.13-0+deb13u1", "3.9", true },
		{ "3.5.25-0+deb11u1", "3.9", false },
		{ "3.9", "3.9", true },
		{ "1:2.3.19.1+dfsg1-2.1", "2.4", false },
		{ "1:2.4.1+dfsg1-6+deb13u7", "2.4", true },
		{ "1:3.0~alpha", "2.4", true },
		{ "1.1.1w-0+deb11u1", "3.0", false },
		{ "4", "4.0", true },
		{ "4", "4.1", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(version_reaches(cases[i].version, cases[i].number), cases[i].reaches);
	CLEAN(free) char *known = releases_known();
	assert_string_equal(known, "11, 12, 13");
}

static void test_a_bare_machine_without_lists(void **state)
{
	const struct root *r = *state;
	struct release release;

	put_machine(r, bullseye, "", "");
	must(release_read(r->host, &release));
	assert_true(release.known && release.ended && !release.guessed);
	assert_string_equal(release.compatibility_level, "2");
	assert_string_equal(release.dovecot_tree, "");
	assert_string_equal(release.spamd_unit, "spamassassin.service");
	assert_null(release.spamd_package);
	assert_true(ends_with(release.resolvconf_left, "/postfix-resolvconf.service.dsh-also"));
	put_machine(r, trixie, "", "");
	must(release_read(r->host, &release));
	assert_true(release.known && !release.ended && !release.guessed);
	assert_string_equal(release.dovecot_tree, "/dovecot-2.4");
	assert_string_equal(release.postfix_daemon, "postfix.service");
	assert_string_equal(release.dh_parameter, "");
	assert_string_equal(release.spamd_package, "spamd");
	assert_null(release.resolvconf_left);
}

/* Installed counts before what apt would install, and both before what the release usually has. */
static void test_packages_decide(void **state)
{
	const struct root *r = *state;
	CLEAN(free) char *asked = text("%s/asked", r->path);
	struct release release;
	char words[256] = "";

	put_machine(r, bullseye, "installed postfix 3.10.1-1~bpo11+1\\nconfig-files openssl 3.5.0-1\\nunpacked spamassassin 4.0.1-5\\n",
		"Package: dovecot-core\\nVersion: 1:2.4.1-1\\n\\n");
	must(release_read(r->host, &release));
	assert_string_equal(release.postfix_daemon, "postfix.service");
	assert_string_equal(release.submissions, "submissions");
	assert_string_equal(release.dovecot_tree, "/dovecot-2.4");
	assert_string_equal(release.spamd_unit, "spamd.service");
	assert_string_not_equal(release.dh_parameter, "");
	CLEAN(fd) int fd = open(asked, O_RDONLY);
	assert_true(fd >= 0 && read(fd, words, sizeof(words) - 1) > 0);
	assert_string_equal(words, "--no-all-versions show dovecot-core openssl\n");
}

static void test_an_unknown_release(void **state)
{
	const struct root *r = *state;
	struct release release;

	put_machine(r, sid, "", "");
	must(release_read(r->host, &release));
	assert_true(!release.known && release.guessed && !release.ended);
	assert_string_equal(release.dovecot_tree, "/dovecot-2.4");
	put_machine(r, sid,
		"installed postfix 3.7.1-1\\ninstalled dovecot-core 1:2.3.19\\ninstalled openssl 3.0.1\\ninstalled spamassassin 4.0.0-1\\n", "");
	must(release_read(r->host, &release));
	assert_true(!release.known && !release.guessed);
	assert_string_equal(release.dovecot_tree, "");
	assert_string_equal(release.bare_newline, "yes");
	/* Another distribution's 11 is not Debian's. */
	put_machine(r, "ID=devuan\nVERSION_ID=\"11\"\n", "", "");
	must(release_read(r->host, &release));
	assert_false(release.known);
}

static void test_named(void **state)
{
	static const char *const words[] = { "13", "trixie", "Trixie" };
	struct release release;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		must(release_named(words[i], &release));
		assert_string_equal(release.os.version, "13");
		assert_string_equal(release.dovecot_tree, "/dovecot-2.4");
		assert_true(release.known && !release.guessed);
	}
	fails_with(release_named("14", &release), ERR_USAGE, "14: no release of Debian that mailsetup knows; those are 11, 12, 13");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_named),
		cmocka_unit_test_setup_teardown(test_a_bare_machine_without_lists, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_packages_decide, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_an_unknown_release, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("release", tests, NULL, NULL);
}
