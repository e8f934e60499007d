/* The table of symptoms against the messages as their programs write them; log lines; stories' words. What tests/host/doctor.sh provokes
 * on a real server has its real message there. */
#include "tests/unit/unit.h"

#include "base/interrupt.h"
#include "doctor/doctor.h"
#include "doctor/limit.h"
#include "doctor/pattern.h"
#include "doctor/story.h"

#include <signal.h>
#include <time.h>

/* From the sources of Postfix 3.5, Dovecot 2.3 with Pigeonhole 0.5, OpenDKIM 2.11, SpamAssassin 3.4.6, spamass-milter 0.4, systemd 247,
 * Linux 5.10, or seen on a server. */
static const struct {
	const char *name, *program, *text;
} samples[] = {
	{ "disk_full", "postfix/smtpd", "NOQUEUE: reject: MAIL from a.example[192.0.2.1]: 452 4.3.1 Insufficient system storage; proto=ESMTP helo=<a.example>" },
	{ "disk_full", "dovecot", "lmtp(a@b.example)<1><x>: Error: sieve: msgid=<1@a>: failed to store into mailbox 'INBOX': No space left on device" },
	{ "milter_unix", "postfix/cleanup", "warning: milter unix:/spamass/spamass.sock: unreasonable packet length: 1397768525 > 1073741823" },
	{ "sasl_mechanisms", "postfix/submission/smtpd", "fatal: no SASL authentication mechanisms" },
	{ "table_lookup", "postfix/smtpd", "warning: proxy:sqlite:/etc/postfix/sqlite-domaines.cf lookup error for \"exemple.fr\"" },
	{ "tls_library", "postfix/smtp", "warning: TLS library problem: error:0906D06C:PEM routines:PEM_read_bio:no start line:pem_lib.c:707:" },
	{ "tls_untrusted", "postfix/smtp", "4CB9F3EA6F2: to=<a@b.example>, relay=mx.b.example[192.0.2.1]:25, delay=1, delays=0/0/1/0, dsn=4.7.5, status=deferred (Server certificate not trusted)" },
	{ "postfix_panic", "postfix/qmgr", "panic: myfree: corrupt or unallocated memory block" },
	{ "postfix_fatal", "postfix/master", "fatal: open lock file pid/inet.25: unable to set exclusive lock" },
	{ "process_ended", "postfix/master", "warning: process /usr/lib/postfix/sbin/smtpd pid 424 exit status 1" },
	{ "process_limit_advice", "postfix/master", "warning: to avoid this condition, increase the process count in master.cf or reduce the service time per client" },
	{ "postfix_down", "postfix/postqueue", "warning: Mail system is down -- accessing queue directly" },
	{ "dovecot_auth_policy", "dovecot", "auth: Warning: auth client 123 disconnected with 1 pending requests: EOF" },
	{ "dovecot_connections", "dovecot", "imap-login: Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10): user=<a@b.example>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.2, TLS" },
	{ "dovecot_memory", "dovecot", "imap(a@b.example)<1><x>: Fatal: pool_system_realloc(131072): Out of memory" },
	{ "dovecot_mailbox", "dovecot", "imap(a@b.example)<1><x>: Error: Mailbox INBOX: UID=5: read(/var/mail/x) failed: Cached message size smaller than expected" },
	{ "dovecot_panic", "dovecot", "imap(a@b.example)<1><x>: Panic: file mail-index-map.c: line 10 (f): assertion failed: (a == b)" },
	{ "dovecot_fatal", "dovecot", "master: Fatal: Failed to start listeners" },
	{ "dovecot_stopped", "dovecot", "master: Warning: Killed with signal 15 (by pid=970 uid=0 code=kill)" },
	{ "sieve_save", "dovecot", "lmtp(a@b.example)<1><x>: Error: sieve: binary save: failed to create temporary file: open(/var/mail/sieve/before/spam.svbin.1) failed: Permission denied (euid=3000(vmail) egid=3000(vmail) missing +w perm)" },
	{ "dkim_unsigned", "opendkim", "4CB9F3EA6F2: no signing table match for 'a@b.example'" },
	{ "dkim_bad", "opendkim", "4CB9F3EA6F2: bad signature data" },
	{ "dkim_dns", "opendkim", "4CB9F3EA6F2: key retrieval failed (s=mail, d=b.example): 'mail._domainkey.b.example' record not found" },
	{ "spamd_bayes", "spamd", "bayes: cannot open bayes databases /var/lib/spamd/bayes_* R/W: tie failed: Permission denied" },
	{ "spamd_busy", "spamd", "prefork: server reached --max-children setting, consider raising it" },
	{ "spamd_child", "spamd", "spamd: handled cleanup of child pid [5026] due to SIGCHLD: interrupted, signal 2 (0002)" },
	{ "spamd_socket", "spamd", "spamd: could not create UNIX socket on /run/spamassassin/spamassassin.sock: No such file or directory" },
	{ "spamd_rules", "spamd", "config: no rules were found!  Do you need to run 'sa-update'?" },
	{ "spamass_error", "spamass-milter", "Thrown error: write error: Broken pipe" },
	{ "spamass_macro", "spamass-milter", "Could not retrieve sendmail macro \"b\"!.  Please add it to confMILTER_MACROS_ENVRCPT for better spamassassin results" },
	{ "unit_oom", "systemd", "spamassassin.service: A process of this unit has been killed by the OOM killer." },
	{ "kernel_oom", "kernel", "Out of memory: Killed process 1256 (spamd child) total-vm:104128kB, anon-rss:90112kB, file-rss:0kB, shmem-rss:0kB, UID:997 pgtables:240kB oom_score_adj:0" },
	{ "loops_back", "postfix/smtp", "4CB9F3EA6F2: to=<x@exemple.fr>, relay=none, delay=0, delays=0/0/0/0, dsn=5.4.6, status=bounced (mail for exemple.fr loops back to myself)" },
	{ "sasl_socket", "postfix/smtpd", "warning: SASL: Connect to private/auth failed: No such file or directory" },
};

static const char *first_name(const char *program, const char *message)
{
	struct doctor *d = doctor_new("spamd");
	const struct finding *v;
	const char *name = "none";
	size_t n;

	doctor_judge(d, &(struct log_line){ .time = 1, .program = program, .text = message });
	v = doctor_findings(d, &n);
	/* Those that are normal are not among the n; but they are counted. */
	for (size_t i = 0; i < symptom_count; i++)
		if (v[i].symptom && v[i].count)
			name = v[i].symptom->name;
	doctor_free(d);
	return name;
}

static void known_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
		const char *name = first_name(samples[i].program, samples[i].text);

		if (strcmp(name, samples[i].name) != 0)
			fail_msg("%s is taken for %s: %s", samples[i].name, name, samples[i].text);
	}
}

/* Each is provoked for real, or has its text here; and says what to do. */
static void none_without_a_test(void **state)
{
	CLEAN(bytes) struct bytes suite = { 0 };
	FILE *f = fopen("tests/host/doctor.sh", "r");
	char line[4096];

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		bytes_add_text(&suite, line);
	fclose(f);
	const char *begin = strstr(suite.data, "\nprovoked=("), *end = begin ? strstr(begin, ")\n") : NULL;
	assert_non_null(end);
	CLEAN(free) char *provoked = text_copy_n(begin + strlen("\nprovoked=("), (size_t)(end - begin) - strlen("\nprovoked=("));
	CLEAN(list) struct list names = { 0 };
	list_split(&names, provoked, " \t\n");
	assert_true(names.n >= 25);
	assert_true(symptom_count >= 30);
	for (size_t i = 0; i < symptom_count; i++) {
		bool tested = list_has(&names, symptoms[i].name);

		for (size_t k = 0; k < sizeof(samples) / sizeof(*samples); k++)
			tested |= strcmp(samples[k].name, symptoms[i].name) == 0;
		if (!tested)
			fail_msg("%s has no test", symptoms[i].name);
		if (symptoms[i].severity != SEVERITY_NORMAL)
			assert_true(*symptoms[i].cause && *symptoms[i].remedy && *symptoms[i].what);
	}
}

/* Its notes are left out, what it brings to light is not, nor what others do alike. */
static void probes_of_verify(void **state)
{
	static const struct {
		const char *name, *program, *text;
	} lines[] = {
		{ "none", "postfix/smtpd", "lost connection after RSET from unknown[198.19.154.166]" },
		{ "none", "postfix/submission/smtpd", "lost connection after AUTH from unknown[2001:2:0:8773::2]" },
		{ "none", "dovecot", "imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<mailsetup-verify-facaa6a20df196a3@exemple.fr>, method=PLAIN, rip=192.0.2.9, lip=192.0.2.1, TLS" },
		{ "none", "postfix/smtpd", "NOQUEUE: reject: RCPT from a.example[192.0.2.1]: 554 5.7.1 <nobody@example.net>: Relay access denied; from=<> to=<nobody@example.net> proto=ESMTP helo=<verify.mailsetup.example>" },
		{ "lost_connection", "postfix/smtpd", "lost connection after RSET from unknown[198.51.100.9]" },
		{ "lost_connection", "postfix/smtpd", "lost connection after RSET from unknown[2001:2:1:8773::2]" },
		{ "disk_full", "postfix/smtpd", "NOQUEUE: reject: MAIL from unknown[198.19.154.166]: 452 4.3.1 Insufficient system storage; proto=ESMTP helo=<verify.mailsetup.example>" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		assert_string_equal(first_name(lines[i].program, lines[i].text), lines[i].name);
}

static void healthy_lines(void **state)
{
	static const char *const lines[][2] = {
		{ "postfix/smtpd", "connect from mx.dehors.example[198.51.100.99]" },
		{ "postfix/qmgr", "4CB9F3EA6F2: from=<warning@b.example>, size=590, nrcpt=1 (queue active)" },
		{ "dovecot", "imap-login: Login: user=<a@b.example>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.2, mpid=5036, TLS, session=<x>" },
		{ "spamd", "spamd: clean message (1.3/5.0) for jean:997 in 0.1 seconds, 475 bytes." },
		{ "systemd", "Started Dovecot IMAP/POP3 email server." },
		{ "kernel", "usb 1-1: warning: nothing" },
	};
	struct doctor *d = doctor_new("spamd");
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		doctor_judge(d, &(struct log_line){ .time = 1, .program = lines[i][0], .text = lines[i][1] });
	doctor_findings(d, &n);
	assert_int_equal(n, 0);
	assert_int_equal(doctor_lines(d), 5);
	doctor_free(d);
}

static void counts_and_times(void **state)
{
	struct doctor *d = doctor_new("spamd");
	size_t n;

	(void)state;
	for (int i = 0; i < 300; i++) {
		CLEAN(free) char *message = text("NOQUEUE: reject: RCPT from a[192.0.2.%d]: 554 5.7.1 <x@y.example>: Relay access denied; from=<>", i < 100 ? 7 : i % 250);

		doctor_judge(d, &(struct log_line){ .time = 1000 - i, .program = "postfix/smtpd", .text = message });
	}
	const struct finding *v = doctor_findings(d, &n);
	assert_int_equal(n, 1);
	assert_string_equal(v->symptom->name, "relay_denied");
	assert_int_equal(v->count, 300);
	assert_int_equal(v->first, 701);
	assert_int_equal(v->last, 1000);
	assert_string_equal(v->details[0].text, "192.0.2.7");
	assert_true(v->details[0].count >= 100 && v->detail_count <= 64 && v->others > 0);
	doctor_free(d);
}

static void unknown_grouped(void **state)
{
	struct doctor *d = doctor_new("spamd");
	size_t n;

	(void)state;
	doctor_judge(d, &(struct log_line){ .time = 1, .program = "postfix/smtpd", .text = "warning: odd thing 12 from <a@b>" });
	doctor_judge(d, &(struct log_line){ .time = 2, .program = "postfix/smtpd", .text = "warning: odd thing 7 from <>" });
	const struct finding *v = doctor_findings(d, &n);
	assert_int_equal(n, 1);
	assert_null(v->symptom);
	assert_int_equal(v->count, 2);
	assert_string_equal(v->key, "postfix/smtpd: warning: odd thing * from <*>");
	doctor_free(d);
	/* However many there are, memory is bounded. */
	d = doctor_new("spamd");
	for (int i = 0; i < 1000; i++) {
		CLEAN(free) char *message = text("warning: %c%c%c odd", 'a' + i % 26, 'a' + i / 26 % 26, 'a' + i / 676);

		doctor_judge(d, &(struct log_line){ .time = i, .program = "postfix/smtpd", .text = message });
	}
	v = doctor_findings(d, &n);
	assert_true(n <= 201);
	uint64_t sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += v[i].count;
	assert_int_equal(sum, 1000);
	doctor_free(d);
}

/* A stranger writes the text: 8 KiB of what every expression begins with must not take long. */
static void hostile_lines(void **state)
{
	static const char *const pieces[] = { "host a[b] said: 5", "(open(a) ", "\\(a): Error: ", "NOQUEUE: reject: RCPT from [", "Error: sieve: save: ",
		"auth failed, (", "TLS library problem: a:b:SSL routines:", "user=<", "[[[[", "<<<<", "((((", "aaaaaaaa", "spamhaus", "sieve: msgid=", "\x80\xff" };
	struct timespec begin, end;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		static const char *const programs[] = { "postfix/smtpd", "postfix/smtp", "dovecot", "opendkim", "spamd" };
		CLEAN(bytes) struct bytes b = { 0 };

		while (b.size + strlen(pieces[i]) < MAIL_LOG_LINE)
			bytes_add_text(&b, pieces[i]);
		for (size_t k = 0; k < sizeof(programs) / sizeof(*programs); k++) {
			first_name(programs[k], b.data);
			free(story_words(&(struct log_line){ .program = programs[k], .text = b.data }));
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true(end.tv_sec - begin.tv_sec < 20);
}

static void log_lines(void **state)
{
	char traditional[] = "Nov 24 16:22:25 mail postfix/submission/smtpd[455]: warning: a: b\n";
	char rfc3339[] = "2026-11-24T17:22:25.123456+01:00 mail dovecot: master: x\x1b\n";
	char ahead[] = "Dec 31 23:00:00 mail dovecot: x", none[] = "no line", dates[] = "Nov 24 16:22:25 mail", spaces[] = "Nov 24 16:22:25 mail two words: x";
	struct log_line line;
	struct tm tm = { .tm_year = 126, .tm_mon = 10, .tm_mday = 25 };
	int64_t now;

	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	now = timegm(&tm);
	assert_true(mail_log_parse(traditional, now, &line));
	assert_string_equal(line.program, "postfix/submission/smtpd");
	assert_string_equal(line.text, "warning: a: b");
	assert_int_equal(line.time, INT64_C(1795537345000000));
	assert_true(mail_log_parse(rfc3339, now, &line));
	assert_string_equal(line.program, "dovecot");
	assert_string_equal(line.text, "master: x ");
	assert_int_equal(line.time, INT64_C(1795537345000000));
	assert_true(mail_log_parse(ahead, now, &line));
	assert_true(line.time < now * 1000000);
	assert_false(mail_log_parse(none, now, &line));
	assert_false(mail_log_parse(dates, now, &line));
	assert_false(mail_log_parse(spaces, now, &line));
}

static void fills(void **state)
{
	struct pattern p = { 0 };
	regmatch_t groups[PATTERN_GROUPS];
	const struct log_line line = { .program = "postfix/submission/smtpd", .text = "ab: said (x) to y" };

	(void)state;
	pattern_compile(&p, "smtpd", "said \\(([a-z])\\) (to|of) ([a-z])");
	assert_string_equal(p.needle, "said (");
	assert_true(pattern_matches(&p, &line, groups));
	CLEAN(free) char *filled = pattern_fill("$3, $1$4 costs $", line.text, groups);
	assert_string_equal(filled, "y, x costs $");
	p.program = "postfix";
	assert_true(pattern_matches(&p, &line, groups));
	p.program = "submission";
	assert_false(pattern_matches(&p, &line, groups));
	p.program = "mtpd";
	assert_false(pattern_matches(&p, &line, groups));
	pattern_free(&p);
	pattern_compile(&p, NULL, "abc|def");
	assert_string_equal(p.needle, "");
	pattern_free(&p);
	pattern_compile(&p, NULL, "colou?r [^]a] needle+s x*y");
	assert_string_equal(p.needle, " needle");
	pattern_free(&p);
}

static char root[] = "/tmp/test_doctor.XXXXXX";

static void write_log(unsigned lines)
{
	CLEAN(free) char *path = text("%s/var/log/mail.log", root);
	FILE *f = fopen(path, "w");

	for (unsigned i = 0; i < lines; i++)
		fputs("2026-11-24T16:22:25+01:00 mail postfix/smtpd[1]: warning: something odd\n", f);
	fclose(f);
}

static bool interrupt_then(void *context, const struct log_line *line)
{
	(void)line;
	if (++*(unsigned *)context == 5)
		raise(SIGINT);
	return true;
}

/* In a process of its own: the flag of an interruption never falls again. */
static int interrupted_reading(struct host *h)
{
	struct stories stories;
	unsigned lines = 0;
	bool right = true;

	interrupt_install();
	for (int i = 0; i < 2; i++) {
		struct error *e = i ? stories_read(h, 0, "a@exemple.fr", &stories) : mail_log_read(h, 0, false, interrupt_then, &lines);

		right &= error_code(e) == ERR_STOPPED && strstr(error_message(e), "interrupted");
		error_free(e);
	}
	return right && lines == 5 ? 0 : 1;
}

static void a_signal_ends_the_reading(void **state)
{
	CLEAN(host_close) struct host *h = NULL;
	int status;

	(void)state;
	assert_non_null(mkdtemp(root));
	put_folder(root, "/var/log");
	write_log(5000);
	must(host_open(root, &h));
	pid_t pid = fork();
	if (pid == 0)
		_exit(interrupted_reading(h));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	remove_tree(root);
	assert_int_equal(status, 0);
}

static void a_limit_passes(void **state)
{
	struct limit now = limit_of(0), later = limit_of(60);

	(void)state;
	for (int i = 1; i < 1024; i++)
		assert_false(limit_passed(&now) || limit_passed(&later));
	assert_true(limit_passed(&now));
	assert_false(limit_passed(&later));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_messages),
		cmocka_unit_test(none_without_a_test),
		cmocka_unit_test(probes_of_verify),
		cmocka_unit_test(healthy_lines),
		cmocka_unit_test(counts_and_times),
		cmocka_unit_test(unknown_grouped),
		cmocka_unit_test(hostile_lines),
		cmocka_unit_test(log_lines),
		cmocka_unit_test(fills),
		cmocka_unit_test(a_signal_ends_the_reading),
		cmocka_unit_test(a_limit_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
