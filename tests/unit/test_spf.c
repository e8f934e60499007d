#include "tests/unit/nameserver.h"

#include "mail/spf.h"

/* A resolver without time: what needs no lookup is judged, the rest is not. */
static void spf_without_dns(void **state)
{
	static const struct {
		const char *record, *address;
		enum spf_result result;
	} cases[] = {
		{ "v=spf1 -all", "192.0.2.1", SPF_FAIL },
		{ "v=spf1 +all", "192.0.2.1", SPF_PASS },
		{ "v=spf1", "192.0.2.1", SPF_FAIL },
		{ "v=spf1 ip4:192.0.2.1 -all", "192.0.2.1", SPF_PASS },
		{ "v=spf1 ip4:192.0.2.2 -all", "192.0.2.1", SPF_FAIL },
		{ "v=spf1 ip4:192.0.2.0/24 -all", "192.0.2.255", SPF_PASS },
		{ "v=spf1 ip4:192.0.2.0/25 -all", "192.0.2.128", SPF_FAIL },
		{ "v=spf1 ip4:0.0.0.0/0 -all", "192.0.2.128", SPF_PASS },
		{ "v=spf1 IP4:192.0.2.1 ~ALL", "192.0.2.1", SPF_PASS },
		{ "v=spf1 -ip4:192.0.2.1 +all", "192.0.2.1", SPF_FAIL },
		{ "v=spf1 ~ip4:192.0.2.1 +all", "192.0.2.1", SPF_FAIL },
		{ "v=spf1 ip4:192.0.2.1 -all", "2001:db8::1", SPF_FAIL },
		{ "v=spf1 ip6:2001:db8::1 -all", "2001:db8::1", SPF_PASS },
		{ "v=spf1 ip6:2001:db8::/33 -all", "2001:db8:7fff::1", SPF_PASS },
		{ "v=spf1 ip6:2001:db8::/33 -all", "2001:db8:8000::1", SPF_FAIL },
		{ "v=spf1 ip6:2001:db8::1 -all", "192.0.2.1", SPF_FAIL },
		{ "v=spf1 include:other.fr -all", "192.0.2.1", SPF_UNJUDGED },
		{ "v=spf1 include:other.fr ip4:192.0.2.1 -all", "192.0.2.1", SPF_PASS },
		{ "v=spf1 redirect=other.fr", "192.0.2.1", SPF_UNJUDGED },
		{ "v=spf1 exists:%{i}.other.fr -all", "192.0.2.1", SPF_UNJUDGED },
		{ "v=spf1 exp=why.other.fr -all", "192.0.2.1", SPF_FAIL },
		{ "v=spf1 ip4:rubbish +all", "192.0.2.1", SPF_FAIL },
		{ "v=spf1 ip4: +all", "192.0.2.1", SPF_FAIL },
		{ "v=spf1 ip4:192.0.2.0/33 +all", "192.0.2.1", SPF_FAIL },
		{ "v=spf1 ip4:192.0.2.0/ +all", "192.0.2.1", SPF_FAIL },
		{ "v=spf1 a/24//129 +all", "192.0.2.1", SPF_FAIL },
		{ "v=spf1 a/24/64 +all", "192.0.2.1", SPF_FAIL },
		{ "v=spf1 / +all", "192.0.2.1", SPF_FAIL },
		{ "v=spf1 : +all", "192.0.2.1", SPF_FAIL },
		{ "v=spf1 allow +all", "192.0.2.1", SPF_FAIL },
		{ "v=spf1 -all", "no address", SPF_UNJUDGED },
	};

	CLEAN(resolver_close) struct resolver *r = resolver_open("127.0.0.1", 0);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		enum spf_result result = spf_judge(r, cases[i].record, "exemple.fr", cases[i].address, NULL);

		if (result != cases[i].result)
			print_error("%s for %s\n", cases[i].record, cases[i].address);
		assert_int_equal(result, cases[i].result);
	}
}

static void spf_followed(void **state)
{
	static const struct {
		const char *record, *address;
		enum spf_result result;
		const char *reason;
	} cases[] = {
		{ "v=spf1 mx -all", "192.0.2.10", SPF_PASS, NULL },
		{ "v=spf1 mx -all", "2001:db8::10", SPF_PASS, NULL },
		{ "v=spf1 mx -all", "192.0.2.11", SPF_FAIL, NULL },
		{ "v=spf1 mx/24 -all", "192.0.2.11", SPF_PASS, NULL },
		{ "v=spf1 mx/24//64 -all", "2001:db8::11", SPF_PASS, NULL },
		{ "v=spf1 mx//64 -all", "2001:db8::11", SPF_PASS, NULL },
		{ "v=spf1 mx//64 -all", "192.0.2.11", SPF_FAIL, NULL },
		{ "v=spf1 a:mail.exemple.fr -all", "192.0.2.10", SPF_PASS, NULL },
		{ "v=spf1 a -all", "192.0.2.10", SPF_FAIL, NULL },
		{ "v=spf1 include:exemple.fr -all", "192.0.2.10", SPF_PASS, NULL },
		{ "v=spf1 include:net.fr -all", "192.0.2.10", SPF_PASS, NULL },
		{ "v=spf1 include:net.fr -all", "192.0.3.10", SPF_FAIL, NULL },
		{ "v=spf1 -include:net.fr +all", "192.0.2.10", SPF_FAIL, NULL },
		{ "v=spf1 redirect=net.fr", "192.0.2.10", SPF_PASS, NULL },
		{ "v=spf1 redirect=net.fr", "192.0.3.10", SPF_FAIL, NULL },
		{ "v=spf1 -all redirect=net.fr", "192.0.2.10", SPF_FAIL, NULL },
		{ "v=spf1 include:none.fr +all", "192.0.2.10", SPF_FAIL, "has no SPF record" },
		{ "v=spf1 include:two.fr +all", "192.0.2.10", SPF_FAIL, "several SPF records" },
		{ "v=spf1 include:loop.fr +all", "192.0.2.10", SPF_FAIL, "more than 10 lookups" },
		{ "v=spf1 redirect=round.fr", "192.0.2.10", SPF_FAIL, "more than 10 lookups" },
	};
	CLEAN(resolver_close) struct resolver *r = resolver_open(dns.server, 10);

	(void)state;
	if (!dns.pid)
		skip();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *reason;
		enum spf_result result = spf_judge(r, cases[i].record, "exemple.fr", cases[i].address, &reason);

		if (result != cases[i].result)
			fail_msg("%s for %s: %d", cases[i].record, cases[i].address, (int)result);
		if (cases[i].reason ? !reason || !strstr(reason, cases[i].reason) : reason != NULL)
			fail_msg("%s: %s", cases[i].record, reason ? reason : "no reason");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spf_without_dns),
		cmocka_unit_test(spf_followed),
	};

	return cmocka_run_group_tests(tests, start_dns, stop_dns);
}
