#include "base/i18n.h"
#include "ensure/common.h"
#include "host/crypto.h"

#include <sys/stat.h>
#include <time.h>

#define CLOCK_STARTS 1767225600 /* 2026 */

static struct error *compute_key(void *argument, struct bytes *ret)
{
	return key_generate_rsa(*(unsigned *)argument, ret);
}

static void report_candidates(void *context, unsigned tried)
{
	(void)context;
	compute_report(tried);
}

static struct error *compute_dh(void *argument, struct bytes *ret)
{
	return dh_generate(*(unsigned *)argument, report_candidates, NULL, ret);
}

static void show_candidates(void *context, unsigned n)
{
	CLEAN(free) char *what = text(ngettext("%u candidate tried", "%u candidates tried", n), n);

	run_progress(context, -1, what);
}

/* The plan that opens an install starts the work, so that it is done by the time that apt is. */
static struct error *start_early(struct run *run, const char *path, compute_work *work, unsigned *bits)
{
	return run->compute ? compute_start(run->compute, path, work, bits) : NULL;
}

/* *ret: a secret. */
static struct error *collect(struct run *run, const char *path, compute_work *work, unsigned bits, struct bytes *ret)
{
	if (!compute_started(run->compute, path))
		TRY(compute_start(run->compute, path, work, &bits));
	return compute_collect(run->compute, path, show_candidates, run, ret);
}

/* A key that is known already, from an earlier run or another machine; *ret stays empty where none is. */
static struct error *known_key(struct run *run, const char *note, struct bytes *ret)
{
	char *known = NULL;

	TRY(run_note(run, note, &known));
	bytes_take(ret, known);
	return NULL;
}

/* The public half of a key is out in the world (DNS, clients): neither a kill nor the rollback of a step must cost it. So the
 * key goes into the state store before it goes into its file, and stays there until the store goes too. */
static struct error *make_key(struct run *run, const char *path, unsigned bits, struct owner owner)
{
	CLEAN(free) char *note = text(KEY_NOTE "%s", path);
	CLEAN(secret) struct bytes pem = { 0 };
	char *known = NULL;

	TRY(state_note_get(run->state, note, &known));
	bytes_take(&pem, known);
	if (!known) {
		TRY(collect(run, path, compute_key, bits, &pem));
		TRY(state_note_set(run->state, note, bytes_text(&pem)));
	}
	return put_file(run, path, pem.data, pem.size, owner);
}

static struct error *is_same_key(const struct bytes *pem, const char *brought)
{
	CLEAN(bytes) struct bytes here = { 0 }, there = { 0 };
	const struct bytes other = { .data = (char *)brought, .size = strlen(brought) };

	TRY(key_public(pem, &here));
	TRY(key_public(&other, &there));
	return bytes_equal(&here, &there) ? NULL : fail(ERR_CONFLICT, "another key came from the other machine; move this one away");
}

static struct error *check_existing(struct run *run, const char *path, const char *brought)
{
	CLEAN(secret) struct bytes pem = { 0 };
	unsigned size;
	struct error *e = file_read(run->host, path, PEM_LIMIT, &pem);

	if (!e)
		e = key_bits(&pem, &size);
	if (!e && brought)
		e = is_same_key(&pem, brought);
	return recode(wrap(e, "%s (an existing key is never replaced)", path), ERR_CONFLICT);
}

struct error *ensure_private_key(struct run *run, const char *path, unsigned bits, struct owner owner)
{
	CLEAN(free) char *note = text(KEY_NOTE "%s", path);
	CLEAN(secret) struct bytes known = { 0 };
	struct file_info now;

	TRY(file_stat(run->host, path, &now));
	if (now.exists) {
		TRY(check_existing(run, path, run->brought ? notes_get(run->brought, note) : NULL));
		return ensure_attributes(run, path, owner);
	}
	if (!run_is_plan(run))
		return make_key(run, path, bits, owner);
	TRY(known_key(run, note, &known));
	if (known.size) {
		run_difference(run, "file", path, false, "private key that is known already, to be written");
		return NULL;
	}
	run_difference(run, "file", path, false, "RSA key of %u bits, to be made", bits);
	return start_early(run, path, compute_key, &bits);
}

struct error *ensure_no_private_key(struct run *run, const char *path)
{
	CLEAN(free) char *note = text(KEY_NOTE "%s", path);

	TRY(ensure_no_file(run, path));
	return run_is_plan(run) ? NULL : state_note_set(run->state, note, NULL);
}

static struct error *certificate_serves(const struct bytes *pem, const struct bytes *key, const char *hostname)
{
	CLEAN(certificate_facts) struct certificate_facts facts = { 0 };

	TRY(certificate_read(pem, &facts));
	TRY(certificate_matches(pem, key));
	if (!certificate_covers(&facts, hostname))
		return fail(ERR_STOPPED, "does not name %s", hostname);
	if (facts.not_after < time(NULL))
		return fail(ERR_STOPPED, "has expired");
	/* A clock that stands before mailsetup was written is no judge. */
	if (facts.not_before > time(NULL) && time(NULL) > CLOCK_STARTS)
		return fail(ERR_STOPPED, "is not valid yet");
	return NULL;
}

/* *ret: the certificate that is there can stay. */
static struct error *certificate_stands(struct run *run, const char *path, const char *key_path, const char *hostname, bool *ret)
{
	struct file_info certificate_info, key_info;
	CLEAN(bytes) struct bytes certificate = { 0 };
	CLEAN(secret) struct bytes key = { 0 };

	*ret = false;
	TRY(file_stat(run->host, path, &certificate_info));
	TRY(file_stat(run->host, key_path, &key_info));
	if (!certificate_info.exists || !key_info.exists)
		return NULL;
	TRY(file_read(run->host, path, PEM_LIMIT, &certificate));
	TRY(file_read(run->host, key_path, PEM_LIMIT, &key));
	struct error *reason = certificate_serves(&certificate, &key, hostname);
	*ret = !reason;
	error_free(reason);
	return NULL;
}

/* The key that the certificate is to serve with: that of the file, which may be another by now than the one that was brought, or, before
 * there is a file, the one that will be in it. Secret; *ret stays empty where neither is known. */
static struct error *key_to_serve(struct run *run, const char *key_path, struct bytes *ret)
{
	CLEAN(free) char *note = text(KEY_NOTE "%s", key_path);
	struct file_info info;

	TRY(file_stat(run->host, key_path, &info));
	return info.exists ? file_read(run->host, key_path, PEM_LIMIT, ret) : known_key(run, note, ret);
}

static struct error *brought_serves(const struct bytes *certificate, const struct bytes *key, const char *hostname)
{
	TRY(certificate_serves(certificate, key, hostname));
	return certificate_usable(certificate, key);
}

/* *ret stays empty where none was brought; where it does not serve any more, an install says why. */
static struct error *brought_certificate(struct run *run, const char *path, const char *key_path, const char *hostname, struct bytes *ret)
{
	CLEAN(free) char *note = text(CERTIFICATE_NOTE "%s", path), *known = NULL;
	CLEAN(secret) struct bytes key = { 0 };

	TRY(run_note(run, note, &known));
	if (!known)
		return NULL;
	const struct bytes certificate = { .data = known, .size = strlen(known) };
	TRY(key_to_serve(run, key_path, &key));
	if (!key.size)
		return NULL;
	struct error *reason = brought_serves(&certificate, &key, hostname);
	if (!reason)
		bytes_add(ret, certificate.data, certificate.size);
	else if (!run_is_plan(run))
		run_warning(run, "the certificate of the other machine does not serve here (%s): a self-signed one takes its place",
			error_message(reason));
	error_free(reason);
	return NULL;
}

struct error *ensure_certificate(struct run *run, const char *path, const char *key_path, const char *hostname, unsigned days,
	struct owner owner)
{
	CLEAN(bytes) struct bytes pem = { 0 };
	CLEAN(secret) struct bytes key = { 0 };
	bool stands;

	TRY(certificate_stands(run, path, key_path, hostname, &stands));
	if (stands)
		return ensure_attributes(run, path, owner);
	TRY(brought_certificate(run, path, key_path, hostname, &pem));
	if (pem.size && run_is_plan(run))
		run_difference(run, "file", path, false, "certificate of the other machine, to be written");
	if (pem.size)
		return run_is_plan(run) ? NULL : put_file(run, path, pem.data, pem.size, owner);
	if (run_is_plan(run)) {
		run_difference(run, "file", path, false, "self-signed certificate for %s, to be made", hostname);
		return NULL;
	}
	TRY(file_read(run->host, key_path, PEM_LIMIT, &key));
	TRY(certificate_self_signed(&key, hostname, days, &pem));
	return put_file(run, path, pem.data, pem.size, owner);
}

struct error *ensure_copy(struct run *run, const char *path, const char *source,
	struct error *(*filter)(const struct bytes *pem, struct bytes *ret), struct owner owner)
{
	CLEAN(secret) struct bytes content = { 0 };
	CLEAN(bytes) struct bytes filtered = { 0 };
	CLEAN(free) char *resolved = NULL;

	TRY(file_resolve(run->host, source, &resolved));
	TRY(file_read(run->host, resolved, PEM_LIMIT, &content));
	if (filter)
		TRY(filter(&content, &filtered));
	return put_file(run, path, filter ? filtered.data : content.data, filter ? filtered.size : content.size, owner);
}

static struct error *dh_stands(struct run *run, const char *path, unsigned bits, bool *ret)
{
	struct file_info info;
	CLEAN(bytes) struct bytes pem = { 0 };
	unsigned size = 0;

	*ret = false;
	TRY(file_stat(run->host, path, &info));
	if (!info.exists)
		return NULL;
	TRY(file_read(run->host, path, PEM_LIMIT, &pem));
	struct error *e = dh_bits(&pem, &size);
	*ret = !e && size >= bits;
	error_free(e);
	return NULL;
}

struct error *ensure_dh(struct run *run, const char *path, unsigned bits, bool generate, struct owner owner)
{
	CLEAN(bytes) struct bytes pem = { 0 };
	bool stands;

	TRY(dh_stands(run, path, bits, &stands));
	if (stands)
		return ensure_attributes(run, path, owner);
	if (run_is_plan(run)) {
		run_difference(run, "file", path, false, "DH parameters of %u bits, to be made", bits);
		return generate ? start_early(run, path, compute_dh, &bits) : NULL;
	}
	TRY(generate ? collect(run, path, compute_dh, bits, &pem) : dh_standard(bits, &pem));
	return put_file(run, path, pem.data, pem.size, owner);
}
