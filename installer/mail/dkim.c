#include "mail/dkim.h"
#include "base/i18n.h"
#include "host/crypto.h"
#include "host/file.h"
#include "host/openssl.h"
#include "mail/message.h"

#include <stdbool.h>
#include <strings.h>
#include <sys/types.h>
#include <opendkim/dkim.h>

#define TABLE_LIMIT (16 * 1024 * 1024)
#define KEY_TAG	    "p="
#define KEY_CHUNK   250 /* of a key in one string of the zone text: opendkim-genkey's choice */

struct error *dkim_record(const struct bytes *private_pem, char **ret)
{
	CLEAN(EVP_PKEY_free) EVP_PKEY *key = NULL;
	CLEAN(bytes) struct bytes der = { 0 }, base64 = { 0 };

	TRY(private_key_read(private_pem, &key));
	if (EVP_PKEY_id(key) != EVP_PKEY_RSA)
		return fail(ERR_STOPPED, "a DKIM key must be an RSA key");
	TRY(key_public(private_pem, &der));
	base64_encode(der.data, der.size, &base64);
	*ret = text("v=DKIM1; h=sha256; k=rsa; s=email; " KEY_TAG "%s", base64.data);
	return NULL;
}

char *dkim_path(const char *domain, const char *selector, const char *suffix)
{
	return text(DKIM_KEYS "/%s/%s.%s", domain, selector, suffix);
}

struct error *dkim_read_record(struct host *h, const char *domain, const char *selector, char **ret)
{
	CLEAN(free) char *path = dkim_path(domain, selector, "private");
	CLEAN(secret) struct bytes pem = { 0 };

	TRY(wrap(file_read(h, path, PEM_LIMIT, &pem), "the DKIM key %s", path));
	return wrap(dkim_record(&pem, ret), "the DKIM key %s", path);
}

/* The second word of the first line whose first word is that. */
static struct error *table_value(struct host *h, const char *path, const char *key, char **ret)
{
	CLEAN(bytes) struct bytes table = { 0 };
	CLEAN(list) struct list lines = { 0 };

	TRY(file_read(h, path, TABLE_LIMIT, &table));
	list_split(&lines, bytes_text(&table), "\n");
	for (size_t i = 0; i < lines.n && !*ret; i++) {
		CLEAN(list) struct list words = { 0 };

		list_split(&words, lines.v[i], " \t\r");
		if (words.n > 1 && strcasecmp(words.v[0], key) == 0)
			*ret = text_copy(words.v[1]);
	}
	return NULL;
}

struct error *dkim_signing_selector(struct host *h, const char *domain, char **ret)
{
	CLEAN(free) char *name = NULL, *key = NULL;
	CLEAN(list) struct list parts = { 0 };

	TRY(table_value(h, DKIM_SIGNING_TABLE, domain, &name));
	if (name)
		TRY(table_value(h, DKIM_KEY_TABLE, name, &key));
	if (key)
		list_split(&parts, key, ":"); /* DOMAIN:SELECTOR:FILE */
	*ret = parts.n > 2 ? text_copy(parts.v[1]) : NULL;
	return NULL;
}

/* The value of a tag ("p") in a list of tags (RFC 6376, 3.2), or NULL; *ret_size is its length. */
static const char *tag_value(const char *record, const char *tag, size_t *ret_size)
{
	for (const char *p = record; *p; p += strcspn(p, ";"), p += *p == ';') {
		const char *name = p + strspn(p, " \t\r\n");
		size_t length = strcspn(name, " \t\r\n=;");
		const char *equals = name + length + strspn(name + length, " \t\r\n");

		if (*equals != '=' || length != strlen(tag) || strncmp(name, tag, length) != 0)
			continue;
		*ret_size = strcspn(equals + 1, ";");
		return equals + 1;
	}
	return NULL;
}

struct error *dkim_zone_text(const char *selector, const char *domain, const char *record, struct bytes *ret)
{
	const char *key = strstr(record, KEY_TAG);

	if (!key)
		return fail(ERR_STOPPED, "the DKIM record of %s holds no key (%s)", domain, KEY_TAG);
	bytes_printf(ret, "%s._domainkey\tIN\tTXT\t( \"%.*s\"\n\t  \"" KEY_TAG, selector, (int)(key - record),
		record);
	key += strlen(KEY_TAG);
	while (strlen(key) > KEY_CHUNK) {
		bytes_add(ret, key, KEY_CHUNK);
		bytes_add_text(ret, "\"\n\t  \"");
		key += KEY_CHUNK;
	}
	bytes_printf(ret, "%s\" )  ; ----- DKIM key %s for %s\n", key, selector, domain);
	return NULL;
}

struct error *dkim_record_key(const char *record, struct bytes *ret_der)
{
	size_t size;
	const char *value = tag_value(record, "p", &size);

	if (!value)
		return fail(ERR_STOPPED, "the DKIM record holds no key (%s)", KEY_TAG);

	CLEAN(free) char *base64 = text_copy_n(value, size);

	if (!base64[strspn(base64, " \t\r\n")])
		return fail(ERR_STOPPED, "the DKIM record revokes its key (an empty %s)", KEY_TAG);
	return wrap(base64_decode(base64, ret_der), "the key of the DKIM record");
}

struct error *dkim_same_key(const char *published, const char *own, bool *ret)
{
	CLEAN(bytes) struct bytes a = { 0 }, b = { 0 };

	TRY(dkim_record_key(own, &b));
	TRY(dkim_record_key(published, &a));
	*ret = bytes_equal(&a, &b);
	return NULL;
}

/* Of one verification: what is looked for, and what it is judged by. */
struct subject {
	const char *domain;
	const char *selector;
	const char *record;
};

static bool is_ours(DKIM_SIGINFO *signature, const struct subject *subject)
{
	const char *domain = (const char *)dkim_sig_getdomain(signature);
	const char *selector = (const char *)dkim_sig_getselector(signature);

	return domain && selector && strcasecmp(domain, subject->domain) == 0 &&
	       strcasecmp(selector, subject->selector) == 0;
}

/* A mailing list's signature is none of our business. */
static DKIM_CBSTAT keep_ours(DKIM *message, DKIM_SIGINFO **signatures, int count)
{
	for (int i = 0; i < count; i++)
		if (!is_ours(signatures[i], dkim_get_user_context(message)))
			dkim_sig_ignore(signatures[i]);
	return DKIM_CBSTAT_CONTINUE;
}

static DKIM_CBSTAT look_up(DKIM *message, DKIM_SIGINFO *signature, u_char *buffer, size_t size)
{
	const struct subject *subject = dkim_get_user_context(message);
	size_t length = strlen(subject->record);

	if (!is_ours(signature, subject))
		return DKIM_CBSTAT_NOTFOUND;
	if (length >= size)
		return DKIM_CBSTAT_ERROR;
	memcpy(buffer, subject->record, length + 1);
	return DKIM_CBSTAT_CONTINUE;
}

static void dkim_free_cleanup(DKIM **message)
{
	if (*message)
		(void)dkim_free(*message);
}
DEFINE_CLEANUP(DKIM_LIB *, dkim_close)

/* The first good signature is enough, else the first bad one gives the reason. */
static struct error *judge(DKIM *message, const struct subject *subject)
{
	DKIM_SIGINFO **signatures = NULL;
	int count = 0;
	const char *reason = NULL;

	if (dkim_getsiglist(message, &signatures, &count) != DKIM_STAT_OK)
		count = 0;
	for (int i = 0; i < count; i++) {
		if (!is_ours(signatures[i], subject))
			continue;
		if (DKIM_SIG_CHECK(signatures[i]))
			return NULL;
		if (!reason && dkim_sig_getbh(signatures[i]) == DKIM_SIGBH_MISMATCH)
			reason = _("the body was changed after signing");
		if (!reason)
			reason = dkim_sig_geterrorstr(dkim_sig_geterror(signatures[i]));
		if (!reason)
			reason = _("unknown");
	}
	if (!reason)
		return fail(ERR_STOPPED, "the message carries no DKIM signature of %s with the selector %s",
			subject->domain, subject->selector);
	return fail(ERR_STOPPED, "the DKIM signature of %s with the selector %s is not good: %s",
		subject->domain, subject->selector, reason);
}

struct error *dkim_verify_message(
	const struct bytes *message, const char *domain, const char *selector, const char *record)
{
	struct subject subject = { domain, selector, record };
	CLEAN(dkim_close) DKIM_LIB *library = dkim_init(NULL, NULL);
	CLEAN(bytes) struct bytes lines = { 0 };
	unsigned flags = DKIM_LIBFLAGS_BADSIGHANDLES;
	DKIM_STAT status;

	if (!library)
		return fail(ERR_STOPPED, "cannot initialise libopendkim");
	/* Somebody else's malformed signature is no reason to stop. */
	if (dkim_options(library, DKIM_OP_SETOPT, DKIM_OPTS_FLAGS, &flags, sizeof(flags)) != DKIM_STAT_OK)
		return fail(ERR_STOPPED, "cannot initialise libopendkim");
	dkim_set_prescreen(library, keep_ours);
	dkim_set_key_lookup(library, look_up);

	CLEAN(dkim_free) DKIM *handle = dkim_verify(library, (const unsigned char *)domain, NULL, &status);

	if (!handle || dkim_set_user_context(handle, &subject) != DKIM_STAT_OK)
		return fail(ERR_STOPPED, "cannot initialise libopendkim");
	message_crlf(message, &lines);
	status = dkim_chunk(handle, (u_char *)lines.data, lines.size);
	if (status == DKIM_STAT_OK)
		status = dkim_chunk(handle, NULL, 0);
	if (status == DKIM_STAT_OK)
		status = dkim_eom(handle, NULL);
	if (status == DKIM_STAT_SYNTAX) {
		const char *why = dkim_geterror(handle);

		return fail(ERR_STOPPED, "the message cannot be read: %s", why ? why : _("its syntax is wrong"));
	}
	return judge(handle, &subject);
}
