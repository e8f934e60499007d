#include "tests/unit/nameserver.h"

#include "checks/published.h"
#include "mail/dns_check.h"

static const struct dns_finding *find_finding(const struct dns_findings *f, const char *subject, const char *type, const char *value)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->v[i].subject, subject) == 0 && strcmp(f->v[i].record->type, type) == 0 &&
			starts_with(f->v[i].record->value, value))
			return &f->v[i];
	fail_msg("no finding of %s %s %s", subject, type, value);
	return NULL;
}

static void check_behind(struct resolver *r, const char *ipv4, const char *ipv6, bool private_ipv4, bool forwarded,
	struct dns_records *records, struct dns_findings *ret)
{
	CLEAN(list) struct list domains = list_of("exemple.fr net.fr"), a = list_of(ipv4), b = list_of(ipv6);
	const struct dns_key keys[] = { { "exemple.fr", "mail", "v=DKIM1; p=QUJD", DNS_KEY_SIGNS },
		{ "net.fr", "mail", "v=DKIM1; p=QUJD", DNS_KEY_SIGNS } };

	dns_plan_records(&(struct dns_plan){ .hostname = "mail.exemple.fr", .domains = &domains, .ipv4 = &a, .ipv6 = &b, .keys = keys,
				 .key_count = 2, .nat = private_ipv4 && forwarded, .for_check = true },
		records);
	dns_check(r, records, &(struct dns_server){ "mail.exemple.fr", &a, &b, private_ipv4, forwarded }, ret);
}

static void check_with(struct resolver *r, const char *ipv4, const char *ipv6, bool forwarded, struct dns_records *records,
	struct dns_findings *ret)
{
	check_behind(r, ipv4, ipv6, false, forwarded, records, ret);
}

static void expect_verdict(const struct dns_findings *f, const char *subject, const char *type, const char *value, enum dns_verdict verdict)
{
	const struct dns_finding *finding = find_finding(f, subject, type, value);

	if (finding->verdict != verdict)
		fail_msg("%s %s %s is %s: %s", subject, type, value, dns_verdict_name(finding->verdict), finding->note ? finding->note : "");
}

static void verdicts(void **state)
{
	CLEAN(resolver_close) struct resolver *r = resolver_open(dns.server, 10);
	CLEAN(dns_records) struct dns_records records = { 0 };
	CLEAN(dns_findings) struct dns_findings f = { 0 };

	(void)state;
	if (!dns.pid)
		skip();
	check_with(r, "192.0.2.10", "2001:db8::10", false, &records, &f);
	expect_verdict(&f, "mail.exemple.fr", "A", "", DNS_IS_RIGHT);
	expect_verdict(&f, "mail.exemple.fr", "AAAA", "", DNS_IS_RIGHT);
	expect_verdict(&f, "mail.exemple.fr", "TXT", "v=spf1", DNS_IS_MISSING);
	expect_verdict(&f, "exemple.fr", "MX", "", DNS_IS_RIGHT);
	expect_verdict(&f, "exemple.fr", "TXT", "v=spf1", DNS_IS_RIGHT);
	expect_verdict(&f, "mail._domainkey.exemple.fr", "TXT", "", DNS_IS_RIGHT);
	expect_verdict(&f, "mail._domainkey.net.fr", "TXT", "", DNS_IS_WRONG);
	expect_verdict(&f, "_dmarc.exemple.fr", "TXT", "", DNS_IS_RIGHT);
	expect_verdict(&f, "_dmarc.net.fr", "TXT", "", DNS_IS_WRONG);
	expect_verdict(&f, "net.fr", "MX", "", DNS_IS_MISSING);
	expect_verdict(&f, "_imaps._tcp.exemple.fr", "SRV", "", DNS_IS_RIGHT);
	expect_verdict(&f, "_imap._tcp.exemple.fr", "SRV", "", DNS_IS_WRONG);
	expect_verdict(&f, "_sieve._tcp.exemple.fr", "SRV", "", DNS_IS_MISSING);
	expect_verdict(&f, "192.0.2.10", "PTR", "", DNS_IS_RIGHT);
	expect_verdict(&f, "2001:db8::10", "PTR", "", DNS_IS_RIGHT);
}

static void verdicts_elsewhere(void **state)
{
	CLEAN(resolver_close) struct resolver *r = resolver_open(dns.server, 10);
	CLEAN(dns_records) struct dns_records records = { 0 };
	CLEAN(dns_findings) struct dns_findings f = { 0 };

	(void)state;
	if (!dns.pid)
		skip();
	/* Another machine, without IPv6: its reverse name leads elsewhere. */
	check_with(r, "192.0.2.77", "", false, &records, &f);
	expect_verdict(&f, "mail.exemple.fr", "A", "192.0.2.77", DNS_IS_WRONG);
	expect_verdict(&f, "mail.exemple.fr", "AAAA", "none", DNS_IS_WRONG);
	expect_verdict(&f, "exemple.fr", "TXT", "v=spf1", DNS_IS_WRONG);
	expect_verdict(&f, "192.0.2.77", "PTR", "", DNS_IS_WRONG);
}

static void verdicts_behind_nat(void **state)
{
	(void)state;
	if (!dns.pid)
		skip();
	for (int forwarded = 0; forwarded < 2; forwarded++) {
		CLEAN(resolver_close) struct resolver *r = resolver_open(dns.server, 10);
		CLEAN(dns_records) struct dns_records records = { 0 };
		CLEAN(dns_findings) struct dns_findings f = { 0 };

		check_with(r, "", "", forwarded, &records, &f);
		expect_verdict(&f, "mail.exemple.fr", "A", "", forwarded ? DNS_IS_RIGHT : DNS_IS_UNKNOWN);
		expect_verdict(&f, "exemple.fr", "TXT", "v=spf1", DNS_IS_RIGHT);
		expect_verdict(&f, "192.0.2.10", "PTR", "", DNS_IS_RIGHT);
	}
}

static void expect_remedy(const struct dns_findings *f, const char *subject, const char *type, const char *words)
{
	CLEAN(free) char *remedy = published_remedy(find_finding(f, subject, type, ""));

	if (*words ? !strstr(remedy, words) : *remedy)
		fail_msg("%s %s: %s", subject, type, remedy);
}

static void verdicts_behind_nat_with_ipv6(void **state)
{
	(void)state;
	if (!dns.pid)
		skip();
	for (int private = 0; private < 2; private++)
		for (int forwarded = 0; forwarded <= private; forwarded++) {
			CLEAN(resolver_close) struct resolver *r = resolver_open(dns.server, 10);
			CLEAN(dns_records) struct dns_records records = { 0 };
			CLEAN(dns_findings) struct dns_findings f = { 0 };

			check_behind(r, "", "2001:db8::10", private, forwarded, &records, &f);
			expect_verdict(&f, "mail.exemple.fr", "AAAA", "", DNS_IS_RIGHT);
			expect_verdict(&f, "mail.exemple.fr", "A", "", forwarded ? DNS_IS_RIGHT : private ? DNS_IS_UNKNOWN : DNS_IS_WRONG);
			expect_verdict(&f, "exemple.fr", "TXT", "v=spf1", DNS_IS_RIGHT);
			expect_verdict(&f, "2001:db8::10", "PTR", "", DNS_IS_RIGHT);
			if (forwarded)
				expect_verdict(&f, "192.0.2.10", "PTR", "", DNS_IS_RIGHT);
			else
				expect_remedy(&f, "mail.exemple.fr", "A", private ? "" : "remove that record");
		}
}

/* Some of the mail goes to the other address. */
static void verdicts_of_a_name_that_leads_elsewhere_too(void **state)
{
	static const char *const ours[] = { "192.0.2.10", "192.0.2.77" };

	(void)state;
	if (!dns.pid)
		skip();
	for (size_t i = 0; i < 2; i++) {
		CLEAN(resolver_close) struct resolver *r = resolver_open(dns.server, 10);
		CLEAN(dns_records) struct dns_records records = { 0 };
		CLEAN(dns_findings) struct dns_findings f = { 0 };
		CLEAN(list) struct list domains = list_of("exemple.fr"), a = list_of(ours[i]), none = { 0 };

		dns_plan_records(&(struct dns_plan){ .hostname = "deux.exemple.fr", .domains = &domains, .ipv4 = &a, .ipv6 = &none }, &records);
		dns_check(r, &records, &(struct dns_server){ "deux.exemple.fr", &a, &none, false, false }, &f);
		expect_verdict(&f, "deux.exemple.fr", "A", "", DNS_IS_UNKNOWN);
		assert_non_null(strstr(find_finding(&f, "deux.exemple.fr", "A", "")->note, ours[1 - i]));
		expect_remedy(&f, "deux.exemple.fr", "A", "remove that record");
	}
}

static void verdicts_of_silence(void **state)
{
	CLEAN(resolver_close) struct resolver *r = resolver_open(dns.dead, 2);
	CLEAN(dns_records) struct dns_records records = { 0 };
	CLEAN(dns_findings) struct dns_findings f = { 0 };
	struct timespec before, after;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &before);
	check_with(r, "192.0.2.10", "", false, &records, &f);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec <= 3);
	assert_true(f.n > 20);
	for (size_t i = 0; i < f.n; i++)
		assert_int_equal(f.v[i].verdict, DNS_IS_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(verdicts_elsewhere),
		cmocka_unit_test(verdicts_behind_nat),
		cmocka_unit_test(verdicts_behind_nat_with_ipv6),
		cmocka_unit_test(verdicts_of_a_name_that_leads_elsewhere_too),
		cmocka_unit_test(verdicts_of_silence),
	};

	return cmocka_run_group_tests(tests, start_dns, stop_dns);
}
