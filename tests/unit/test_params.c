/* Parameters: one at a time, from a file, together, and as text again. */
#include "tests/unit/unit.h"

#include "engine/params.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define HASH "{SHA512-CRYPT}$6$salt$hash"

static char directory[] = "/tmp/test-params-XXXXXX";
static char *certificate, *config;

static void expect_usage(struct error *e, const char *reason)
{
	fails_with(e, ERR_USAGE, reason);
}

static void expect_values(const struct params *p, const char *name, const char *expected)
{
	CLEAN(list) struct list l = { 0 };
	CLEAN(bytes) struct bytes joined = { 0 };

	params_get(p, name, &l);
	for (size_t i = 0; i < l.n; i++)
		bytes_printf(&joined, "%s%s", i ? " " : "", l.v[i]);
	assert_string_equal(bytes_text(&joined), expected);
}

static void write_file(const char *path, const void *data, size_t size)
{
	CLEAN(fd) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), (ssize_t)size);
}

static struct error *read_text(struct params *p, const char *content)
{
	write_file(config, content, strlen(content));
	return params_read_file(p, config);
}

static int set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(directory));
	certificate = text("%s/cert.pem", directory);
	config = text("%s/server.conf", directory);
	write_file(certificate, "x", 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(certificate);
	unlink(config);
	free(certificate);
	free(config);
	return rmdir(directory);
}

static bool among(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static void specs(void **state)
{
	static const char *const names[] = { "domain", "hostname", "extra-domain", "network", "admin",
		"admin-hash", "dh", "dh-bits", "tls-cert", "tls-key", "selector", "dkim-bits", "inbound-tls",
		"outbound-tls", "no-learn", "hosts-entry", "size-limit", "force-release", "dkim-key", "default-domain" };
	static const char *const flags[] = { "no-learn", "force-release" };
	static const char *const hidden[] = { "admin-hash", "dkim-key", "default-domain" };
	static const char *const repeatable[] = { "extra-domain", "network", "dkim-key" };

	(void)state;
	assert_int_equal(param_count, sizeof(names) / sizeof(*names));
	for (size_t i = 0; i < param_count; i++) {
		const struct param_spec *s = &param_specs[i];

		assert_string_equal(s->name, names[i]);
		assert_true(s->key > 256);
		assert_int_equal(s->hidden, among(s->name, hidden, 3));
		assert_int_equal(s->argument == NULL, among(s->name, flags, 2));
		assert_int_equal(s->repeatable, among(s->name, repeatable, 3));
		assert_true(s->hidden || strlen(s->help) > 10);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(s->key, param_specs[j].key);
	}
}

static void expect_selectors(const struct params *p, const char *domain, const char *expected)
{
	CLEAN(list) struct list selectors = { 0 };
	CLEAN(bytes) struct bytes joined = { 0 };

	params_selectors(p, domain, &selectors);
	for (size_t i = 0; i < selectors.n; i++)
		bytes_printf(&joined, "%s%s", i ? " " : "", selectors.v[i]);
	assert_string_equal(bytes_text(&joined), expected);
	assert_string_equal(params_signing_selector(p, domain), selectors.v[0]);
}

/* The first one signs; a domain that has none of its own takes --selector's; a domain is no start of another. */
static void selectors(void **state)
{
	CLEAN(params) struct params p;
	CLEAN(list) struct list two = { 0 }, one = { 0 };

	(void)state;
	params_init(&p);
	must(params_set(&p, "domain", "exemple.fr"));
	must(params_set(&p, "extra-domain", "toto.fr"));
	expect_selectors(&p, "toto.fr", "mail");
	list_add(&two, "mail");
	list_add(&two, "mail2");
	list_add(&one, "mail2");
	must(params_set_selectors(&p, "toto.fr", &two));
	expect_selectors(&p, "toto.fr", "mail mail2");
	expect_selectors(&p, "exemple.fr", "mail");
	expect_selectors(&p, "oto.fr", "mail");
	expect_selectors(&p, "toto.f", "mail");
	must(params_set(&p, "selector", "s1"));
	expect_selectors(&p, "toto.fr", "mail mail2");
	expect_selectors(&p, "exemple.fr", "s1");
	must(params_set_selectors(&p, "exemple.fr", &two));
	must(params_set_selectors(&p, "toto.fr", &one));
	expect_selectors(&p, "toto.fr", "mail2");
	expect_selectors(&p, "exemple.fr", "mail mail2");
	must(params_complete(&p));
}

static void defaults(void **state)
{
	CLEAN(params) struct params p;

	(void)state;
	params_init(&p);
	assert_int_equal(p.dh_bits, 4096);
	assert_int_equal(p.dkim_bits, 4096);
	assert_int_equal(p.size_limit, 31457280);
	assert_string_equal(p.selector, "mail");
	assert_string_equal(p.inbound_tls, "encrypt");
	assert_string_equal(p.outbound_tls, "encrypt");
	for (size_t i = 0; i < param_count; i++)
		expect_values(&p, param_specs[i].name, "");
	expect_values(&p, "nonsense", "");
}

/* result NULL: refused, with reason. */
static const struct {
	const char *name, *value, *result, *reason;
} settings[] = {
	{ "domain", "Été.fr.", "xn--t-9fab.fr", NULL },
	{ "domain", "exemple", NULL, "--domain exemple: “exemple” has one label" },
	{ "domain", "a\nb", NULL, "--domain a\\x0Ab: “a\\x0Ab”" },
	{ "domain", "none", NULL, "has one label" },
	{ "hostname", "Mail.exemple.fr", "mail.exemple.fr", NULL },
	{ "hostname", "192.0.2.1", NULL, "--hostname 192.0.2.1: “192.0.2.1” is an IP address" },
	{ "extra-domain", "deux.fr", "deux.fr", NULL },
	{ "extra-domain", "co.uk", NULL, "public suffix" },
	{ "extra-domain", "none", "none", NULL },
	{ "network", "2001:db8::/48", "[2001:db8::]/48", NULL },
	{ "network", "0.0.0.0/0", NULL, "wider than" },
	{ "admin", "Jeanne@exemple.fr", "jeanne@exemple.fr", NULL },
	{ "admin", "none", "none", NULL },
	{ "admin", "jeanne", NULL, "has no @" },
	{ "admin-hash", HASH, HASH, NULL },
	{ "admin-hash", "none", "none", NULL },
	{ "admin-hash", "{PLAIN}x", NULL, "--admin-hash: this is no {SHA512-CRYPT} hash" },
	{ "admin-hash", HASH "\n", NULL, "--admin-hash: this is no {SHA512-CRYPT} hash" },
	{ "dh", "generate", "generate", NULL },
	{ "dh", "ffdhe", "ffdhe", NULL },
	{ "dh", "yes", NULL, "“yes” is neither ffdhe nor generate" },
	{ "dh-bits", "2048", "2048", NULL },
	{ "dh-bits", "2056", "2056", NULL },
	{ "dh-bits", "1024", NULL, "2048 to 8192" },
	{ "dh-bits", "8200", NULL, "2048 to 8192" },
	{ "dh-bits", "2049", NULL, "in steps of 8" },
	{ "dh-bits", "-2048", NULL, "2048 to 8192" },
	{ "dh-bits", "4096 ", NULL, "2048 to 8192" },
	{ "dh-bits", "18446744073709555712", NULL, "2048 to 8192" },
	{ "dh-bits", "", NULL, "2048 to 8192" },
	{ "selector", "S1.Mail", "s1.mail", NULL },
	{ "selector", "a/b", NULL, "holds /" },
	{ "dkim-key", "Exemple.fr:S1", "exemple.fr:s1", NULL },
	{ "dkim-key", "exemple.fr:", NULL, "selector is empty" },
	{ "dkim-key", "exemple.fr", NULL, "selector is empty" },
	{ "dkim-key", ":mail", NULL, "domain" },
	{ "dkim-bits", "3072", "3072", NULL },
	{ "dkim-bits", "1024", NULL, "2048, 3072 or 4096 bits: receivers distrust less" },
	{ "dkim-bits", "8192", NULL, "2048, 3072 or 4096" },
	{ "inbound-tls", "may", "may", NULL },
	{ "inbound-tls", "none", NULL, "neither encrypt nor may" },
	{ "outbound-tls", "encrypt", "encrypt", NULL },
	{ "outbound-tls", "MAY", NULL, "neither encrypt nor may" },
	{ "no-learn", "yes", "yes", NULL },
	{ "no-learn", "no", "no", NULL },
	{ "no-learn", "maybe", NULL, "neither yes nor no" },
	{ "hosts-entry", "2001:DB8::1", "2001:db8::1", NULL },
	{ "hosts-entry", "exemple.fr", NULL, "is no IP address" },
	{ "size-limit", "31457280", "31457280", NULL },
	{ "size-limit", "30M", "31457280", NULL },
	{ "size-limit", "2048k", "2097152", NULL },
	{ "size-limit", "1G", "1073741824", NULL },
	{ "size-limit", "2147483647", "2147483647", NULL },
	{ "size-limit", "2G", NULL, "between 1M and 2G" },
	{ "size-limit", "1023K", NULL, "between 1M and 2G" },
	{ "size-limit", "0", NULL, "between 1M and 2G" },
	{ "size-limit", "999999999999999G", NULL, "between 1M and 2G" },
	{ "size-limit", "1.5G", NULL, "a size is a number" },
	{ "size-limit", "30MB", NULL, "a size is a number" },
	{ "size-limit", "-1", NULL, "a size is a number" },
	{ "size-limit", "M", NULL, "a size is a number" },
	{ "size-limit", "30 M", NULL, "a size is a number" },
	{ "size-limit", "", NULL, "a size is a number" },
	{ "tls-cert", "none", "none", NULL },
	{ "tls-cert", "/nowhere/cert.pem", NULL,
		"--tls-cert /nowhere/cert.pem: cannot find the file “/nowhere/cert.pem”" },
	{ "tls-key", "/tmp", NULL, "“/tmp” is no regular file" },
	{ "tls-key", "/dev/null", NULL, "is no regular file" },
	{ "tls-key", "", NULL, "cannot find the file" },
	{ "nonsense", "x", NULL, "“nonsense” is no parameter" },
	{ "Domain", "exemple.fr", NULL, "“Domain” is no parameter" },
};

static void values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		CLEAN(params) struct params p, again;

		params_init(&p);
		params_init(&again);
		struct error *e = params_set(&p, settings[i].name, settings[i].value);
		if (settings[i].result) {
			must(e);
			expect_values(&p, settings[i].name, settings[i].result);
			/* What comes out goes in again. */
			must(params_set(&again, settings[i].name, settings[i].result));
			expect_values(&again, settings[i].name, settings[i].result);
			continue;
		}
		if (!e)
			fail_msg("--%s \"%s\" was accepted", settings[i].name, settings[i].value);
		expect_usage(e, settings[i].reason);
		expect_values(&p, settings[i].name, "");
	}
}

static void last_value_wins(void **state)
{
	CLEAN(params) struct params p;

	(void)state;
	params_init(&p);
	must(params_set(&p, "dh", "generate"));
	assert_true(p.dh_generate);
	must(params_set(&p, "dh", "ffdhe"));
	assert_false(p.dh_generate);
	must(params_set(&p, "selector", "s1"));
	must(params_set(&p, "selector", "s2"));
	assert_string_equal(p.selector, "s2");
	must(params_set(&p, "size-limit", "2M"));
	assert_int_equal(p.size_limit, 2097152);
	must(params_set(&p, "admin", "a@exemple.fr"));
	must(params_set(&p, "admin", "none"));
	assert_null(p.admin);
	/* A refused value leaves the good one. */
	expect_usage(params_set(&p, "selector", "-"), "hyphen");
	assert_string_equal(p.selector, "s2");
}

static void lists(void **state)
{
	CLEAN(params) struct params p;
	CLEAN(list) struct list domains = { 0 };

	(void)state;
	params_init(&p);
	must(params_set(&p, "domain", "exemple.fr"));
	must(params_set(&p, "extra-domain", "deux.fr"));
	must(params_set(&p, "extra-domain", "DEUX.fr."));
	must(params_set(&p, "extra-domain", "trois.fr"));
	must(params_set(&p, "extra-domain", "exemple.fr"));
	expect_values(&p, "extra-domain", "deux.fr trois.fr exemple.fr");
	must(params_complete(&p));
	params_domains(&p, &domains);
	assert_int_equal(domains.n, 3);
	assert_string_equal(domains.v[0], "exemple.fr");
	assert_string_equal(domains.v[2], "trois.fr");
	must(params_set(&p, "extra-domain", "none"));
	assert_int_equal(p.extra_domains.n, 0);
	expect_values(&p, "extra-domain", "none");
}

static void files(void **state)
{
	CLEAN(params) struct params p;
	CLEAN(free) char *link_path = text("%s/link.pem", directory);
	char before[PATH_MAX];

	(void)state;
	params_init(&p);
	must(params_set(&p, "tls-cert", certificate));
	assert_string_equal(p.tls_cert, certificate);

	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir(directory), 0);
	must(params_set(&p, "tls-key", "cert.pem"));
	assert_int_equal(chdir(before), 0);
	assert_string_equal(p.tls_key, certificate);

	assert_int_equal(symlink("cert.pem", link_path), 0);
	/* Kept as a link: what it points to changes at each renewal. */
	must(params_set(&p, "tls-cert", link_path));
	assert_string_equal(p.tls_cert, link_path);
	unlink(link_path);
}

/* A file that has gone must not stop whoever only wants to roll back. */
static void restored_files(void **state)
{
	CLEAN(params) struct params p;

	(void)state;
	params_init(&p);
	must(params_restore(&p, "tls-cert", "/nowhere/cert.pem"));
	expect_values(&p, "tls-cert", "/nowhere/cert.pem");
	expect_usage(params_restore(&p, "tls-key", "relative"), "is no absolute path");
	expect_usage(params_restore(&p, "tls-key", "/a\nb"), "control character");
	expect_usage(params_restore(&p, "domain", "exemple"), "has one label");
}

static void complete(void **state)
{
	CLEAN(params) struct params p;

	(void)state;
	params_init(&p);
	expect_usage(params_complete(&p), "--domain is missing; say for example --domain exemple.fr");
	must(params_set(&p, "domain", "exemple.fr"));
	must(params_complete(&p));
	assert_string_equal(p.hostname, "mail.exemple.fr");
	expect_values(&p, "hostname", "");
	must(params_complete(&p));

	must(params_set(&p, "hostname", "exemple.fr"));
	expect_usage(params_complete(&p), "--hostname exemple.fr is a mail domain too");
	must(params_set(&p, "hostname", "mail.exemple.fr"));
	must(params_set(&p, "extra-domain", "mail.exemple.fr"));
	expect_usage(params_complete(&p), "--hostname mail.exemple.fr is a mail domain too");
	must(params_set(&p, "extra-domain", "none"));

	must(params_set(&p, "admin", "a@deux.fr"));
	expect_usage(params_complete(&p), "--admin a@deux.fr is not in a domain of this server");
	must(params_set(&p, "extra-domain", "deux.fr"));
	must(params_set(&p, "admin-hash", HASH));
	must(params_complete(&p));
	assert_string_equal(p.admin_hash, HASH);
	must(params_set(&p, "admin", "none"));
	must(params_complete(&p));
	assert_null(p.admin_hash);

	must(params_set(&p, "tls-cert", certificate));
	expect_usage(params_complete(&p), "--tls-cert needs its private key");
	must(params_set(&p, "tls-key", certificate));
	must(params_complete(&p));
	must(params_set(&p, "tls-cert", "none"));
	expect_usage(params_complete(&p), "--tls-key needs its certificate");
	must(params_set(&p, "tls-key", "none"));

	must(params_set(&p, "dh-bits", "2056"));
	expect_usage(params_complete(&p), "--dh-bits 2056: RFC 7919 has groups of");
	must(params_set(&p, "dh", "generate"));
	must(params_complete(&p));
	must(params_set(&p, "dh", "ffdhe"));
	must(params_set(&p, "dh-bits", "8192"));
	must(params_complete(&p));
}

static void complete_long_names(void **state)
{
#define L60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	CLEAN(params) struct params p;

	(void)state;
	params_init(&p);
	must(params_set(&p, "domain", L60 "." L60 "." L60 "." L60 ".fr"));
	must(params_set(&p, "hostname", "mail.exemple.fr"));
	expect_usage(params_complete(&p), "--selector mail: its name in the DNS");
	must(params_set(&p, "domain", L60 "." L60 "." L60 "." L60 ".abcdef"));
	free(p.hostname);
	p.hostname = NULL;
	expect_usage(params_complete(&p), "--hostname is missing, and its default does not fit");
}

static void config_file(void **state)
{
	CLEAN(params) struct params p;

	(void)state;
	params_init(&p);
	must(read_text(&p, "# a server\n\n  domain = Exemple.fr  # the main one\r\nextra-domain=deux.fr\n"
			   "extra-domain =\ttrois.fr\n\tno-learn\nsize-limit = 10M"));
	assert_string_equal(p.domain, "exemple.fr");
	expect_values(&p, "extra-domain", "deux.fr trois.fr");
	assert_true(p.no_learn);
	assert_int_equal(p.size_limit, 10485760);
}

static void config_file_comes_second(void **state)
{
	CLEAN(params) struct params p;

	(void)state;
	params_init(&p);
	must(params_set(&p, "domain", "exemple.fr"));
	must(params_set(&p, "extra-domain", "deux.fr"));
	must(params_set(&p, "dh", "ffdhe"));
	must(read_text(&p, "domain = autre.fr\nextra-domain = trois.fr\ndh = generate\nselector = s1\n"));
	assert_string_equal(p.domain, "exemple.fr");
	expect_values(&p, "extra-domain", "deux.fr");
	assert_false(p.dh_generate);
	assert_string_equal(p.selector, "s1");
	/* Overridden or not, a line must be good. */
	expect_usage(read_text(&p, "domain = autre\n"), "has one label");
}

static void expect_config_error(const char *content, const char *line, const char *reason)
{
	CLEAN(params) struct params p;
	CLEAN(free) char *place = text("%s:%s: ", config, line);

	params_init(&p);
	struct error *e = read_text(&p, content);
	assert_non_null(e);
	if (!starts_with(error_message(e), place))
		fail_msg("\"%s\" does not begin with \"%s\"", error_message(e), place);
	expect_usage(e, reason);
}

static void config_errors(void **state)
{
	CLEAN(free) char *long_line = allocate(4200);

	(void)state;
	expect_config_error("domain = exemple.fr\n\nfoo = 1\n", "3", "“foo” is no parameter");
	expect_config_error("foo\n", "1", "“foo” is no parameter");
	expect_config_error("= x\n", "1", "“” is no parameter");
	expect_config_error("admin-hash = " HASH "\n", "1", "“admin-hash” is no parameter");
	expect_config_error("domain\n", "1", "domain has no value; write domain = DOMAIN");
	expect_config_error("domain =\n", "1", "the mail domain is empty");
	expect_config_error("domain = a.fr\ndomain = b.fr\n", "2", "for the second time");
	expect_config_error("#\n#\ndomain = \"exemple.fr\"\n", "3", "holds \"");
	expect_config_error("domain exemple.fr\n", "1", "“domain exemple.fr” is no parameter");
	expect_config_error("\x1b[31m = 1\n", "1", "“\\x1B[31m” is no parameter");
	memset(long_line, '#', 4098);
	expect_config_error(long_line, "1", "more than 4096 bytes");
}

static void config_unreadable(void **state)
{
	static const char nul[] = "selector = s1\ndomain = exemple.fr\0.evil\n";
	CLEAN(params) struct params p;
	CLEAN(bytes) struct bytes big = { 0 };

	(void)state;
	params_init(&p);
	write_file(config, nul, sizeof(nul) - 1);
	expect_usage(params_read_file(&p, config), ":2: the line holds a NUL byte");
	while (big.size <= 65536)
		bytes_add_text(&big, "# nothing\n");
	expect_usage(read_text(&p, big.data), "more than 64 KiB");
	expect_usage(params_read_file(&p, "/dev/zero"), "is not a regular file");
	expect_usage(params_read_file(&p, directory), "is not a regular file");
	expect_usage(params_read_file(&p, "/nowhere/x"), "cannot open the config file /nowhere/x");
	must(read_text(&p, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(specs),
		cmocka_unit_test(selectors),
		cmocka_unit_test(defaults),
		cmocka_unit_test(values),
		cmocka_unit_test(last_value_wins),
		cmocka_unit_test(lists),
		cmocka_unit_test(files),
		cmocka_unit_test(restored_files),
		cmocka_unit_test(complete),
		cmocka_unit_test(complete_long_names),
		cmocka_unit_test(config_file),
		cmocka_unit_test(config_file_comes_second),
		cmocka_unit_test(config_errors),
		cmocka_unit_test(config_unreadable),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
