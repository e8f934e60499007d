/*
 * The client against small servers, each in a child process that answers one connection and writes down what it
 * was told.
 */
#include "tests/unit/unit.h"

#include "base/interrupt.h"
#include "host/crypto.h"
#include "mail/client.h"
#include "mail/message.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECRET "S3cr3t-canary"
#define NAME   "courriel.exemple.fr"

static struct bytes key, certificate, other_certificate;
static char folder[] = "/tmp/test_client.XXXXXX";
static char *certificate_file, *other_certificate_file;

struct peer {
	int fd;
	int log;
	SSL *tls;
};
typedef void script(struct peer *p);

struct server {
	unsigned port;
	pid_t pid;
	int log;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The message or the server's words hold this, and the password nowhere. */
static void refused(struct error *e, const char *part)
{
	assert_non_null(e);
	if (!strstr(error_message(e), part) && !strstr(error_detail(e), part))
		fail_msg("\"%s\" (%s) does not say \"%s\"", error_message(e), error_detail(e), part);
	assert_null(strstr(error_message(e), SECRET));
	assert_null(strstr(error_detail(e), SECRET));
	error_free(e);
}

static char *write_file(const char *name, const struct bytes *b)
{
	char *path = text("%s/%s", folder, name);
	FILE *f = fopen(path, "w");

	assert_int_equal(fwrite(b->data, 1, b->size, f), b->size);
	fclose(f);
	return path;
}

static int prepare(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(folder) || key_generate_rsa(2048, &key) ||
		certificate_self_signed(&key, NAME, 30, &certificate) ||
		certificate_self_signed(&key, "autre.exemple.fr", 30, &other_certificate))
		return -1;
	certificate_file = write_file("ours.pem", &certificate);
	other_certificate_file = write_file("other.pem", &other_certificate);
	return 0;
}

static int tidy(void **state)
{
	(void)state;
	unlink(certificate_file);
	unlink(other_certificate_file);
	free(certificate_file);
	free(other_certificate_file);
	bytes_wipe(&key);
	bytes_free(&certificate);
	bytes_free(&other_certificate);
	return rmdir(folder);
}

/* The server's side. */

static void put(struct peer *p, const char *data, size_t size)
{
	if (p->tls ? SSL_write(p->tls, data, (int)size) <= 0 : write(p->fd, data, size) < 0)
		_exit(0);
}

static void say(struct peer *p, const char *s)
{
	put(p, s, strlen(s));
}

/* One line without its CRLF; it goes into the log, unless it ends in a bare LF: that is told apart. */
static char *hear(struct peer *p)
{
	static char line[20000];
	size_t n = 0;

	while (n < sizeof(line) - 1) {
		if (p->tls ? SSL_read(p->tls, line + n, 1) <= 0 : read(p->fd, line + n, 1) <= 0)
			_exit(0);
		if (line[n++] == '\n')
			break;
	}
	bool crlf = n > 1 && line[n - 2] == '\r';
	line[n - (crlf ? 2 : 1)] = '\0';
	dprintf(p->log, "%s%s\n", crlf ? "" : "BARE LF:", line);
	return line;
}

static void serve_tls(struct peer *p)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	BIO *k = BIO_new_mem_buf(key.data, (int)key.size),
	    *c = BIO_new_mem_buf(certificate.data, (int)certificate.size);

	SSL_CTX_use_PrivateKey(context, PEM_read_bio_PrivateKey(k, NULL, NULL, NULL));
	SSL_CTX_use_certificate(context, PEM_read_bio_X509(c, NULL, NULL, NULL));
	SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
	p->tls = SSL_new(context);
	SSL_set_fd(p->tls, p->fd);
	if (SSL_accept(p->tls) != 1)
		_exit(0);
	const char *name = SSL_get_servername(p->tls, TLSEXT_NAMETYPE_host_name);
	dprintf(p->log, "SNI %s\n", name ? name : "none");
}

static struct server start(script *run)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), log[2];
	struct server s;

	assert_int_equal(bind(fd, (struct sockaddr *)&a, size), 0);
	assert_int_equal(listen(fd, 1), 0);
	getsockname(fd, (struct sockaddr *)&a, &size);
	assert_int_equal(pipe2(log, O_CLOEXEC), 0);
	s.port = ntohs(a.sin_port);
	s.log = log[0];
	s.pid = fork();
	if (s.pid == 0) {
		alarm(30);
		struct peer p = { .fd = accept(fd, NULL, NULL), .log = log[1] };

		close(fd);
		run(&p);
		_exit(0);
	}
	close(fd);
	close(log[1]);
	return s;
}

/* Ends the server; what it heard. */
static char *stop(struct server *s)
{
	struct bytes b = { 0 };
	char buffer[4096];
	ssize_t n;

	kill(s->pid, SIGTERM);
	waitpid(s->pid, NULL, 0);
	bytes_add(&b, "", 0);
	while ((n = read(s->log, buffer, sizeof(buffer))) > 0)
		bytes_add(&b, buffer, (size_t)n);
	close(s->log);
	return b.data;
}

static struct endpoint endpoint(const struct server *s)
{
	return (struct endpoint){ .address = "127.0.0.1", .hostname = NAME, .port = s->port, .timeout = 10 };
}

/* A server of SMTP; features are the last lines of its answer to EHLO. */
static void smtp(struct peer *p, const char *features, const char *to_rcpt, const char *to_auth)
{
	for (;;) {
		char *line = hear(p);

		if (starts_with(line, "EHLO")) {
			say(p, "250-" NAME "\r\n");
			say(p, features);
		} else if (starts_with(line, "STARTTLS")) {
			say(p, "220 go ahead\r\n");
			serve_tls(p);
			features = "250-AUTH PLAIN\r\n250 SIZE 1000\r\n";
		} else if (starts_with(line, "AUTH")) {
			if (!line[strlen("AUTH PLAIN")]) {
				say(p, "334 \r\n");
				hear(p);
			}
			say(p, to_auth);
		} else if (starts_with(line, "RCPT")) {
			say(p, to_rcpt);
		} else if (starts_with(line, "DATA")) {
			say(p, "354 go on\r\n");
			while (strcmp(hear(p), ".") != 0)
				;
			say(p, "250 2.0.0 taken\r\n");
		} else if (starts_with(line, "QUIT")) {
			say(p, "221 2.0.0 bye\r\n");
			_exit(0);
		} else {
			say(p, "250 ok\r\n");
		}
	}
}

static void smtp_plain(struct peer *p)
{
	say(p, "220 " NAME "\r\n");
	smtp(p, "250 SIZE 1000\r\n", "250 ok\r\n", "");
}

static void smtp_refusing(struct peer *p)
{
	say(p, "220 " NAME "\r\n");
	smtp(p, "250 SIZE 1000\r\n", "554-5.7.1 no relaying\r\n554 5.7.1 for strangers\r\n", "");
}

static void smtp_starttls(struct peer *p)
{
	say(p, "220 " NAME "\r\n");
	smtp(p, "250 STARTTLS\r\n", "250 ok\r\n", "235 2.7.0 welcome\r\n");
}

static void smtp_wrong_password(struct peer *p)
{
	say(p, "220 " NAME "\r\n");
	smtp(p, "250 STARTTLS\r\n", "250 ok\r\n", "535 5.7.8 authentication failed\r\n");
}

static void smtp_tls(struct peer *p)
{
	serve_tls(p);
	say(p, "220 " NAME "\r\n");
	smtp(p, "250 AUTH PLAIN\r\n", "250 ok\r\n", "235 2.7.0 welcome\r\n");
}

static void silent(struct peer *p)
{
	(void)p;
	pause();
}

static void dripping(struct peer *p)
{
	for (;;) {
		say(p, "2");
		nanosleep(&(struct timespec){ .tv_nsec = 200 * 1000000 }, NULL);
	}
}

static struct bytes of(const char *s)
{
	struct bytes b = { 0 };

	bytes_add_text(&b, s);
	return b;
}

static void a_message_gets_crlf(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes mixed = of("a\nb\r\n\nc\rd\r\r\ne"), empty = { 0 }, got = { 0 }, none = { 0 };

	message_crlf(&mixed, &got);
	assert_string_equal(got.data, "a\r\nb\r\n\r\nc\rd\r\r\ne\r\n");
	message_crlf(&empty, &none);
	assert_int_equal(none.size, 0);
}

static void a_message_is_sent(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes message = of("Subject: x\n\n.point\nfin");
	struct server s = start(smtp_plain);
	struct endpoint e = endpoint(&s);

	must(smtp_send(&e, "jean@exemple.fr", "anne@exemple.org", &message));
	CLEAN(free) char *heard = stop(&s);
	assert_true(starts_with(heard, "EHLO [127.0.0.1]\n"));
	assert_non_null(strstr(heard, "\nMAIL FROM:<jean@exemple.fr>"));
	assert_non_null(strstr(heard, "\nRCPT TO:<anne@exemple.org>\n"));
	assert_non_null(strstr(heard, "\nSubject: x\n\n..point\nfin\n.\n"));
	assert_null(strstr(heard, "BARE LF"));
}

static void the_null_sender_is_sent(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes message = of("Subject: x\r\n\r\n");
	struct server s = start(smtp_plain);
	struct endpoint e = endpoint(&s);

	must(smtp_send(&e, "", "anne@exemple.org", &message));
	CLEAN(free) char *heard = stop(&s);
	assert_non_null(strstr(heard, "\nMAIL FROM:<>"));
}

static void a_refusal_carries_the_reply(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes message = of("Subject: x\r\n\r\n");
	struct server s = start(smtp_refusing);
	struct endpoint e = endpoint(&s);
	struct error *problem = smtp_send(&e, "", "anne@exemple.org", &message);

	assert_non_null(problem);
	assert_string_equal(error_detail(problem), "554-5.7.1 no relaying\n554 5.7.1 for strangers");
	assert_int_equal(error_code(problem), ERR_STOPPED);
	refused(problem, "SMTP at 127.0.0.1 port");
	CLEAN(free) char *heard = stop(&s);
	assert_null(strstr(heard, "DATA"));
}

static void addresses_cannot_smuggle_commands(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes message = of("x");
	struct endpoint e = { .address = "127.0.0.1", .hostname = NAME, .port = 1 };

	refused(smtp_send(&e, "a@b.fr>\r\nRCPT TO:<c@d.fr", "a@b.fr", &message), "no address");
	refused(smtp_send(&e, "", "a@b.fr\nDATA", &message), "no address");
}

static void a_hanging_server_is_left(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes message = of("x");
	struct server s = start(silent);
	struct endpoint e = endpoint(&s);
	double begin = now();

	e.timeout = 1;
	refused(smtp_send(&e, "", "anne@exemple.org", &message), "imed out");
	assert_true(now() - begin < 5);
	free(stop(&s));
}

static void a_closed_port_is_an_error(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes message = of("x");
	struct server s = start(silent);
	struct endpoint e = endpoint(&s);
	struct dialogue *d = NULL;

	free(stop(&s));
	refused(smtp_send(&e, "", "anne@exemple.org", &message), "onnect");
	refused(dialogue_open("127.0.0.1", s.port, 2, &d), "refused");
	refused(dialogue_open("nowhere", s.port, 2, &d), "no IP address");
	assert_null(d);
}

static void starttls_trusts_the_given_certificate_only(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes message = of("Subject: x\r\n\r\n"), password = of(SECRET);
	struct server s = start(smtp_starttls);
	struct endpoint e = endpoint(&s);

	e.security = SECURITY_STARTTLS;
	e.user = "jean@exemple.fr";
	e.password = &password;
	e.certificate_file = certificate_file;
	must(smtp_send(&e, "jean@exemple.fr", "anne@exemple.org", &message));
	CLEAN(free) char *heard = stop(&s);
	assert_non_null(strstr(heard, "\nSNI " NAME "\n"));
	/* The password comes after TLS. */
	assert_true(strstr(heard, "\nAUTH PLAIN") > strstr(heard, "\nSNI"));

	s = start(smtp_starttls);
	e.port = s.port;
	e.certificate_file = other_certificate_file;
	refused(smtp_send(&e, "jean@exemple.fr", "anne@exemple.org", &message), "certificate");
	CLEAN(free) char *unheard = stop(&s);
	assert_null(strstr(unheard, "AUTH"));

	s = start(smtp_starttls);
	e.port = s.port;
	e.hostname = "faux.exemple.fr";
	e.certificate_file = certificate_file;
	refused(smtp_send(&e, "jean@exemple.fr", "anne@exemple.org", &message), "faux.exemple.fr");
	free(stop(&s));

	s = start(smtp_starttls);
	e.port = s.port;
	e.certificate_file = NULL;
	must(smtp_send(&e, "jean@exemple.fr", "anne@exemple.org", &message));
	free(stop(&s));
}

static void starttls_that_is_not_offered_is_an_error(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes message = of("x"), password = of(SECRET);
	struct server s = start(smtp_plain);
	struct endpoint e = endpoint(&s);

	e.security = SECURITY_STARTTLS;
	e.user = "jean@exemple.fr";
	e.password = &password;
	refused(smtp_send(&e, "", "anne@exemple.org", &message), "STARTTLS");
	CLEAN(free) char *heard = stop(&s);
	assert_null(strstr(heard, "MAIL"));
}

static void tls_from_the_start_works(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes message = of("Subject: x\r\n\r\n"), password = of(SECRET);
	struct server s = start(smtp_tls);
	struct endpoint e = endpoint(&s);

	e.security = SECURITY_TLS;
	e.user = "jean@exemple.fr";
	e.password = &password;
	e.certificate_file = certificate_file;
	must(smtp_send(&e, "jean@exemple.fr", "anne@exemple.org", &message));
	CLEAN(free) char *heard = stop(&s);
	assert_true(starts_with(heard, "SNI " NAME "\n"));
}

static void a_wrong_password_is_refused_and_not_repeated(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes message = of("x"), password = of(SECRET), bad = { 0 };
	struct server s = start(smtp_wrong_password);
	struct endpoint e = endpoint(&s);

	e.security = SECURITY_STARTTLS;
	e.user = "jean@exemple.fr";
	e.password = &password;
	refused(smtp_send(&e, "", "anne@exemple.org", &message), "535 5.7.8 authentication failed");
	free(stop(&s));

	bytes_add(&bad, "a\0b", 3);
	e.password = &bad;
	refused(smtp_send(&e, "", "anne@exemple.org", &message), "NUL");
	e.password = NULL;
	refused(smtp_send(&e, "", "anne@exemple.org", &message), "missing");
}

static void a_server_without_auth_cannot_pass_for_a_login(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes message = of("x"), password = of(SECRET);
	struct server s = start(smtp_plain);
	struct endpoint e = endpoint(&s);

	e.user = "jean@exemple.fr";
	e.password = &password;
	refused(smtp_send(&e, "", "anne@exemple.org", &message), "no AUTH");
	free(stop(&s));
}

/* A server of IMAP that knows one folder and the message 17. */
#define MAIL "Subject: \303\251t\303\251\r\n\r\n* 3 FETCH (UID 17 is not a response)\r\n)\r\nA004 NO way\r\n"

static void imap_command(struct peer *p, const char *tag, const char *command)
{
	CLEAN(bytes) struct bytes b = { 0 };
	const char *result = "OK done";

	if (strcmp(command, "CAPABILITY") == 0)
		bytes_add_text(&b, "* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\n");
	else if (starts_with(command, "AUTHENTICATE PLAIN") && !strstr(command, "AGpl")) /* "\0je..." */
		result = "NO [AUTHENTICATIONFAILED] Authentication failed.";
	else if (starts_with(command, "SELECT") && !strstr(command, "INBOX"))
		result = strstr(command, "Full")   ? "NO [SERVERBUG] ouch"
			 : strstr(command, "Spam") ? "NO Mailbox doesn't exist: Spam (0.002 secs)."
						   : "NO [NONEXISTENT] no such thing";
	else if (starts_with(command, "SELECT"))
		bytes_add_text(&b, "* 3 EXISTS\r\n* OK [UIDVALIDITY 7] fine\r\n");
	else if (starts_with(command, "UID SEARCH"))
		bytes_add_text(&b, strstr(command, "none") ? "* SEARCH\r\n" : "* SEARCH 4 17\r\n");
	else if (strcmp(command, "UID FETCH 17 BODY[]") == 0)
		bytes_printf(&b, "* 3 FETCH (UID 17 BODY[] {%zu}\r\n%s)\r\n", strlen(MAIL), MAIL);
	else if (strcmp(command, "LOGOUT") == 0)
		bytes_add_text(&b, "* BYE Logging out\r\n");
	bytes_printf(&b, "%s %s\r\n", tag, result);
	put(p, b.data, b.size);
}

static void imap(struct peer *p)
{
	say(p, "* OK ready\r\n");
	for (;;) {
		char *line = hear(p), *space = strchr(line, ' ');

		if (!space)
			_exit(0);
		*space = '\0';
		imap_command(p, line, space + 1);
	}
}

static void imap_in_tls(struct peer *p)
{
	serve_tls(p);
	imap(p);
}

static void imap_logs_in(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes password = of(SECRET);
	struct server s = start(imap_in_tls);
	struct endpoint e = endpoint(&s);

	e.security = SECURITY_TLS;
	e.user = "jean@exemple.fr";
	e.password = &password;
	e.certificate_file = certificate_file;
	must(imap_login(&e));
	free(stop(&s));

	s = start(imap);
	e = endpoint(&s);
	e.user = "paul@exemple.fr";
	e.password = &password;
	refused(imap_login(&e), "NO [AUTHENTICATIONFAILED]");
	free(stop(&s));
	e.user = NULL;
	refused(imap_login(&e), "needs a user");
}

static struct endpoint imap_endpoint(struct server *s, const struct bytes *password)
{
	*s = start(imap);

	struct endpoint e = endpoint(s);

	e.user = "jean@exemple.fr";
	e.password = password;
	return e;
}

static void imap_searches_a_header(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes password = of(SECRET);
	CLEAN(list) struct list uids = { 0 };
	struct server s;
	struct endpoint e = imap_endpoint(&s, &password);

	must(imap_search_header(&e, "INBOX", "X-Token", "100%25 \"\\", &uids));
	assert_int_equal(uids.n, 2);
	assert_string_equal(uids.v[0], "4");
	assert_string_equal(uids.v[1], "17");
	CLEAN(free) char *heard = stop(&s);
	assert_non_null(strstr(heard, " UID SEARCH HEADER \"X-Token\" \"100%25 \\\"\\\\\"\n"));

	CLEAN(list) struct list empty = { 0 };
	e = imap_endpoint(&s, &password);
	must(imap_search_header(&e, "INBOX", "X-Token", "none", &empty));
	free(stop(&s));
	e = imap_endpoint(&s, &password);
	must(imap_search_header(&e, "Spam", "X-Token", "a", &empty));
	free(stop(&s));
	e = imap_endpoint(&s, &password);
	must(imap_search_header(&e, "Elsewhere", "X-Token", "a", &empty));
	free(stop(&s));
	assert_int_equal(empty.n, 0);
	e = imap_endpoint(&s, &password);
	refused(imap_search_header(&e, "Full", "X-Token", "a", &empty), "[SERVERBUG]");
	free(stop(&s));
	refused(imap_search_header(&e, "INBOX", "X-Token", "a\r\nb LOGOUT", &empty), "printable");
}

static void imap_fetches_a_message_as_it_is(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes password = of(SECRET), got = { 0 };
	struct server s;
	struct endpoint e = imap_endpoint(&s, &password);

	must(imap_fetch(&e, "INBOX", "17", &got));
	assert_string_equal(got.data, MAIL);
	free(stop(&s));
	e = imap_endpoint(&s, &password);
	refused(imap_fetch(&e, "INBOX", "18", &got), "INBOX holds no message with UID 18");
	free(stop(&s));
	e = imap_endpoint(&s, &password);
	refused(imap_fetch(&e, "Spam", "17", &got), "Mailbox doesn't exist");
	free(stop(&s));
	refused(imap_fetch(&e, "INBOX", "1:*", &got), "no UID");
	refused(imap_fetch(&e, "INBOX", "", &got), "no UID");
}

static void a_dialogue_asks_and_hears(void **state)
{
	(void)state;
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	CLEAN(list) struct list lines = { 0 };
	struct server s = start(smtp_refusing);
	int code = 0;
	char fingerprint[65];
	int64_t end;

	must(dialogue_open("127.0.0.1", s.port, 5, &d));
	must(dialogue_smtp(d, &code, NULL));
	assert_int_equal(code, 220);
	must(dialogue_ask(d, &code, &lines, "EHLO %s", "a.fr"));
	assert_int_equal(code, 250);
	assert_int_equal(lines.n, 2);
	assert_string_equal(lines.v[0], "250-" NAME);
	assert_string_equal(lines.v[1], "250 SIZE 1000");
	must(dialogue_ask(d, &code, NULL, "RCPT TO:<%s>", "a@b.fr"));
	assert_int_equal(code, 554);
	assert_null(dialogue_tls_version(d));
	assert_null(dialogue_tls_cipher(d));
	refused(dialogue_certificate(d, fingerprint, &end), "no certificate");
	must(dialogue_ask(d, &code, NULL, "QUIT"));
	refused(dialogue_ask(d, &code, NULL, "NOOP"), "port");
	CLEAN(free) char *heard = stop(&s);
	assert_string_equal(heard, "EHLO a.fr\nRCPT TO:<a@b.fr>\nQUIT\n");
}

static void a_dialogue_starts_tls(void **state)
{
	(void)state;
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	CLEAN(certificate_facts) struct certificate_facts facts = { 0 };
	struct server s = start(smtp_starttls);
	char served[65], want[65];
	int64_t end = 0;
	int code;

	must(dialogue_open("127.0.0.1", s.port, 5, &d));
	must(dialogue_smtp(d, &code, NULL));
	must(dialogue_ask(d, &code, NULL, "STARTTLS"));
	must(dialogue_start_tls(d, NAME, TLS1_2_VERSION, 0, "ECDHE-RSA-AES128-GCM-SHA256"));
	assert_string_equal(dialogue_tls_version(d), "TLSv1.2");
	assert_string_equal(dialogue_tls_cipher(d), "ECDHE-RSA-AES128-GCM-SHA256");
	must(dialogue_ask(d, &code, NULL, "EHLO a.fr"));
	assert_int_equal(code, 250);
	must(dialogue_certificate(d, served, &end));
	must(certificate_fingerprint(&certificate, want));
	must(certificate_read(&certificate, &facts));
	assert_string_equal(served, want);
	assert_int_equal(end, facts.not_after);
	refused(dialogue_start_tls(d, NAME, 0, 0, NULL), "already");
	CLEAN(free) char *heard = stop(&s);
	assert_non_null(strstr(heard, "SNI " NAME "\nEHLO a.fr\n"));
}

static void a_tls_version_that_the_server_refuses_is_an_error(void **state)
{
	(void)state;
	CLEAN(dialogue_close) struct dialogue *d = NULL, *other = NULL;
	struct server s = start(smtp_tls);

	must(dialogue_open("127.0.0.1", s.port, 5, &d));
	refused(dialogue_start_tls(d, NAME, TLS1_3_VERSION, 0, NULL), "TLS");
	free(stop(&s));

	s = start(smtp_tls);
	must(dialogue_open("127.0.0.1", s.port, 5, &other));
	refused(dialogue_start_tls(other, NAME, 0, 0, "NONSENSE"), "does not offer");
	free(stop(&s));
}

static void chatty_before_tls(struct peer *p)
{
	say(p, "220 go ahead\r\n250 injected\r\n");
	pause();
}

static void long_line(struct peer *p)
{
	for (unsigned i = 0; i < 9000; i++)
		say(p, "2");
	pause();
}

static void nul_byte(struct peer *p)
{
	put(p, "220 a\0b\r\n", 9);
	pause();
}

static void not_smtp(struct peer *p)
{
	say(p, "SSH-2.0-OpenSSH\r\n");
	pause();
}

static void endless_reply(struct peer *p)
{
	for (;;)
		say(p, "250-more\r\n");
}

static void closing(struct peer *p)
{
	say(p, "220 half a li");
}

static void a_dialogue_is_bounded(void **state)
{
	(void)state;
	static const struct {
		script *run;
		const char *reason;
	} cases[] = {
		{ silent, "no answer within 1 s" },
		{ dripping, "no answer within 1 s" },
		{ long_line, "longer than 8192" },
		{ nul_byte, "NUL" },
		{ not_smtp, "not SMTP" },
		{ endless_reply, "does not end" },
		{ closing, "closed the connection" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEAN(dialogue_close) struct dialogue *d = NULL;
		struct server s = start(cases[i].run);
		double begin = now();
		int code;

		must(dialogue_open("127.0.0.1", s.port, 1, &d));
		refused(dialogue_smtp(d, &code, NULL), cases[i].reason);
		assert_true(now() - begin < 4);
		free(stop(&s));
	}
}

static void tls_is_not_started_over_what_came_in_clear(void **state)
{
	(void)state;
	CLEAN(dialogue_close) struct dialogue *d = NULL, *mute = NULL;
	struct server s = start(chatty_before_tls);
	int code;

	must(dialogue_open("127.0.0.1", s.port, 2, &d));
	must(dialogue_smtp(d, &code, NULL));
	refused(dialogue_start_tls(d, NAME, 0, 0, NULL), "in clear");
	free(stop(&s));

	s = start(silent);
	must(dialogue_open("127.0.0.1", s.port, 1, &mute));
	refused(dialogue_start_tls(mute, NAME, 0, 0, NULL), "no answer within 1 s while starting TLS");
	free(stop(&s));
}

/* A socket whose connections nobody takes. */
static int deaf(unsigned *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, size), 0);
	assert_int_equal(listen(fd, 100), 0);
	getsockname(fd, (struct sockaddr *)&a, &size);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static void a_greeting_is_awaited(void **state)
{
	struct server plain = start(smtp_plain), tls = start(smtp_tls);
	unsigned port;

	(void)state;
	must(dialogue_await("127.0.0.1", plain.port, false, 5));
	must(dialogue_await("127.0.0.1", tls.port, true, 5));
	free(stop(&plain));
	free(stop(&tls));

	CLEAN(fd) int fd = deaf(&port);
	double begin = now();
	refused(dialogue_await("127.0.0.1", port, false, 2), "does not answer");
	assert_true(now() - begin >= 1.9 && now() - begin < 5);
	begin = now();
	refused(dialogue_await("127.0.0.1", port, true, 2), "does not answer");
	assert_true(now() - begin < 5);
}

/* In a process of its own: the flag of an interruption never falls again. */
static void a_signal_ends_the_waiting(void **state)
{
	unsigned port;
	CLEAN(fd) int fd = deaf(&port);
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		const double begin = now();

		interrupt_install();
		raise(SIGTERM);
		struct error *e = dialogue_await("127.0.0.1", port, false, 20);
		bool right = e && strstr(error_message(e), "interrupted") && now() - begin < 2;
		error_free(e);
		_exit(!right);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_gets_crlf),
		cmocka_unit_test(a_message_is_sent),
		cmocka_unit_test(the_null_sender_is_sent),
		cmocka_unit_test(a_refusal_carries_the_reply),
		cmocka_unit_test(addresses_cannot_smuggle_commands),
		cmocka_unit_test(a_hanging_server_is_left),
		cmocka_unit_test(a_closed_port_is_an_error),
		cmocka_unit_test(starttls_trusts_the_given_certificate_only),
		cmocka_unit_test(starttls_that_is_not_offered_is_an_error),
		cmocka_unit_test(tls_from_the_start_works),
		cmocka_unit_test(a_wrong_password_is_refused_and_not_repeated),
		cmocka_unit_test(a_server_without_auth_cannot_pass_for_a_login),
		cmocka_unit_test(imap_logs_in),
		cmocka_unit_test(imap_searches_a_header),
		cmocka_unit_test(imap_fetches_a_message_as_it_is),
		cmocka_unit_test(a_dialogue_asks_and_hears),
		cmocka_unit_test(a_dialogue_starts_tls),
		cmocka_unit_test(a_tls_version_that_the_server_refuses_is_an_error),
		cmocka_unit_test(a_dialogue_is_bounded),
		cmocka_unit_test(a_greeting_is_awaited),
		cmocka_unit_test(a_signal_ends_the_waiting),
		cmocka_unit_test(tls_is_not_started_over_what_came_in_clear),
	};
	return cmocka_run_group_tests(tests, prepare, tidy);
}
