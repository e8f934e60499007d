#include "mail/transfer.h"

#include <ctype.h>
#include <strings.h>

#define TIMEOUT_DEFAULT 30
#define OUTPUT_MAX	(64u << 20)
#define REPLY_MAX	4096

void transfer_cleanup(struct transfer *t)
{
	if (t->curl)
		curl_easy_cleanup(t->curl);
	curl_slist_free_all(t->connect_to);
	curl_slist_free_all(t->recipients);
	bytes_free(&t->output);
	bytes_free(&t->reply);
	bytes_free(&t->refusal);
}

static void keep(struct bytes *b, const char *line, size_t size)
{
	if (b->size < REPLY_MAX)
		bytes_printf(b, "%s%.*s", b->size ? "\n" : "", (int)size, line);
}

/* "250-more" and "250 last". 221 answers the QUIT that follows a refusal. */
static void record_smtp(struct transfer *t, const char *line, size_t size)
{
	if (size < 3 || !isdigit((unsigned char)*line) || strncmp(line, "221", 3) == 0)
		return;
	if (!t->reply_open)
		bytes_free(&t->reply);
	keep(&t->reply, line, size);
	t->reply_open = size > 3 && line[3] == '-';
	if (t->reply_open)
		return;
	if (strncmp(line, "235", 3) == 0)
		t->authenticated = true;
	if (*line == '4' || *line == '5') {
		bytes_free(&t->refusal);
		bytes_add(&t->refusal, t->reply.data, t->reply.size);
	}
}

/* "A002 NO [AUTHENTICATIONFAILED] ..." */
static void record_imap(struct transfer *t, const char *line, size_t size)
{
	const char *space = memchr(line, ' ', size);
	size_t rest = space ? size - (size_t)(space - line) : 0;
	bool refused = rest > 4 && (strncmp(space, " NO ", 4) == 0 || strncmp(space, " BAD ", 5) == 0);
	struct bytes *b = refused ? &t->refusal : &t->reply;

	bytes_free(b);
	keep(b, line, size);
}

static int record(CURL *curl, curl_infotype type, char *data, size_t size, void *context)
{
	struct transfer *t = context;

	(void)curl;
	if (type != CURLINFO_HEADER_IN)
		return 0;
	while (size && (data[size - 1] == '\n' || data[size - 1] == '\r'))
		size--;
	if (strcmp(t->protocol, "SMTP") == 0)
		record_smtp(t, data, size);
	else
		record_imap(t, data, size);
	return 0;
}

static size_t collect(char *data, size_t one, size_t size, void *context)
{
	struct bytes *output = context;

	(void)one;
	if (output->size + size > OUTPUT_MAX)
		return 0;
	bytes_add(output, data, size);
	return size;
}

static struct error *curl_new(CURL **ret)
{
	static bool initialised;

	if (!initialised && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return fail(ERR_STOPPED, "cannot initialise libcurl");
	initialised = true;
	*ret = curl_easy_init();
	return *ret ? NULL : fail(ERR_STOPPED, "cannot initialise libcurl");
}

static char *bracketed(const char *host)
{
	return strchr(host, ':') ? text("[%s]", host) : text_copy(host);
}

/* The URL carries the name, for TLS; the connection goes to the address. */
static CURLcode set_target(struct transfer *t, const char *scheme, const char *path)
{
	const struct endpoint *e = t->endpoint;
	bool tls = e->security == SECURITY_TLS;
	const char *name = e->hostname ? e->hostname : e->address;
	CLEAN(free) char *host = bracketed(name), *address = bracketed(e->address);
	CLEAN(free) char *url = text("%s%s://%s:%u/%s", scheme, tls ? "s" : "", host, e->port, path);
	CLEAN(free) char *connect_to = text("::%s:%u", address, e->port);

	t->connect_to = curl_slist_append(NULL, connect_to);
	curl_easy_setopt(t->curl, CURLOPT_CONNECT_TO, t->connect_to);
	curl_easy_setopt(t->curl, CURLOPT_USE_SSL,
		(long)(e->security == SECURITY_STARTTLS ? CURLUSESSL_ALL : CURLUSESSL_NONE));
	curl_easy_setopt(t->curl, CURLOPT_SSL_VERIFYPEER, e->certificate_file ? 1L : 0L);
	curl_easy_setopt(t->curl, CURLOPT_SSL_VERIFYHOST, e->certificate_file ? 2L : 0L);
	if (e->certificate_file)
		curl_easy_setopt(t->curl, CURLOPT_CAINFO, e->certificate_file);
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps,imap,imaps");
#else
	curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS,
		(long)(CURLPROTO_SMTP | CURLPROTO_SMTPS | CURLPROTO_IMAP | CURLPROTO_IMAPS));
#endif
	return curl_easy_setopt(t->curl, CURLOPT_URL, url);
}

static struct error *set_login(struct transfer *t)
{
	const struct endpoint *e = t->endpoint;

	if (!e->user)
		return NULL;
	if (!e->password || memchr(bytes_text(e->password), '\0', e->password->size))
		return fail(ERR_USAGE, "the password of %s is missing or holds a NUL", e->user);
	curl_easy_setopt(t->curl, CURLOPT_USERNAME, e->user);
	curl_easy_setopt(t->curl, CURLOPT_PASSWORD, bytes_text(e->password));
	return NULL;
}

struct error *transfer_prepare(
	struct transfer *t, const struct endpoint *e, const char *scheme, const char *path)
{
	long timeout = e->timeout ? (long)e->timeout : TIMEOUT_DEFAULT;

	t->endpoint = e;
	t->protocol = starts_with(scheme, "smtp") ? "SMTP" : "IMAP";
	TRY(curl_new(&t->curl));
	curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(t->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(t->curl, CURLOPT_TIMEOUT, timeout);
	curl_easy_setopt(t->curl, CURLOPT_CONNECTTIMEOUT, timeout);
	curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, t->reason);
	curl_easy_setopt(t->curl, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(t->curl, CURLOPT_DEBUGFUNCTION, record);
	curl_easy_setopt(t->curl, CURLOPT_DEBUGDATA, t);
	curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, &t->output);
	if (set_target(t, scheme, path) != CURLE_OK)
		return fail(ERR_STOPPED, "libcurl refuses the address of %s",
			e->hostname ? e->hostname : e->address);
	return set_login(t);
}

struct error *transfer_run(struct transfer *t)
{
	t->result = curl_easy_perform(t->curl);
	if (t->result == CURLE_OK)
		return NULL;
	return with_detail(fail(ERR_STOPPED, "%s at %s port %u: %s", t->protocol, t->endpoint->address,
				   t->endpoint->port, *t->reason ? t->reason : curl_easy_strerror(t->result)),
		bytes_text(t->refusal.size ? &t->refusal : &t->reply));
}
