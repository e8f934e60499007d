#include "mail/message.h"
#include "mail/transfer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* Our own address towards the server: "[192.0.2.1]", a name for EHLO that is always well formed (RFC
 * 5321, 4.1.3) and never a host name that a policy finds too short. Escaped, since it is the path of the URL.
 */
static char *own_literal(const char *server)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(25) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(25) };
	bool ipv6 = inet_pton(AF_INET6, server, &v6.sin6_addr) == 1;
	struct sockaddr *address = ipv6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
	socklen_t size = ipv6 ? sizeof(v6) : sizeof(v4);
	CLEAN(fd) int fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char s[INET6_ADDRSTRLEN];

	/* Connecting a datagram socket sends nothing, it only chooses a route. */
	if ((!ipv6 && inet_pton(AF_INET, server, &v4.sin_addr) != 1) || connect(fd, address, size) < 0 ||
		getsockname(fd, address, &size) < 0 ||
		!inet_ntop(
			address->sa_family, ipv6 ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr, s, sizeof(s)))
		return text_copy("%5B127.0.0.1%5D");
	return text("%%5B%s%s%%5D", ipv6 ? "IPv6:" : "", s);
}

struct upload {
	const char *data;
	size_t size;
};

static size_t read_upload(char *buffer, size_t one, size_t space, void *context)
{
	struct upload *u = context;
	size_t n = u->size < one * space ? u->size : one * space;

	memcpy(buffer, u->data, n);
	u->data += n;
	u->size -= n;
	return n;
}

static struct error *check_address(const char *address)
{
	if (strpbrk(address, "\r\n<>"))
		return fail(ERR_USAGE, "no address to send mail from or to: it holds '<', '>' or a line break");
	return NULL;
}

struct error *smtp_send(const struct endpoint *e, const char *from, const char *to, const struct bytes *message)
{
	CLEAN(transfer) struct transfer t = { 0 };
	CLEAN(free) char *hello = own_literal(e->address);
	CLEAN(bytes) struct bytes lines = { 0 };

	TRY(check_address(from));
	TRY(check_address(to));
	TRY(transfer_prepare(&t, e, "smtp", hello));
	/* A bare LF is refused by servers that guard against smuggling. */
	message_crlf(message, &lines);

	struct upload upload = { bytes_text(&lines), lines.size };

	t.recipients = curl_slist_append(NULL, to);
	if (*from)
		curl_easy_setopt(t.curl, CURLOPT_MAIL_FROM, from);
	curl_easy_setopt(t.curl, CURLOPT_MAIL_RCPT, t.recipients);
	curl_easy_setopt(t.curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(t.curl, CURLOPT_READFUNCTION, read_upload);
	curl_easy_setopt(t.curl, CURLOPT_READDATA, &upload);
	curl_easy_setopt(t.curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)lines.size);
	TRY(transfer_run(&t));
	/* libcurl goes on without authentication where the server offers none. */
	if (e->user && !t.authenticated)
		return fail(ERR_STOPPED,
			"SMTP at %s port %u: the server took the message, but offered no AUTH to log in "
			"as %s",
			e->address, e->port, e->user);
	return NULL;
}
