#include "base/clock.h"
#include "mail/client.h"
#include "base/i18n.h"
#include "host/crypto.h"
#include "host/openssl.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#define TIMEOUT_DEFAULT 30
#define LINE_BYTES	8192
#define REPLY_LINES_MAX 256

DEFINE_CLEANUP(SSL_CTX *, SSL_CTX_free)

struct dialogue {
	int fd; /* non-blocking: poll() keeps the time */
	SSL *tls;
	char *address;
	unsigned port;
	unsigned timeout;
	double deadline; /* of the operation at work */
	char buffer[LINE_BYTES];
	size_t filled;
};

static void start_clock(struct dialogue *d)
{
	d->deadline = clock_now() + d->timeout;
}

static struct error *wait_for(struct dialogue *d, short events, const char *what)
{
	struct pollfd p = { .fd = d->fd, .events = events };

	for (;;) {
		int left = clock_left(d->deadline), n = left ? poll(&p, 1, left) : 0;

		if (n > 0)
			return NULL;
		if (n == 0)
			return fail(ERR_STOPPED, "%s port %u: no answer within %u s while %s", d->address,
				d->port, d->timeout, what);
		if (errno != EINTR)
			return fail_errno(errno, "%s port %u: cannot wait while %s", d->address, d->port, what);
	}
}

static struct error *connect_to(struct dialogue *d)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)d->port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)d->port) };
	bool ipv6 = inet_pton(AF_INET6, d->address, &v6.sin6_addr) == 1;
	int problem = 0;

	if (!ipv6 && inet_pton(AF_INET, d->address, &v4.sin_addr) != 1)
		return fail(ERR_USAGE, "%s is no IP address", d->address);
	d->fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (d->fd < 0)
		return fail_errno(errno, "cannot open a socket to %s", d->address);
	if (connect(d->fd, ipv6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4,
		    ipv6 ? sizeof(v6) : sizeof(v4)) < 0)
		problem = errno;
	if (problem == EINPROGRESS) {
		TRY(wait_for(d, POLLOUT, _("connecting")));
		getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &problem, &(socklen_t){ sizeof(problem) });
	}
	return problem ? fail_errno(problem, "cannot connect to %s port %u", d->address, d->port) : NULL;
}

struct error *dialogue_open(const char *address, unsigned port, unsigned timeout, struct dialogue **ret)
{
	CLEAN(dialogue_close) struct dialogue *d = allocate(sizeof(*d));

	d->fd = -1;
	d->address = text_copy(address);
	d->port = port;
	d->timeout = timeout ? timeout : TIMEOUT_DEFAULT;
	start_clock(d);
	TRY(connect_to(d));
	*ret = TAKE(d);
	return NULL;
}

void dialogue_close(struct dialogue *d)
{
	if (!d)
		return;
	if (d->tls)
		SSL_free(d->tls);
	fd_cleanup(&d->fd);
	free(d->address);
	free(d);
}

/* After a TLS call that did not succeed: NULL means "call again". */
static struct error *tls_retry(struct dialogue *d, int result, const char *what)
{
	switch (SSL_get_error(d->tls, result)) {
	case SSL_ERROR_WANT_READ:
		return wait_for(d, POLLIN, what);
	case SSL_ERROR_WANT_WRITE:
		return wait_for(d, POLLOUT, what);
	case SSL_ERROR_SSL:
		return openssl_fail("%s port %u: TLS failed while %s", d->address, d->port, what);
	default:
		ERR_clear_error();
		return fail(ERR_STOPPED, "%s port %u: the server closed the connection while %s", d->address,
			d->port, what);
	}
}

static struct error *tls_prepare(
	struct dialogue *d, const char *hostname, int min, int max, const char *ciphers)
{
	CLEAN(SSL_CTX_free) SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	unsigned char ip[16];

	ERR_clear_error();
	if (!context)
		return openssl_fail("cannot initialise TLS");
	/* What the server accepts is asked, not what this machine's own policy allows. */
	SSL_CTX_set_security_level(context, 0);
	if (!SSL_CTX_set_min_proto_version(context, min) || !SSL_CTX_set_max_proto_version(context, max) ||
		(ciphers && !SSL_CTX_set_cipher_list(context, ciphers)))
		return openssl_fail("this machine's OpenSSL does not offer such a TLS version or cipher");
	d->tls = SSL_new(context);
	if (!d->tls || !SSL_set_fd(d->tls, d->fd))
		return openssl_fail("cannot initialise TLS");
	/* Names only: an IP address is no server name (RFC 6066, 3). */
	if (hostname && inet_pton(AF_INET, hostname, ip) != 1 && inet_pton(AF_INET6, hostname, ip) != 1 &&
		!SSL_set_tlsext_host_name(d->tls, hostname))
		return openssl_fail("cannot ask for the server name %s", hostname);
	return NULL;
}

struct error *dialogue_start_tls(
	struct dialogue *d, const char *hostname, int min, int max, const char *ciphers)
{
	if (d->tls)
		return fail(ERR_STOPPED, "%s port %u: TLS is already at work", d->address, d->port);
	if (d->filled)
		return fail(ERR_STOPPED, "%s port %u: the server sent more in clear after agreeing to TLS",
			d->address, d->port);
	TRY(tls_prepare(d, hostname, min, max, ciphers));
	start_clock(d);
	for (;;) {
		ERR_clear_error();
		int n = SSL_connect(d->tls);

		if (n == 1)
			return NULL;
		TRY(tls_retry(d, n, _("starting TLS")));
	}
}

static struct error *write_some(struct dialogue *d, const char *data, size_t size, size_t *ret)
{
	if (d->tls) {
		ERR_clear_error();
		int n = SSL_write(d->tls, data, (int)size);

		*ret = n > 0 ? (size_t)n : 0;
		return n > 0 ? NULL : tls_retry(d, n, _("sending"));
	}
	ssize_t n = send(d->fd, data, size, MSG_NOSIGNAL);

	*ret = n > 0 ? (size_t)n : 0;
	if (n >= 0 || errno == EINTR)
		return NULL;
	if (errno == EAGAIN)
		return wait_for(d, POLLOUT, _("sending"));
	return fail_errno(errno, "%s port %u: cannot send", d->address, d->port);
}

struct error *dialogue_send(struct dialogue *d, const char *line)
{
	CLEAN(secret) struct bytes b = { 0 };
	size_t done = 0, n;

	bytes_printf(&b, "%s\r\n", line);
	start_clock(d);
	for (; done < b.size; done += n)
		TRY(write_some(d, b.data + done, b.size - done, &n));
	return NULL;
}

static struct error *read_some(struct dialogue *d)
{
	char *to = d->buffer + d->filled;
	size_t space = sizeof(d->buffer) - d->filled;

	if (d->tls) {
		ERR_clear_error();
		int n = SSL_read(d->tls, to, (int)space);

		d->filled += n > 0 ? (size_t)n : 0;
		return n > 0 ? NULL : tls_retry(d, n, _("reading"));
	}
	ssize_t n = recv(d->fd, to, space, 0);

	d->filled += n > 0 ? (size_t)n : 0;
	if (n > 0 || (n < 0 && errno == EINTR))
		return NULL;
	if (n < 0 && errno == EAGAIN)
		return wait_for(d, POLLIN, _("reading"));
	if (n < 0)
		return fail_errno(errno, "%s port %u: cannot read", d->address, d->port);
	return fail(ERR_STOPPED, "%s port %u: the server closed the connection", d->address, d->port);
}

static struct error *read_line(struct dialogue *d, char **ret)
{
	const char *newline;

	while (!(newline = memchr(d->buffer, '\n', d->filled))) {
		if (d->filled == sizeof(d->buffer))
			return fail(ERR_STOPPED, "%s port %u: the server sent a line longer than %d bytes",
				d->address, d->port, LINE_BYTES);
		TRY(read_some(d));
	}

	size_t size = (size_t)(newline - d->buffer), whole = size + 1;

	if (size && d->buffer[size - 1] == '\r')
		size--;
	if (memchr(d->buffer, '\0', size))
		return fail(ERR_STOPPED, "%s port %u: the server sent a NUL", d->address, d->port);
	*ret = text_copy_n(d->buffer, size);
	d->filled -= whole;
	memmove(d->buffer, d->buffer + whole, d->filled);
	return NULL;
}

struct error *dialogue_line(struct dialogue *d, char **ret)
{
	start_clock(d);
	return read_line(d, ret);
}

static bool is_reply_line(const char *s)
{
	return isdigit((unsigned char)s[0]) && isdigit((unsigned char)s[1]) && isdigit((unsigned char)s[2]) &&
	       (s[3] == '-' || s[3] == ' ' || !s[3]);
}

struct error *dialogue_smtp(struct dialogue *d, int *ret_code, struct list *ret_lines)
{
	start_clock(d);
	for (unsigned i = 0; i < REPLY_LINES_MAX; i++) {
		CLEAN(free) char *line = NULL;

		TRY(read_line(d, &line));
		if (!is_reply_line(line))
			return fail(ERR_STOPPED, "%s port %u: the server's answer is not SMTP", d->address,
				d->port);
		if (ret_lines)
			list_add(ret_lines, line);
		*ret_code = atoi(line);
		if (line[3] != '-')
			return NULL;
	}
	return fail(ERR_STOPPED, "%s port %u: the server's answer does not end", d->address, d->port);
}

struct error *dialogue_ask(struct dialogue *d, int *ret_code, struct list *ret_lines, const char *format, ...)
{
	va_list arguments;
	CLEAN(secret) struct bytes line = { 0 }; /* it may be AUTH */

	va_start(arguments, format);
	bytes_take(&line, text_v(format, arguments));
	va_end(arguments);
	TRY(dialogue_send(d, line.data));
	return dialogue_smtp(d, ret_code, ret_lines);
}

const char *dialogue_tls_version(const struct dialogue *d)
{
	return d->tls ? SSL_get_version(d->tls) : NULL;
}

const char *dialogue_tls_cipher(const struct dialogue *d)
{
	return d->tls ? SSL_get_cipher_name(d->tls) : NULL;
}

struct error *dialogue_certificate(const struct dialogue *d, char ret_fingerprint[65], int64_t *ret_not_after)
{
	CLEAN(X509_free) X509 *certificate = d->tls ? SSL_get_peer_certificate(d->tls) : NULL;
	CLEAN(BIO_free_all) BIO *bio = bio_collecting();
	CLEAN(bytes) struct bytes der = { 0 };

	if (!certificate || !i2d_X509_bio(bio, certificate))
		return fail(ERR_STOPPED, "%s port %u: no certificate was served", d->address, d->port);
	bio_take(bio, &der);
	sha256_hex(der.data, der.size, ret_fingerprint);
	*ret_not_after = asn1_time(X509_get0_notAfter(certificate));
	return NULL;
}
