/* Names: the allow-list grammar against names that mean harm, and the spellings that are the same name. */
#include "tests/unit/unit.h"

#include "mail/name.h"

typedef struct error *normalise(const char *s, char **ret);

/* result is the normalised name; where it is NULL the name is refused with a message that holds reason. */
struct row {
	const char *name;
	const char *result;
	const char *reason;
};

#define A10  "aaaaaaaaaa"
#define A60  A10 A10 A10 A10 A10 A10
#define L63  A60 "aaa"
#define N253 L63 "." L63 "." L63 "." A60 "a" /* 3 * 64 + 61 */

static void check_rows(normalise *f, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CLEAN(free) char *result = NULL;
		struct error *e = f(rows[i].name, &result);

		if (rows[i].result) {
			if (e)
				fail_msg("%s: %s", rows[i].name, error_message(e));
			assert_string_equal(result, rows[i].result);
			continue;
		}
		if (!e)
			fail_msg("\"%s\" was accepted as %s", rows[i].name, result);
		assert_int_equal(error_code(e), ERR_USAGE);
		if (!strstr(error_message(e), rows[i].reason))
			fail_msg("\"%s\": \"%s\" does not say \"%s\"", rows[i].name, error_message(e),
				rows[i].reason);
		for (const char *p = error_message(e); *p; p++)
			assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
		error_free(e);
		assert_null(result);
	}
}
#define CHECK_ROWS(f, rows) check_rows(f, rows, sizeof(rows) / sizeof(*(rows)))

static void domains(void **state)
{
	static const struct row rows[] = {
		{ "exemple.fr", "exemple.fr", NULL },
		{ "dehors.example", "dehors.example", NULL },
		{ "x.test", "x.test", NULL },
		{ "courrier.lan", "courrier.lan", NULL },
		{ "exemple.co.uk", "exemple.co.uk", NULL },
		{ "dyndns.org", "dyndns.org", NULL }, /* a private suffix: its owner may want mail */
		{ "1and1.fr", "1and1.fr", NULL },
		{ "ab--cd.fr", NULL, "two hyphens" },
		/* 1 to 10 */
		{ "", NULL, "the mail domain is empty; it looks like exemple.fr" },
		{ ".", NULL, "empty label" },
		{ "exemple", NULL, "“exemple” has one label; a mail domain needs two, such as exemple.fr" },
		{ "exemple.fr.", "exemple.fr", NULL },
		{ "exemple.fr..", NULL, "empty label" },
		{ "EXEMPLE.FR", "exemple.fr", NULL },
		{ "-a.fr", NULL, "begins or ends with a hyphen" },
		{ "a-.fr", NULL, "begins or ends with a hyphen" },
		{ "a..fr", NULL, "empty label" },
		{ ".exemple.fr", NULL, "empty label" },
		{ L63 ".fr", L63 ".fr", NULL },
		{ L63 "a.fr", NULL, "label of 64 bytes" },
		{ N253, N253, NULL },
		{ N253 ".", N253, NULL },
		{ N253 "a", NULL, "254 bytes" },
		/* 11: libidn2 alone would take it for exemple.fr */
		{ "exemple_.fr", NULL, "holds _" },
		{ "exemple\xef\xbc\xbf.fr", NULL, "cannot stand" },
		/* 12 */
		{ "192.0.2.1", NULL, "is an IP address, not a domain" },
		{ "192.0.2.1.", NULL, "ends in a number" },
		{ "[192.0.2.1]", NULL, "is an IP address" },
		{ "::1", NULL, "is an IP address" },
		{ "[::1]", NULL, "is an IP address" },
		{ "[IPv6:2001:db8::1]", NULL, "is an IP address" },
		{ "1.2.3.4.5", NULL, "ends in a number" },
		/* 13 */
		{ "localhost", NULL, "lies under localhost, which is reserved" },
		{ "a.localhost", NULL, "reserved" },
		{ "*.test", NULL, "holds *" },
		{ "serveur.local", NULL, "lies under local, which is reserved" },
		{ ".local", NULL, "empty label" },
		{ "x.invalid", NULL, "reserved" },
		{ "x.onion", NULL, "reserved" },
		{ "2.0.192.in-addr.arpa", NULL, "reserved" },
		{ "X.LOCAL.", NULL, "reserved" },
		{ "local.fr", "local.fr", NULL },
		/* 14 */
		{ "co.uk", NULL, "is a public suffix" },
		{ "com.fr", NULL, "add a label in front, such as exemple.com.fr" },
		{ "CO.UK.", NULL, "is a public suffix" },
		{ "公司.cn", NULL, "is a public suffix" },
		{ "fr", NULL, "has one label" },
		/* 15 */
		{ "été.fr", "xn--t-9fab.fr", NULL },
		{ "e\xcc\x81te\xcc\x81.fr", "xn--t-9fab.fr", NULL },
		{ "ÉTÉ.FR", "xn--t-9fab.fr", NULL },
		{ "xn--t-9fab.fr", "xn--t-9fab.fr", NULL },
		{ "XN--T-9FAB.fr", "xn--t-9fab.fr", NULL },
		{ "faß.de", "xn--fa-hia.de", NULL }, /* non-transitional: not fass.de */
		/* 16 */
		{ "xn--zzz-.fr", NULL, "hyphen" },
		{ "xn--99999999.fr", NULL, "is not a valid internationalised name" },
		{ "xn--a.fr", NULL, "is not a valid internationalised name" },
		{ "xn--exemple-.fr", NULL, "hyphen" },
		{ "xn--.fr", NULL, "hyphen" },
		/* 17: the ideographic full stop is a dot, as in every browser */
		{ "exemple。fr", "exemple.fr", NULL },
		{ "exemple.fr。", "exemple.fr", NULL },
		{ "co。uk", NULL, "is a public suffix" },
		{ "ｅｘｅｍｐｌｅ.fr", "exemple.fr", NULL },
		{ "192。0。2。1", NULL, "ends in a number" },
		{ "a\xe2\x80\x8d"
		  "b.fr",
			NULL, "invisible character \\xE2\\x80\\x8D (U+200D)" },
		{ "ab\xc2\xad"
		  "cd.fr",
			NULL, "invisible character" },
		{ "\xe2\x80\xae"
		  "abc.fr",
			NULL, "U+202E" },
		{ "aש.fr", NULL, "bi-directional" },
		{ "\xd0\xb0pple.fr", "xn--pple-43d.fr", NULL }, /* a Cyrillic a stays visible as such */
		{ "😀.fr", NULL, "disallowed" },
		/* 18 to 25 */
		{ "exemple.fr\nrelay_domains=*", NULL, "invisible character \\x0A" },
		{ "exemple.fr; rm -rf /", NULL, "holds ;" },
		{ "$(id)", NULL, "holds $" },
		{ "`id`.fr", NULL, "holds `" },
		{ "$myhostname", NULL, "holds $" },
		{ "${a}", NULL, "holds $" },
		{ "%d", NULL, "holds %" },
		{ "%{user}", NULL, "holds %" },
		{ "exemple.fr'--", NULL, "holds '" },
		{ "exemple\".fr", NULL, "holds \"" },
		{ "exemple\\.fr", NULL, "holds \\" },
		{ "../etc", NULL, "holds /" },
		{ "/", NULL, "holds /" },
		{ "a/b", NULL, "holds /" },
		{ "exemple .fr", NULL, "holds a space" },
		{ " exemple.fr", NULL, "holds a space" },
		{ "exemple.fr\t", NULL, "\\x09" },
		{ "exemple.fr\r", NULL, "\\x0D" },
		{ "exemple\x7f.fr", NULL, "\\x7F" },
		{ "exemple\xc2\xa0.fr", NULL, "cannot stand" },
		{ "#x.fr", NULL, "holds #" },
		{ "!include /etc/shadow", NULL, "holds !" },
		{ "<x", NULL, "holds <" },
		{ "{", NULL, "holds {" },
		{ "x}", NULL, "holds }" },
		{ "a,b.fr", NULL, "holds ," },
		{ "a:b.fr", NULL, "holds :" },
		{ "a=b.fr", NULL, "holds =" },
		{ "a|b.fr", NULL, "holds |" },
		{ "a&b.fr", NULL, "holds &" },
		{ "a?b.fr", NULL, "holds ?" },
		{ "[x].fr", NULL, "holds [" },
		{ "a@b.fr", NULL, "holds @" },
		{ "a~b.fr", NULL, "holds ~" },
		{ "exempl\xe9.fr", NULL, "\\xE9, which is not valid UTF-8" },
		{ "\xc0\xae.fr", NULL, "not valid UTF-8" },	/* an overlong dot */
		{ "\xed\xa0\x80.fr", NULL, "not valid UTF-8" }, /* a surrogate */
		{ "exemple.\xf0\x9f\x98", NULL, "not valid UTF-8" },
	};

	(void)state;
	CHECK_ROWS(domain_normalise, rows);
}

static void hostnames(void **state)
{
	static const struct row rows[] = {
		{ "mail.exemple.fr", "mail.exemple.fr", NULL },
		{ "Mail.Exemple.Fr.", "mail.exemple.fr", NULL },
		{ "mail", NULL, "a host name needs two, such as mail.exemple.fr" },
		{ "localhost", NULL, "use a host name such as mail.exemple.fr" },
		{ "com.fr", NULL, "is a public suffix" },
		{ "198.51.100.7", NULL, "is an IP address" },
		{ "", NULL, "the host name is empty" },
	};

	(void)state;
	CHECK_ROWS(hostname_normalise, rows);
}

static void local_parts(void **state)
{
	static const struct row rows[] = {
		/* 26: names of accounts are fine, mailboxes are no system users */
		{ "root", "root", NULL },
		{ "postmaster", "postmaster", NULL },
		{ "abuse", "abuse", NULL },
		{ "vmail", "vmail", NULL },
		{ "jeanne.d-arc_2", "jeanne.d-arc_2", NULL },
		{ "..", NULL, "has a dot at an end" },
		{ ".hidden", NULL, "has a dot at an end" },
		{ "a.b.", NULL, "has a dot at an end" },
		{ "a..b", NULL, "two in a row" },
		{ "-x", NULL, "begins with a hyphen" },
		{ "", NULL, "is empty" },
		/* 27 */
		{ "a@b", NULL, "holds @" },
		{ "\"quoted user\"", NULL, "holds \"" },
		{ "a+tag", NULL, "holds +, which separates" },
		{ "A", "a", NULL },
		{ L63 "a", L63 "a", NULL },
		{ L63 "ab", NULL, "has 65 bytes before the @; 64 are allowed" },
		/* 28 */
		{ "user%d", NULL, "holds %" },
		{ "user$x", NULL, "holds $" },
		{ "u:v", NULL, "holds :" },
		{ "u|cmd", NULL, "holds |" },
		{ "u,v", NULL, "holds ," },
		{ "u*", NULL, "holds *" },
		{ "u v", NULL, "holds a space" },
		{ "u/v", NULL, "holds /" },
		{ "u\nv", NULL, "\\x0A" },
		/* 29 */
		{ "hélène", NULL, "holds é" },
		{ "\xd0\xb0nne", NULL, "cannot stand here" },
		{ "😀", NULL, "holds 😀" },
		{ "a\xff", NULL, "not valid UTF-8" },
		/* 30 */
		{ "'; DROP TABLE users;--", NULL, "holds '" },
		{ "' OR 1=1", NULL, "holds '" },
		{ "x' UNION SELECT", NULL, "holds '" },
	};

	(void)state;
	CHECK_ROWS(local_part_normalise, rows);
}

static void addresses(void **state)
{
	static const struct row rows[] = {
		{ "Test@Exemple.FR", "test@exemple.fr", NULL },
		{ "a@été.fr", "a@xn--t-9fab.fr", NULL },
		{ "a@b@c", NULL, "has more than one @" },
		{ "@catchall", NULL, "the part before the @ is empty" },
		{ "@exemple.fr", NULL, "the part before the @ is empty" },
		{ "jeanne", NULL, "has no @; an address looks like" },
		{ "jeanne@", NULL, "the mail domain is empty" },
		{ "jeanne@exemple", NULL, "has one label" },
		{ "jeanne@[192.0.2.1]", NULL, "is an IP address" },
		{ "\"a b\"@exemple.fr", NULL, "holds \"" },
		{ "a@exemple.fr'; DROP TABLE postfix_utilisateurs;--", NULL, "holds '" },
		{ "a@" N253, NULL, "more than 254 bytes" },
		{ "u|cmd@exemple.fr", NULL, "holds |" },
	};

	(void)state;
	CHECK_ROWS(address_normalise, rows);
	assert_string_equal(address_domain("a@exemple.fr"), "exemple.fr");
	assert_string_equal(address_domain("nobody"), "");
}

static void selectors(void **state)
{
	static const struct row rows[] = {
		{ "mail", "mail", NULL },
		{ "Mail.2024", "mail.2024", NULL },
		{ "s-1", "s-1", NULL },
		{ "", NULL, "the selector is empty" },
		{ "a_b", NULL, "holds _" },
		{ "a/b", NULL, "holds /" },
		{ "../x", NULL, "holds /" },
		{ "..", NULL, "empty label" },
		{ "mail.", NULL, "empty label" },
		{ "-a", NULL, "hyphen" },
		{ L63 "a", NULL, "64 bytes" },
		{ "é", NULL, "holds é" },
	};

	(void)state;
	CHECK_ROWS(selector_normalise, rows);
}

static void networks(void **state)
{
	static const struct row rows[] = {
		{ "192.0.2.0/24", "192.0.2.0/24", NULL },
		{ "192.0.2.7", "192.0.2.7/32", NULL },
		{ "10.0.0.0/8", "10.0.0.0/8", NULL },
		{ "172.16.0.0/12", "172.16.0.0/12", NULL },
		{ "2001:DB8::/32", "[2001:db8::]/32", NULL },
		{ "[2001:db8::]/32", "[2001:db8::]/32", NULL }, /* what comes out can go in */
		{ "2001:db8::1", "[2001:db8::1]/128", NULL },
		{ "2001::/16", "[2001::]/16", NULL },
		{ "192.0.2.5/24", NULL, "the network is 192.0.2.0/24" },
		{ "192.0.2.1/31", NULL, "the network is 192.0.2.0/31" },
		{ "2001:db8::1/64", NULL, "the network is 2001:db8::/64" },
		{ "0.0.0.0/0", NULL, "is wider than /8" },
		{ "128.0.0.0/1", NULL, "is wider than /8" },
		{ "::/0", NULL, "is wider than /16" },
		{ "2000::/3", NULL, "is wider than /16" },
		{ "0.0.0.0/8", NULL, "unspecified" },
		{ "224.0.0.0/8", NULL, "multicast" },
		{ "ff02::/16", NULL, "multicast" },
		{ "::ffff:192.0.2.0/120", NULL, "write it as IPv4" },
		{ "192.0.2.0/33", NULL, "has a prefix of 33 bits" },
		{ "2001:db8::/129", NULL, "has a prefix of 129 bits" },
		{ "192.0.2.0/", NULL, "no number after the slash" },
		{ "192.0.2.0/+24", NULL, "no number after the slash" },
		{ "192.0.2.0/024", NULL, "no number after the slash" },
		{ "192.0.2.0/24 ", NULL, "no number after the slash" },
		{ "192.0.2.0/24/8", NULL, "no number after the slash" },
		{ "192.0.2.0/4294967320", NULL, "no number after the slash" },
		{ "192.0.2", NULL, "is no network" },
		{ "192.000.002.000/24", NULL, "is no network" },
		{ "0x7f.1/8", NULL, "is no network" },
		{ "exemple.fr/24", NULL, "is no network" },
		{ "fe80::1%eth0", NULL, "is no network" },
		{ "", NULL, "is no network" },
		{ "192.0.2.0/24, 0.0.0.0/0", NULL, "no number after the slash" },
	};

	(void)state;
	CHECK_ROWS(network_normalise, rows);
}

static void ips(void **state)
{
	static const struct row rows[] = {
		{ "192.0.2.1", "192.0.2.1", NULL },
		{ "127.0.1.1", "127.0.1.1", NULL },
		{ "2001:DB8:0::1", "2001:db8::1", NULL },
		{ "[2001:db8::1]", "2001:db8::1", NULL },
		{ "0.0.0.0", NULL, "not the address of one machine" },
		{ "::", NULL, "not the address of one machine" },
		{ "224.0.0.1", NULL, "multicast" },
		{ "255.255.255.255", NULL, "reserved" },
		{ "ff02::1", NULL, "multicast" },
		{ "::ffff:192.0.2.1", NULL, "write it as IPv4" },
		{ "192.0.2.1/24", NULL, "is no IP address" },
		{ "192.0.2.1 exemple.fr", NULL, "is no IP address" },
		{ "exemple.fr", NULL, "is no IP address" },
		{ "", NULL, "is no IP address" },
	};

	(void)state;
	CHECK_ROWS(ip_normalise, rows);
}

/* A normalised name is its own normal form. */
static void stable(void **state)
{
	static const struct {
		normalise *f;
		const char *name;
	} rows[] = {
		{ domain_normalise, "ÉTÉ.fr." },
		{ hostname_normalise, "Mail.Exemple.fr" },
		{ address_normalise, "A.B@été.fr" },
		{ selector_normalise, "S1" },
		{ network_normalise, "2001:DB8::" },
		{ ip_normalise, "[2001:db8::1]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEAN(free) char *once = NULL, *twice = NULL;

		assert_null(rows[i].f(rows[i].name, &once));
		assert_null(rows[i].f(once, &twice));
		assert_string_equal(once, twice);
	}
}

static void printables(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "", "" },
		{ "exemple.fr", "exemple.fr" },
		{ "été", "été" },
		{ "a\nb\x1b[31m", "a\\x0Ab\\x1B[31m" },
		{ "\x7f", "\\x7F" },
		{ "\xc2\x9b", "\\xC2\\x9B" },	       /* C1: a terminal's CSI */
		{ "\xe2\x80\xae", "\\xE2\\x80\\xAE" }, /* right-to-left override */
		{ "\xff\xc3", "\\xFF\\xC3" },
		{ "\xf4\x90\x80\x80", "\\xF4\\x90\\x80\\x80" },
		{ A60 A60, A60 A10 A10 A10 A10 "…" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEAN(free) char *s = printable(rows[i].in);

		assert_string_equal(s, rows[i].out);
	}
}

static void letters(void **state)
{
	CLEAN(free) char *domain = name_letters("xn--t-9fab.fr"), *address = name_letters("jean@xn--t-9fab.fr");

	(void)state;
	assert_string_equal(domain, "été.fr");
	assert_string_equal(address, "jean@été.fr");
	assert_null(name_letters("exemple.fr"));
	assert_null(name_letters("xn--@exemple.fr"));
	assert_null(name_letters(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(domains),
		cmocka_unit_test(hostnames),
		cmocka_unit_test(local_parts),
		cmocka_unit_test(addresses),
		cmocka_unit_test(selectors),
		cmocka_unit_test(networks),
		cmocka_unit_test(ips),
		cmocka_unit_test(stable),
		cmocka_unit_test(printables),
		cmocka_unit_test(letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
