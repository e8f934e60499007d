/*
 * Small servers for the mail client, each in a child process that answers one connection and writes down what it was told. The group of
 * the tests has prepare and tidy.
 */
#pragma once

#include "tests/unit/unit.h"

#include "host/crypto.h"
#include "mail/client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

#define SECRET "S3cr3t-canary"
#define NAME   "courriel.exemple.fr"

static struct bytes key, certificate, other_certificate;
static char folder[] = "/tmp/mailsetup-peer.XXXXXX";
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

/* The message or the server's words hold this, and the password nowhere. */
static inline void refused(struct error *e, const char *part)
{
	assert_non_null(e);
	if (!strstr(error_message(e), part) && !strstr(error_detail(e), part))
		fail_msg("\"%s\" (%s) does not say \"%s\"", error_message(e), error_detail(e), part);
	assert_null(strstr(error_message(e), SECRET));
	assert_null(strstr(error_detail(e), SECRET));
	error_free(e);
}

static inline char *write_file(const char *name, const struct bytes *b)
{
	char *path = text("%s/%s", folder, name);
	FILE *f = fopen(path, "w");

	assert_int_equal(fwrite(b->data, 1, b->size, f), b->size);
	fclose(f);
	return path;
}

static inline int prepare(void **state)
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

static inline int tidy(void **state)
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

static inline void say_bytes(struct peer *p, const char *data, size_t size)
{
	if (p->tls ? SSL_write(p->tls, data, (int)size) <= 0 : write(p->fd, data, size) < 0)
		_exit(0);
}

static inline void say(struct peer *p, const char *s)
{
	say_bytes(p, s, strlen(s));
}

/* One line without its CRLF; it goes into the log, unless it ends in a bare LF: that is told apart. */
static inline char *hear(struct peer *p)
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

static inline void serve_tls(struct peer *p)
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

static inline struct server start(script *run)
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
static inline char *stop(struct server *s)
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

static inline struct endpoint endpoint(const struct server *s)
{
	return (struct endpoint){ .address = "127.0.0.1", .hostname = NAME, .port = s->port, .timeout = 10 };
}

static inline void silent(struct peer *p)
{
	(void)p;
	pause();
}

/* Servers of SMTP. */

/* A server of SMTP; features are the last lines of its answer to EHLO. */
static inline void smtp(struct peer *p, const char *features, const char *to_rcpt, const char *to_auth)
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

static inline void smtp_plain(struct peer *p)
{
	say(p, "220 " NAME "\r\n");
	smtp(p, "250 SIZE 1000\r\n", "250 ok\r\n", "");
}

static inline void smtp_refusing(struct peer *p)
{
	say(p, "220 " NAME "\r\n");
	smtp(p, "250 SIZE 1000\r\n", "554-5.7.1 no relaying\r\n554 5.7.1 for strangers\r\n", "");
}

static inline void smtp_starttls(struct peer *p)
{
	say(p, "220 " NAME "\r\n");
	smtp(p, "250 STARTTLS\r\n", "250 ok\r\n", "235 2.7.0 welcome\r\n");
}

static inline void smtp_tls(struct peer *p)
{
	serve_tls(p);
	say(p, "220 " NAME "\r\n");
	smtp(p, "250 AUTH PLAIN\r\n", "250 ok\r\n", "235 2.7.0 welcome\r\n");
}
