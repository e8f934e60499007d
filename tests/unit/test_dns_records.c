/* The records to publish, and how they are written. */
#include "tests/unit/unit.h"

#include "mail/dns.h"
#include "mail/dns_records.h"

#define A60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct dns_record *find_record(const struct dns_records *r, const char *owner, const char *type)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->v[i].owner, owner) == 0 && strcmp(r->v[i].type, type) == 0)
			return &r->v[i];
	fail_msg("no record %s %s", owner, type);
	return NULL;
}

static void expect_record(
	const struct dns_records *r, const char *owner, const char *type, const char *value, enum dns_level level)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->v[i].owner, owner) == 0 && strcmp(r->v[i].type, type) == 0 &&
			strcmp(r->v[i].value, value) == 0) {
			assert_int_equal(r->v[i].level, level);
			assert_true(strlen(r->v[i].reason) > 10);
			assert_null(strchr(r->v[i].reason, '\n'));
			return;
		}
	fail_msg("no record %s %s %s", owner, type, value);
}

static void plan(void **state)
{
	CLEAN(list)
	struct list names = list_of("exemple.fr deux.fr"),
		    ipv4 = list_of("192.0.2.1"), ipv6 = list_of("2001:db8::1");
	const struct dns_key keys[] = {
		{ "exemple.fr", "mail2", "v=DKIM1; p=BBBB", DNS_KEY_SIGNS },
		{ "exemple.fr", "mail", "v=DKIM1; p=AAAA", DNS_KEY_OLD },
		{ "deux.fr", "mail", "", DNS_KEY_SIGNS },
		{ "deux.fr", "s1", "v=DKIM1; p=CCCC", DNS_KEY_NEW },
	};
	CLEAN(dns_records) struct dns_records r;

	(void)state;
	dns_plan_records(&(struct dns_plan){ .hostname = "mail.exemple.fr",
				 .domains = &names,
				 .ipv4 = &ipv4,
				 .ipv6 = &ipv6,
				 .keys = keys,
				 .key_count = 4,
				 .caa = "ca.example",
				 .tlsa = "ab12",
				 .admin = "a@exemple.fr" },
		&r);
	expect_record(&r, "mail.exemple.fr.", "A", "192.0.2.1", DNS_REQUIRED);
	expect_record(&r, "mail.exemple.fr.", "AAAA", "2001:db8::1", DNS_REQUIRED);
	expect_record(&r, "exemple.fr.", "MX", "10 mail.exemple.fr.", DNS_REQUIRED);
	expect_record(&r, "deux.fr.", "MX", "10 mail.exemple.fr.", DNS_REQUIRED);
	expect_record(&r, "exemple.fr.", "TXT", "v=spf1 mx -all", DNS_RECOMMENDED);
	expect_record(&r, "deux.fr.", "TXT", "v=spf1 mx -all", DNS_RECOMMENDED);
	expect_record(&r, "mail2._domainkey.exemple.fr.", "TXT", "v=DKIM1; p=BBBB", DNS_RECOMMENDED);
	expect_record(&r, "mail._domainkey.exemple.fr.", "TXT", "v=DKIM1; p=AAAA", DNS_OPTIONAL);
	expect_record(&r, "s1._domainkey.deux.fr.", "TXT", "v=DKIM1; p=CCCC", DNS_RECOMMENDED);
	expect_record(&r, "mail.exemple.fr.", "TXT", "v=spf1 a -all", DNS_RECOMMENDED);
	expect_record(&r, "deux.fr._report._dmarc.exemple.fr.", "TXT", "v=DMARC1", DNS_OPTIONAL);
	expect_record(&r, "_submissions._tcp.deux.fr.", "SRV", "0 1 465 mail.exemple.fr.", DNS_OPTIONAL);
	expect_record(&r, "_pop3._tcp.deux.fr.", "SRV", "0 0 0 .", DNS_OPTIONAL);
	expect_record(&r, "mail.exemple.fr.", "CAA", "0 issue \"ca.example\"", DNS_OPTIONAL);
	expect_record(&r, "_25._tcp.mail.exemple.fr.", "TLSA", "3 1 1 ab12", DNS_OPTIONAL);
	expect_record(
		&r, "_dmarc.exemple.fr.", "TXT", "v=DMARC1; p=quarantine; rua=mailto:a@exemple.fr", DNS_RECOMMENDED);
	expect_record(&r, "1.2.0.192.in-addr.arpa.", "PTR", "mail.exemple.fr.", DNS_RECOMMENDED);
	expect_record(&r, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.", "PTR",
		"mail.exemple.fr.", DNS_RECOMMENDED);
	assert_int_equal(find_record(&r, "mail._domainkey.deux.fr.", "TXT")->value[0], '<');
	assert_int_equal(r.n, 2 + 3 + (4 + 1 + 7) + (4 + 2 + 7) + 2);
	assert_string_equal(dns_zone_of(&r.v[0], &names), "exemple.fr");
	assert_string_equal(dns_zone_of(&r.v[r.n - 1], &names), "");
}

static void plan_without_addresses(void **state)
{
	CLEAN(list) struct list names = list_of("exemple.fr"), none = { 0 };
	CLEAN(dns_records) struct dns_records r;

	(void)state;
	dns_plan_records(&(struct dns_plan){ .hostname = "mail.exemple.fr",
				 .domains = &names,
				 .ipv4 = &none,
				 .ipv6 = &none },
		&r);
	expect_record(&r, "mail.exemple.fr.", "A", "<the server's public IPv4 address>", DNS_REQUIRED);
	expect_record(&r, "_dmarc.exemple.fr.", "TXT", "v=DMARC1; p=quarantine", DNS_RECOMMENDED);
	assert_string_equal(r.v[r.n - 1].type, "PTR");
	assert_int_equal(r.v[r.n - 1].owner[0], '<');
	for (size_t i = 0; i < r.n; i++)
		assert_string_not_equal(r.v[i].type, "AAAA");
}

static void plan_with_ipv6_only(void **state)
{
	CLEAN(list)
	struct list names = list_of("exemple.fr"),
		    none = { 0 }, ipv6 = list_of("2001:db8::1 2001:db8::2");
	CLEAN(dns_records) struct dns_records r;

	(void)state;
	dns_plan_records(&(struct dns_plan){ .hostname = "mail.exemple.fr",
				 .domains = &names,
				 .ipv4 = &none,
				 .ipv6 = &ipv6 },
		&r);
	expect_record(&r, "mail.exemple.fr.", "AAAA", "2001:db8::2", DNS_REQUIRED);
	for (size_t i = 0; i < r.n; i++)
		assert_string_not_equal(r.v[i].type, "A");
}

static size_t count_type(const struct dns_records *r, const char *type)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += strcmp(r->v[i].type, type) == 0 && !r->v[i].only_asked;
	return n;
}

/* A private IPv4 address that a router forwards to, and a public IPv6 address. */
static void plan_with_ipv6_and_nat(void **state)
{
	CLEAN(list) struct list names = list_of("exemple.fr"), none = { 0 }, ipv6 = list_of("2001:db8::1");

	(void)state;
	for (int nat = 0; nat < 2; nat++)
		for (int for_check = 0; for_check < 2; for_check++) {
			CLEAN(dns_records) struct dns_records r;

			dns_plan_records(&(struct dns_plan){ .hostname = "mail.exemple.fr", .domains = &names, .ipv4 = &none, .ipv6 = &ipv6,
						 .nat = nat, .for_check = for_check },
				&r);
			expect_record(&r, "mail.exemple.fr.", "AAAA", "2001:db8::1", DNS_REQUIRED);
			if (nat)
				expect_record(&r, "mail.exemple.fr.", "A", "<the server's public IPv4 address>", DNS_REQUIRED);
			assert_int_equal(count_type(&r, "A"), nat);
			assert_int_equal(count_type(&r, "PTR"), 1 + nat);
			assert_true(nat || !for_check || find_record(&r, "mail.exemple.fr.", "A")->only_asked);
		}
}

static void expect_line(const char *owner, const char *type, const char *value, const char *expected)
{
	CLEAN(bytes) struct bytes line = { 0 };
	struct dns_record r = { .owner = (char *)(uintptr_t)owner,
		.type = (char *)(uintptr_t)type,
		.value = (char *)(uintptr_t)value };

	dns_zone_line(&r, &line);
	assert_string_equal(line.data, expected);
}

static void zone_lines(void **state)
{
	CLEAN(free) char *exact = text("%s%s%s%s%.15s", A60, A60, A60, A60, A60);
	CLEAN(free) char *longer = text("%sb", exact);
	CLEAN(free) char *one = text("x.\tIN\tTXT\t\"%s\"\n", exact);
	CLEAN(free) char *two = text("x.\tIN\tTXT\t\"%s\" \"b\"\n", exact);

	(void)state;
	expect_line("x.", "A", "192.0.2.1", "x.\tIN\tA\t192.0.2.1\n");
	expect_line("x.", "MX", "10 mail.x.", "x.\tIN\tMX\t10 mail.x.\n");
	expect_line("x.", "TXT", "v=spf1 mx -all", "x.\tIN\tTXT\t\"v=spf1 mx -all\"\n");
	expect_line("x.", "TXT", "a\"b\\c;d\te\xc3\xa9", "x.\tIN\tTXT\t\"a\\\"b\\\\c;d\\009e\\195\\169\"\n");
	expect_line("x.", "TXT", "", "x.\tIN\tTXT\t\"\"\n");
	expect_line("x.", "TXT", exact, one);
	expect_line("x.", "TXT", longer, two);
	expect_line("x.", "A", "<the address>", "; x.\tIN\tA\t<the address>\n");
}

static void expect_form(const char *owner, const char *type, const char *value, const char *expected)
{
	CLEAN(bytes) struct bytes line = { 0 };
	struct dns_record r = { .owner = (char *)(uintptr_t)owner, .type = (char *)(uintptr_t)type, .value = (char *)(uintptr_t)value };

	dns_form_line(&r, &line);
	assert_string_equal(line.data, expected);
}

static void form_lines(void **state)
{
	CLEAN(free) char *one = text("x\tTXT\t%s%s%s%s%s.\n", A60, A60, A60, A60, A60);
	CLEAN(free) char *value = text("%s%s%s%s%s.", A60, A60, A60, A60, A60);

	(void)state;
	expect_form("exemple.fr.", "MX", "10 mail.exemple.fr.", "exemple.fr\tMX\t10 mail.exemple.fr\n");
	expect_form("_pop3._tcp.exemple.fr.", "SRV", "0 0 0 .", "_pop3._tcp.exemple.fr\tSRV\t0 0 0 .\n");
	expect_form("x.", "TXT", value, one);
}

static void reverse_names(void **state)
{
	CLEAN(free) char *v4 = dns_reverse_name("192.0.2.1");

	(void)state;
	assert_string_equal(v4, "1.2.0.192.in-addr.arpa");
	assert_null(dns_reverse_name("exemple.fr"));
	assert_null(dns_reverse_name(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plan),
		cmocka_unit_test(plan_without_addresses),
		cmocka_unit_test(plan_with_ipv6_only),
		cmocka_unit_test(plan_with_ipv6_and_nat),
		cmocka_unit_test(zone_lines),
		cmocka_unit_test(form_lines),
		cmocka_unit_test(reverse_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
