#include "mail/transfer.h"

#include <strings.h>

static char *escaped(const char *s)
{
	char *e = curl_easy_escape(NULL, s, 0);

	if (!e)
		abort();
	char *copy = text_copy(e);
	curl_free(e);
	return copy;
}

static struct error *imap_prepare(struct transfer *t, const struct endpoint *e, const char *path)
{
	if (!e->user)
		return fail(ERR_USAGE, "IMAP needs a user to log in");
	return transfer_prepare(t, e, "imap", path);
}

struct error *imap_login(const struct endpoint *e)
{
	CLEAN(transfer) struct transfer t = { 0 };

	TRY(imap_prepare(&t, e, ""));
	curl_easy_setopt(t.curl, CURLOPT_CUSTOMREQUEST, "NOOP");
	return transfer_run(&t);
}

/* A quoted string of IMAP (RFC 3501, 4.3), inside a request that libcurl unescapes as it does a URL. */
static struct error *quote(const char *s, struct bytes *ret)
{
	bytes_add_text(ret, "\"");
	for (; *s; s++) {
		if ((unsigned char)*s < 32 || (unsigned char)*s > 126)
			return fail(ERR_USAGE, "only printable ASCII can be searched for");
		if (*s == '"' || *s == '\\')
			bytes_add_text(ret, "\\");
		bytes_add_text(ret, *s == '%' ? "%25" : (const char[]){ *s, '\0' });
	}
	bytes_add_text(ret, "\"");
	return NULL;
}

/* "* SEARCH 4 17", in any case, once or more. */
static void parse_search(const char *output, struct list *ret_uids)
{
	CLEAN(list) struct list lines = { 0 };

	list_split(&lines, output, "\r\n");
	for (size_t i = 0; i < lines.n; i++)
		if (strncasecmp(lines.v[i], "* SEARCH", 8) == 0)
			list_split(ret_uids, lines.v[i] + 8, " ");
}

/* RFC 5530's word for it, and the sentence that Dovecot 2.3 says instead. */
static bool folder_is_absent(const struct transfer *t)
{
	const char *refusal = bytes_text(&t->refusal);

	return strstr(refusal, " NO [NONEXISTENT]") || strstr(refusal, " NO Mailbox doesn't exist");
}

struct error *imap_search_header(const struct endpoint *e, const char *folder, const char *field,
	const char *value, struct list *ret_uids)
{
	CLEAN(transfer) struct transfer t = { 0 };
	CLEAN(free) char *path = escaped(folder);
	CLEAN(bytes) struct bytes request = { 0 };

	bytes_add_text(&request, "UID SEARCH HEADER ");
	TRY(quote(field, &request));
	bytes_add_text(&request, " ");
	TRY(quote(value, &request));
	TRY(imap_prepare(&t, e, path));
	curl_easy_setopt(t.curl, CURLOPT_CUSTOMREQUEST, request.data);

	struct error *problem = transfer_run(&t);

	if (problem && folder_is_absent(&t)) {
		error_free(problem);
		return NULL;
	}
	TRY(problem);
	parse_search(bytes_text(&t.output), ret_uids);
	return NULL;
}

struct error *imap_fetch(const struct endpoint *e, const char *folder, const char *uid, struct bytes *ret)
{
	CLEAN(transfer) struct transfer t = { 0 };
	CLEAN(free) char *name = escaped(folder), *path = text("%s/;UID=%s", name, uid);

	if (!*uid || uid[strspn(uid, "0123456789")])
		return fail(ERR_USAGE, "no UID of a message");
	TRY(imap_prepare(&t, e, path));

	struct error *problem = transfer_run(&t);

	if (t.result == CURLE_REMOTE_FILE_NOT_FOUND || (!problem && !t.output.size)) {
		error_free(problem);
		return fail(ERR_STOPPED, "IMAP at %s port %u: %s holds no message with UID %s", e->address,
			e->port, folder, uid);
	}
	TRY(problem);
	bytes_add(ret, t.output.data, t.output.size);
	return NULL;
}
