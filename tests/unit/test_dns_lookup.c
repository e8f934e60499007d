#include "tests/unit/nameserver.h"

#include <sched.h>
#include <sys/mount.h>

static void expect_answer(const char *name, const char *type, const char *expected)
{
	CLEAN(list) struct list l = { 0 };
	CLEAN(bytes) struct bytes joined = { 0 };
	const char *reason = "unset";
	enum dns_state found = dns_lookup(dns.server, name, type, 10, &l, &reason);

	if (found == DNS_UNKNOWN)
		fail_msg("%s %s: %s", name, type, reason);
	assert_null(reason);
	list_sort(&l);
	for (size_t i = 0; i < l.n; i++)
		bytes_printf(&joined, "%s%s", i ? "|" : "", l.v[i]);
	assert_string_equal(bytes_text(&joined), expected);
	assert_int_equal(found, *expected ? DNS_FOUND : DNS_NONE);
}

static void lookups(void **state)
{
	(void)state;
	if (!dns.pid)
		skip();
	expect_answer("mail.exemple.fr", "A", "192.0.2.10");
	expect_answer("MAIL.exemple.fr.", "A", "192.0.2.10");
	expect_answer("mail.exemple.fr", "AAAA", "2001:db8::10");
	expect_answer("exemple.fr", "MX", "10 mail.exemple.fr|20 secours.exemple.fr");
	expect_answer("exemple.fr", "TXT", "v=spf1 mx -all");
	expect_answer("long.exemple.fr", "TXT", A60 A60 A60 A60 A60);
	expect_answer("alias.exemple.fr", "A", "192.0.2.10");
	expect_answer("192.0.2.10", "PTR", "mail.exemple.fr");
	expect_answer("2001:db8::10", "PTR", "mail.exemple.fr");
	expect_answer("nulle-part.exemple.fr", "A", "");
	expect_answer("exemple.fr", "AAAA", "");
	expect_answer("192.0.2.11", "PTR", "");
	/* Names and networks that the library would answer for itself. */
	expect_answer("x.test", "A", "192.168.1.9");
	expect_answer("192.168.1.9", "PTR", "x.test");
}

static void expect_unknown(const char *server, const char *name, const char *type, const char *expected)
{
	CLEAN(list) struct list l = { 0 };
	const char *reason = NULL;

	assert_int_equal(dns_lookup(server, name, type, 1, &l, &reason), DNS_UNKNOWN);
	assert_int_equal(l.n, 0);
	assert_non_null(reason);
	if (!strstr(reason, expected))
		fail_msg("\"%s\" does not say \"%s\"", reason, expected);
}

static void refused(void **state)
{
	(void)state;
	if (!dns.pid)
		skip();
	/* dnsmasq has no server of its own to pass this on to. */
	expect_unknown(dns.server, "dehors.example", "A", "gave no answer (SERVFAIL)");
}

static void malformed_questions(void **state)
{
	(void)state;
	expect_unknown("127.0.0.1", "exemple.fr", "AXFR", "not supported");
	expect_unknown("127.0.0.1", "exemple.fr", "PTR", "not an IP address");
	expect_unknown("exemple.fr", "exemple.fr", "A", "address is malformed");
	expect_unknown("127.0.0.1", "a..fr", "A", "");
	expect_unknown("127.0.0.1", A60 A60 ".fr", "A", "");
}

static void silence(void **state)
{
	struct timespec before, after;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &before);
	expect_unknown(dns.dead, "exemple.fr", "A", "no answer in time");
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec <= 3);
}

/* In a mount namespace of its own, /etc/resolv.conf is another file. */
static int with_resolv_conf(const char *content, const char *expected_reason)
{
	char path[] = "/tmp/test-dns-XXXXXX";
	CLEAN(fd) int fd = mkstemp(path);
	CLEAN(list) struct list l = { 0 };
	const char *reason = "";

	if (fd < 0 || write(fd, content, strlen(content)) != (ssize_t)strlen(content))
		return 2;
	bool mounted = unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		       mount(path, "/etc/resolv.conf", NULL, MS_BIND, NULL) == 0;
	unlink(path);
	if (!mounted)
		return 77;
	enum dns_state found = dns_lookup(NULL, "mail.exemple.fr", "A", 1, &l, &reason);
	return found == DNS_UNKNOWN && strcmp(reason, expected_reason) == 0 ? 0 : 1;
}

static void no_resolver(void **state)
{
	static const char *const contents[] = { "", "# nameserver 192.0.2.1\nsearch exemple.fr\n",
		"nameserver" };
	static const char expected[] = "no resolver in /etc/resolv.conf";

	(void)state;
	for (size_t i = 0; i < sizeof(contents) / sizeof(*contents); i++) {
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (!pid)
			_exit(with_resolv_conf(contents[i], expected));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) == 77) {
			print_message("no mount namespace can be made here: skipped\n");
			skip();
		}
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lookups),
		cmocka_unit_test(refused),
		cmocka_unit_test(malformed_questions),
		cmocka_unit_test(silence),
		cmocka_unit_test(no_resolver),
	};

	return cmocka_run_group_tests(tests, start_dns, stop_dns);
}
