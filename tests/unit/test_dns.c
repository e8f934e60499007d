/* DNS: the records to publish, and lookups against a dnsmasq of the test's own on loopback. */
#include "tests/unit/unit.h"

#include "checks/published.h"
#include "mail/dns.h"
#include "mail/dns_check.h"
#include "mail/dns_rdata.h"
#include "mail/spf.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define A60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* Records to publish. */

static struct list list_of(const char *words)
{
	struct list l = { 0 };

	list_split(&l, words, " ");
	return l;
}

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

/* Answers in wire format, also malformed ones: what comes from the network never leads past its end. */
static void expect_rdata(const char *type, const void *data, size_t size, const char *expected)
{
	CLEAN(list) struct list l = { 0 };
	/* Its own allocation of that very size, so that the sanitizer sees a read behind it. */
	unsigned char *copy = malloc(size ? size : 1);

	assert_non_null(copy);
	memcpy(copy, data, size);
	dns_type_find(type)->add((struct dns_rdata){ copy, size }, &l);
	free(copy);
	assert_int_equal(l.n, expected ? 1 : 0);
	if (expected)
		assert_string_equal(l.v[0], expected);
}

static void wire_format(void **state)
{
	static const char mx[] = "\0\12\4Mail\7exemple\2fr"; /* its NUL is the root label */
	static const char txt[] = "\3abc\2de";

	(void)state;
	expect_rdata("A", "\300\0\2\1", 4, "192.0.2.1");
	expect_rdata("A", "\300\0\2", 3, NULL);
	expect_rdata("A", "", 0, NULL);
	expect_rdata("AAAA", "\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1", 16, "2001:db8::1");
	expect_rdata("AAAA", "\300\0\2\1", 4, NULL);
	expect_rdata("MX", mx, sizeof(mx), "10 mail.exemple.fr");
	for (size_t size = 0; size < sizeof(mx); size++)
		expect_rdata("MX", mx, size, NULL);
	expect_rdata("MX", "\0\0\0", 3, "0 .");
	expect_rdata("PTR", "\1a\300\0", 4, NULL); /* compressed */
	expect_rdata("PTR", "\1a\0\0", 4, NULL);   /* something behind the name */
	expect_rdata("PTR", "\3a.b\0", 5, "a\\.b");
	expect_rdata("PTR", "\2\n\0\0", 4, "\\010\\000");
	expect_rdata("SRV", "\0\12\0\1\1\321\4Mail\2fr", 15, "10 1 465 mail.fr");
	expect_rdata("SRV", "\0\0\0\0\0\0\0", 7, "0 0 0 .");
	expect_rdata("SRV", "\0\0\0\0\0\0", 6, NULL);
	expect_rdata("TLSA", "\3\1\1\253\22", 5, "3 1 1 ab12");
	expect_rdata("TLSA", "\3\1\1", 3, NULL);
	expect_rdata("CAA", "\0\5issueca\"x", 11, "0 issue \"ca\\\"x\"");
	expect_rdata("CAA", "\0\5issue", 7, "0 issue \"\"");
	expect_rdata("CAA", "\0\5issu", 6, NULL);
	expect_rdata("CAA", "\0\0", 2, NULL);
	expect_rdata("CAA", "\0", 1, NULL);
	expect_rdata("TXT", txt, sizeof(txt) - 1, "abcde");
	expect_rdata("TXT", txt, sizeof(txt) - 2, NULL);
	expect_rdata("TXT", "\2a\n\0", 4, "a\\010");
	expect_rdata("TXT", "\377a", 2, NULL);
	assert_null(dns_type_find("AXFR"));
}

/* Lookups. */

static struct {
	pid_t pid;
	unsigned port;
	char server[32];
	char dead[32]; /* a port that takes questions and never answers */
	int dead_fd;
} dns;

static int udp_socket(unsigned *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static void run_dnsmasq(void)
{
	CLEAN(free) char *port = text("--port=%u", dns.port);
	CLEAN(free) char *txt = text("--txt-record=long.exemple.fr,%s%s%s%s,%s", A60, A60, A60, A60, A60);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const char *const argv[] = { "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv",
		"--no-hosts", "--pid-file=", "--user=", "--listen-address=127.0.0.1", "--bind-interfaces", port,
		"--local=/fr/", "--local=/test/", "--local=/in-addr.arpa/", "--local=/ip6.arpa/",
		"--host-record=mail.exemple.fr,192.0.2.10,2001:db8::10", "--host-record=x.test,192.168.1.9",
		"--mx-host=exemple.fr,mail.exemple.fr,10", "--mx-host=exemple.fr,secours.exemple.fr,20",
		"--txt-record=exemple.fr,v=spf1 mx -all", txt,
		"--txt-record=net.fr,v=spf1 ip4:192.0.2.0/24 -all", "--txt-record=two.fr,v=spf1 -all", "--txt-record=two.fr,v=spf1 +all",
		"--txt-record=loop.fr,v=spf1 include:loop.fr -all", "--txt-record=round.fr,v=spf1 redirect=round.fr",
		"--txt-record=mail._domainkey.exemple.fr,v=DKIM1; k=rsa;,p=QUJD", "--txt-record=mail._domainkey.net.fr,v=DKIM1; p=QUJE",
		"--txt-record=_dmarc.exemple.fr,v=DMARC1; p=reject", "--txt-record=_dmarc.net.fr,v=DMARC1; p=rejet",
		"--srv-host=_imaps._tcp.exemple.fr,mail.exemple.fr,993,0,1", "--srv-host=_imap._tcp.exemple.fr,autre.exemple.fr,143,10,1",
		"--host-record=autre.exemple.fr,192.0.2.77", "--host-record=deux.exemple.fr,192.0.2.10", "--host-record=deux.exemple.fr,192.0.2.77", "--ptr-record=77.2.0.192.in-addr.arpa,autre.exemple.fr", "--cname=alias.exemple.fr,mail.exemple.fr",
		"--ptr-record=10.2.0.192.in-addr.arpa,Mail.Exemple.fr",
		"--ptr-record=9.1.168.192.in-addr.arpa,x.test",
		"--ptr-record=0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa,mail."
		"exemple.fr",
		NULL };

	prctl(PR_SET_PDEATHSIG, SIGTERM); /* also when an assertion aborts the test */
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execvp("dnsmasq", (char *const *)(uintptr_t)argv);
	_exit(127);
}

static int start_dns(void **state)
{
	struct timespec pause = { .tv_nsec = 100000000 };
	unsigned dead_port;

	(void)state;
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	dns.dead_fd = udp_socket(&dead_port);
	close(udp_socket(&dns.port)); /* a port that is free now */
	snprintf(dns.server, sizeof(dns.server), "127.0.0.1@%u", dns.port);
	snprintf(dns.dead, sizeof(dns.dead), "127.0.0.1@%u", dead_port);
	dns.pid = fork();
	assert_true(dns.pid >= 0);
	if (!dns.pid)
		run_dnsmasq();
	for (int i = 0; i < 50; i++) {
		CLEAN(list) struct list l = { 0 };
		int status;

		if (waitpid(dns.pid, &status, WNOHANG) == dns.pid) {
			dns.pid = 0;
			if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
				print_message("dnsmasq is not installed (apt-get install dnsmasq-base): "
					      "lookups are skipped\n");
				return 0;
			}
			return -1;
		}
		if (dns_lookup(dns.server, "mail.exemple.fr", "A", 2, &l, NULL) == DNS_FOUND)
			return 0;
		nanosleep(&pause, NULL);
	}
	return -1;
}

static int stop_dns(void **state)
{
	(void)state;
	close(dns.dead_fd);
	if (dns.pid) {
		kill(dns.pid, SIGTERM);
		waitpid(dns.pid, NULL, 0);
	}
	return 0;
}

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
		cmocka_unit_test(plan),
		cmocka_unit_test(plan_without_addresses),
		cmocka_unit_test(plan_with_ipv6_only),
		cmocka_unit_test(plan_with_ipv6_and_nat),
		cmocka_unit_test(zone_lines),
		cmocka_unit_test(form_lines),
		cmocka_unit_test(reverse_names),
		cmocka_unit_test(wire_format),
		cmocka_unit_test(lookups),
		cmocka_unit_test(spf_without_dns),
		cmocka_unit_test(spf_followed),
		cmocka_unit_test(verdicts),
		cmocka_unit_test(verdicts_elsewhere),
		cmocka_unit_test(verdicts_behind_nat),
		cmocka_unit_test(verdicts_behind_nat_with_ipv6),
		cmocka_unit_test(verdicts_of_a_name_that_leads_elsewhere_too),
		cmocka_unit_test(verdicts_of_silence),
		cmocka_unit_test(refused),
		cmocka_unit_test(malformed_questions),
		cmocka_unit_test(silence),
		cmocka_unit_test(no_resolver),
	};

	return cmocka_run_group_tests(tests, start_dns, stop_dns);
}
