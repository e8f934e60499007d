#include "cli/moving.h"
#include "base/i18n.h"
#include "cli/prompt.h"
#include "engine/published.h"
#include "host/crypto.h"
#include "host/sealed.h"
#include "mail/accounts_move.h"
#include "mail/dkim.h"
#include "mail/layout.h"
#include "mail/name.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

/* In the note of a move that is under way: what its end says besides. */
#define MOVED_RECORDS  "+records"
#define MOVED_NETWORKS "+networks"

static void wipe_and_free(void *p)
{
	if (p)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

void moving_wipe_json(void)
{
	json_set_alloc_funcs(malloc, wipe_and_free);
}

/* --- the file --- */

struct error *moving_put_pem(json_t *object, const char *key, const struct bytes *pem,
	struct error *(*filter)(const struct bytes *pem, struct bytes *ret))
{
	CLEAN(secret) struct bytes filtered = { 0 };

	TRY(filter(pem, &filtered));
	json_t *text_of = memchr(bytes_text(pem), '\0', pem->size) ? NULL : json_stringn(bytes_text(pem), pem->size);
	json_object_set_new(object, key, text_of ? text_of : json_string(bytes_text(&filtered)));
	return NULL;
}

static struct error *read_into(int fd, struct bytes *ret)
{
	char buffer[1 << 16];
	ssize_t n;

	while ((n = read(fd, buffer, sizeof(buffer))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(errno, "cannot be read");
		bytes_add(ret, buffer, (size_t)n);
		if (ret->size > SEALED_MAX)
			return fail(ERR_USAGE, "more than %d MiB", SEALED_MAX >> 20);
	}
	return NULL;
}

struct error *moving_read(const char *path, struct bytes *ret)
{
	struct stat st;
	CLEAN(fd) int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		return recode(fail_errno(errno, "--from %s: cannot be read", path), ERR_USAGE);
	if (!S_ISREG(st.st_mode))
		return fail(ERR_USAGE, "--from %s: no regular file", path);
	return wrap(read_into(fd, ret), "--from %s", path);
}

static struct error *parse(const struct bytes *text_of, json_t **ret)
{
	json_error_t why;

	*ret = json_loadb(bytes_text(text_of), text_of->size, JSON_REJECT_DUPLICATES, &why);
	const json_t *version = json_object_get(*ret, MOVING_FORMAT);
	if (!json_is_integer(version))
		return fail(ERR_USAGE, "no file that `mailsetup export` has written");
	if (json_integer_value(version) != MOVING_VERSION)
		return fail(ERR_USAGE, "of format %lld, and this mailsetup knows %d alone; use the one that wrote it, or a newer one",
			(long long)json_integer_value(version), MOVING_VERSION);
	return NULL;
}

static struct error *open_sealed(const char *path, const struct bytes *sealed, bool from_stdin, json_t **ret)
{
	CLEAN(secret) struct bytes passphrase = { 0 }, text_of = { 0 };

	TRY(wrap(sealed_check(sealed), "--from %s", path));
	TRY(passphrase_obtain(from_stdin, false, "--from", path, &passphrase));
	TRY(wrap(unseal(sealed, &passphrase, &text_of), "--from %s", path));
	return wrap(parse(&text_of, ret), "--from %s", path);
}

/* --- what is in it --- */

/* Those of the machine itself: its files, its address, its release. The password is in the tables. */
static bool stays_there(const char *name)
{
	static const char *const names[] = { "tls-cert", "tls-key", "hosts-entry", "force-release", "admin-hash" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static struct error *take_parameters(const json_t *parameters, struct params *p)
{
	const char *name;
	json_t *values, *value;
	size_t i;

	json_object_foreach((json_t *)parameters, name, values) {
		CLEAN(list) struct list given = { 0 };

		params_get(p, name, &given);
		if (given.n || stays_there(name))
			continue;
		json_array_foreach(values, i, value)
			TRY(params_set(p, name, json_string_value(value) ? json_string_value(value) : ""));
	}
	return NULL;
}

static struct error *check_domain(const json_t *parameters, const struct params *p)
{
	const char *theirs = json_string_value(json_array_get(json_object_get(parameters, "domain"), 0));

	if (!theirs || !p->domain || strcmp(theirs, p->domain) != 0)
		return fail(ERR_USAGE, "the file is of another domain than --domain %s; leave the option out", p->domain ? p->domain : "");
	return NULL;
}

/* The public half of a key is in the DNS; bits are all that is asked of a private one here. */
static struct error *take_key(const char *path, const json_t *pem, struct notes *ret)
{
	CLEAN(free) char *note = text(KEY_NOTE "%s", path);
	const char *s = json_string_value(pem);
	unsigned bits;

	if (!s)
		return fail(ERR_USAGE, "%s is missing", path);
	TRY(wrap(key_bits(&(struct bytes){ .data = (char *)s, .size = strlen(s) }, &bits), "%s", path));
	notes_add(ret, note, s);
	return NULL;
}

static bool has_key(const struct params *p, const char *domain, const char *selector)
{
	CLEAN(list) struct list domains = { 0 }, selectors = { 0 };

	params_domains(p, &domains);
	params_selectors(p, domain, &selectors);
	return list_has(&domains, domain) && list_has(&selectors, selector);
}

/* What the command line adds has no key yet; what the other machine had is published, and never made anew. */
static struct error *take_dkim(const json_t *keys, const struct params *p, const struct params *theirs, struct notes *ret)
{
	CLEAN(list) struct list domains = { 0 };

	params_domains(p, &domains);
	for (size_t i = 0; i < domains.n; i++) {
		const json_t *of_domain = json_object_get(keys, domains.v[i]);
		CLEAN(list) struct list selectors = { 0 };

		params_selectors(p, domains.v[i], &selectors);
		for (size_t k = 0; k < selectors.n; k++) {
			const json_t *pem = json_object_get(of_domain, selectors.v[k]);
			CLEAN(free) char *path = dkim_path(domains.v[i], selectors.v[k], "private");

			if (pem || has_key(theirs, domains.v[i], selectors.v[k]))
				TRY(take_key(path, pem, ret));
		}
	}
	return NULL;
}

static struct error *take_stopped(const json_t *stopped, struct notes *ret)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)stopped, name, value) {
		CLEAN(free) char *note = text(DKIM_STOPPED_NOTE "%s", name);
		const char *s = json_string_value(value);
		CLEAN(free) char *shown = printable(name);

		if (!s || !*s || s[strspn(s, "0123456789")])
			return fail(ERR_USAGE, "the time when the DKIM key %s ceased to sign is no number", shown);
		notes_add(ret, note, s);
	}
	return NULL;
}

static struct error *take_tls(const json_t *tls, struct notes *ret)
{
	CLEAN(certificate_facts) struct certificate_facts facts = { 0 };
	const char *certificate = json_string_value(json_object_get(tls, "certificate"));

	TRY(take_key(TLS_KEY, json_object_get(tls, "key"), ret));
	if (!certificate)
		return fail(ERR_USAGE, "%s is missing", TLS_CERTIFICATE);
	TRY(wrap(certificate_read(&(struct bytes){ .data = (char *)certificate, .size = strlen(certificate) }, &facts), "%s",
		TLS_CERTIFICATE));
	notes_add(ret, CERTIFICATE_NOTE TLS_CERTIFICATE, certificate);
	return NULL;
}

static struct error *take_tables(const json_t *tables, struct notes *ret)
{
	TRY(move_check(tables));
	char *rows = json_dumps(tables, JSON_COMPACT);
	notes_add(ret, ROWS_NOTE, rows);
	wipe_and_free(rows);
	return NULL;
}

static bool records_change(const struct params *p, const struct params *theirs)
{
	CLEAN(list) struct list ours = { 0 }, known = { 0 };
	bool ret = strcmp(p->hostname, theirs->hostname) != 0;

	params_domains(p, &ours);
	params_domains(theirs, &known);
	for (size_t i = 0; i < ours.n; i++)
		ret |= !list_has(&known, ours.v[i]) ||
		       strcmp(params_signing_selector(p, ours.v[i]), params_signing_selector(theirs, ours.v[i])) != 0;
	return ret;
}

/* Also where the file of a plan has them from there. */
static bool networks_come_along(const struct params *p, const struct params *theirs)
{
	for (size_t i = 0; i < p->networks.n; i++)
		if (list_has(&theirs->networks, p->networks.v[i]))
			return true;
	return false;
}

static struct error *take(struct params *p, const json_t *document, struct notes *ret)
{
	const json_t *parameters = json_object_get(document, "parameters");
	CLEAN(params) struct params theirs = { 0 };

	params_init(&theirs);
	TRY(take_parameters(parameters, p));
	TRY(check_domain(parameters, p));
	TRY(params_complete(p));
	TRY(take_parameters(parameters, &theirs));
	TRY(params_complete(&theirs));
	TRY(take_dkim(json_object_get(document, "dkim-keys"), p, &theirs, ret));
	TRY(take_stopped(json_object_get(document, "dkim-stopped"), ret));
	if (!p->tls_cert)
		TRY(take_tls(json_object_get(document, "tls"), ret));
	TRY(take_tables(json_object_get(document, "tables"), ret));
	CLEAN(free) char *moved = text("1%s%s", records_change(p, &theirs) ? MOVED_RECORDS : "",
		networks_come_along(p, &theirs) ? MOVED_NETWORKS : "");
	notes_add(ret, MOVED_NOTE, moved);
	return NULL;
}

struct error *moving_take(struct cli *cli, struct session *s, const char *path, const struct bytes *sealed, bool passphrase_stdin,
	struct notes *notes)
{
	CLEAN(params) struct params known = { 0 };
	CLEAN(json_decref) json_t *document = NULL;

	/* The rows may also come from the state store, in a resume. */
	moving_wipe_json();
	if (!path)
		return passphrase_stdin ? fail(ERR_USAGE, "--passphrase-stdin: there is no --from whose it could be") : NULL;
	params_init(&known);
	if (s->run.state)
		TRY(state_params_load(s->run.state, &known));
	if (known.domain)
		return fail(ERR_CONFLICT,
			"--from %s: mailsetup has installed this machine already. `mailsetup resume` goes on with an install that was stopped, and "
			"needs neither file nor passphrase; for a new beginning, `mailsetup rollback` first",
			path);
	TRY(open_sealed(path, sealed, passphrase_stdin, &document));
	s->run.brought = notes;
	return recode(wrap(take(&cli->params, document, notes), "--from %s", path), ERR_USAGE);
}

/* --- the end of the install --- */

static void item(const struct screen *s, const char *what)
{
	fprintf(s->out, "%s ", screen_mark(s, MARK_SKIPPED));
	put_flow(s, s->out, what, 2, 2);
}

static void tell_json(json_t *done, const struct params *p, bool records, bool networks)
{
	json_t *left = json_array();

	json_array_append_new(left, json_string("mail"));
	json_array_append_new(left, json_string(records ? "records" : "addresses"));
	if (networks)
		json_array_append_new(left, json_string("networks"));
	json_array_append_new(left, json_string("queue"));
	json_object_set_new(done, "left", left);
	if (!networks)
		return;
	json_t *all = json_array();
	for (size_t i = 0; i < p->networks.n; i++)
		json_array_append_new(all, json_string(p->networks.v[i]));
	json_object_set_new(done, "networks", all);
}

static void tell_dns(const struct screen *s, const struct params *p, bool records)
{
	CLEAN(free) char *dns = records ? text(_("DNS: this server has another name, domain or selector than the other machine, so more than "
						 "addresses changes: `mailsetup dns` shows the records of now."))
					: text(_("DNS: let %s lead to this machine (A, AAAA), and the name of its address to it (PTR). The other "
						 "records stay as they are: the DKIM keys have come along."),
						  p->hostname);

	item(s, dns);
}

static void tell_networks(const struct screen *s, const struct params *p)
{
	CLEAN(free) char *all = list_join(&p->networks, ", ");
	CLEAN(free) char *networks = text(_("Networks that may send here without a password, as on the other machine: %s. Where one is not "
					    "yours any more, say which ones are: `mailsetup install --network CIDR`, or `--network none`."),
		all);

	item(s, networks);
}

static void tell_text(const struct screen *s, const struct params *p, bool records, bool networks)
{
	fprintf(s->out, "\n%s%s%s\n", style(s->out_color, BOLD), _("What is left of the move"), style(s->out_color, PLAIN));
	item(s, _("The mail: an archive of the other machine's mailboxes, brought over by `mailsetup migrate-maildir`, before mail "
		  "programs connect to this one."));
	tell_dns(s, p, records);
	if (networks)
		tell_networks(s, p);
	item(s, _("The other machine: `mailsetup queue list` there says whether mail still waits to leave it."));
}

struct error *moving_tell(struct cli *cli, struct session *s, json_t *done)
{
	CLEAN(free) char *moved = NULL;

	if (s->run.state)
		TRY(state_note_get(s->run.state, MOVED_NOTE, &moved));
	if (!moved || (cli->quiet && !done))
		return NULL;
	bool records = strstr(moved, MOVED_RECORDS), networks = strstr(moved, MOVED_NETWORKS);
	if (done)
		tell_json(done, &cli->params, records, networks);
	else
		tell_text(&cli->screen, &cli->params, records, networks);
	return state_note_set(s->run.state, MOVED_NOTE, NULL);
}
