#include "base/i18n.h"
#include "cli/change.h"
#include "cli/json.h"
#include "cli/moving.h"
#include "cli/prompt.h"
#include "engine/published.h"
#include "ensure/ensure.h"
#include "host/crypto.h"
#include "host/file.h"
#include "host/sealed.h"
#include "mail/accounts_move.h"
#include "mail/dkim.h"
#include "mail/layout.h"

#include <unistd.h>

static bool passphrase_stdin;

/* --- what goes into it --- */

static json_t *parameters(const struct params *p)
{
	json_t *all = json_object();

	for (size_t i = 0; i < param_count; i++) {
		CLEAN(list) struct list values = { 0 };

		params_get(p, param_specs[i].name, &values);
		if (values.n && strcmp(param_specs[i].name, "admin-hash") != 0)
			json_object_set_new(all, param_specs[i].name, json_list(&values));
	}
	return all;
}

static struct error *put_file(struct host *h, const char *path, json_t *object, const char *key,
	struct error *(*filter)(const struct bytes *pem, struct bytes *ret))
{
	CLEAN(secret) struct bytes content = { 0 };

	TRY(file_read(h, path, PEM_LIMIT, &content));
	return wrap(moving_put_pem(object, key, &content, filter), "%s", path);
}

static struct error *put_dkim(struct host *h, const struct params *p, json_t *document)
{
	CLEAN(list) struct list domains = { 0 };
	json_t *keys = json_object();

	json_object_set_new(document, "dkim-keys", keys);
	params_domains(p, &domains);
	for (size_t i = 0; i < domains.n; i++) {
		CLEAN(list) struct list selectors = { 0 };
		json_t *of_domain = json_object();

		json_object_set_new(keys, domains.v[i], of_domain);
		params_selectors(p, domains.v[i], &selectors);
		for (size_t k = 0; k < selectors.n; k++) {
			CLEAN(free) char *path = dkim_path(domains.v[i], selectors.v[k], "private");

			TRY(put_file(h, path, of_domain, selectors.v[k], key_only));
		}
	}
	return NULL;
}

static struct error *put_stopped(struct state *state, json_t *document)
{
	CLEAN(list) struct list names = { 0 };
	json_t *all = json_object();

	json_object_set_new(document, "dkim-stopped", all);
	TRY(state_notes(state, DKIM_STOPPED_NOTE, &names));
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *value = NULL;

		TRY(state_note_get(state, names.v[i], &value));
		json_object_set_new(all, names.v[i] + strlen(DKIM_STOPPED_NOTE), json_string(value));
	}
	return NULL;
}

static struct error *put_tls(struct host *h, json_t *document)
{
	json_t *tls = json_object();

	json_object_set_new(document, "tls", tls);
	TRY(put_file(h, TLS_KEY, tls, "key", key_only));
	return put_file(h, TLS_CERTIFICATE, tls, "certificate", certificates_only);
}

/* The steps make them anew, and then they follow the parameters, as here. */
static struct error *drop_made(struct run *run, const char *table, json_t *rows)
{
	const char *column = move_key_column(table);

	for (size_t i = json_array_size(rows); i-- > 0;) {
		const char *key = json_string_value(json_object_get(json_array_get(rows, i), column));
		bool made;

		TRY(row_stands(run, table, column, key, &made));
		if (made)
			json_array_remove(rows, i);
	}
	return NULL;
}

static struct error *put_tables(struct session *s, json_t *document)
{
	static const char *const made[] = { "postfix_domaines", "postfix_alias_virtuels" };
	CLEAN(accounts_close) struct accounts *a = NULL;
	json_t *tables = NULL;

	TRY(accounts_open(s->host, true, &a));
	TRY(wrap(move_read(a, &tables), "a row that mailsetup does not carry over; change it, or delete it and add it by hand there"));
	json_object_set_new(document, "tables", tables);
	for (size_t i = 0; i < sizeof(made) / sizeof(*made); i++)
		TRY(drop_made(&s->run, made[i], json_object_get(tables, made[i])));
	return NULL;
}

static struct error *gather(struct cli *cli, struct session *s, json_t *document)
{
	json_object_set_new(document, MOVING_FORMAT, json_integer(MOVING_VERSION));
	json_object_set_new(document, "made-by", json_string(MAILSETUP_VERSION));
	json_object_set_new(document, "parameters", parameters(&cli->params));
	TRY(put_tables(s, document));
	TRY(put_dkim(s->host, &cli->params, document));
	TRY(put_stopped(s->run.state, document));
	return put_tls(s->host, document);
}

/* --- the file --- */

/* path is seen from where the command was started. */
static struct error *resolve(const char *path, char **ret)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	CLEAN(free) char *folder = slash ? text_copy_n(path, (size_t)(slash - path) + 1) : text_copy(".");
	CLEAN(free) char *real = realpath(folder, NULL);

	if (strcmp(path, "-") == 0)
		return fail(ERR_USAGE, "export -: the keys of a server go into no pipe; give a file");
	if (!real)
		return recode(fail_errno(errno, "export %s: there is no such folder", path), ERR_USAGE);
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return fail(ERR_USAGE, "export %s: this is a folder; give a file in it", path);
	*ret = text("%s/%s", strcmp(real, "/") == 0 ? "" : real, name);
	return NULL;
}

static struct error *refuse_existing(struct host *h, const char *path)
{
	struct file_info info;

	TRY(file_stat(h, path, &info));
	return info.exists ? fail(ERR_CONFLICT, "%s is there already, and is not overwritten: give another name, or remove it", path) : NULL;
}

static struct error *write_sealed(struct host *h, const char *path, const json_t *document)
{
	CLEAN(secret) struct bytes passphrase = { 0 }, clear = { 0 };
	CLEAN(bytes) struct bytes sealed = { 0 };

	TRY(passphrase_obtain(passphrase_stdin, true, "export", path, &passphrase));
	bytes_take(&clear, json_dumps(document, JSON_COMPACT));
	if (!clear.size)
		return fail(ERR_STOPPED, "cannot write the server as JSON");
	TRY(seal(&clear, &passphrase, SEALED_COST, &sealed));
	TRY(refuse_existing(h, path));
	return file_write(h, path, sealed.data, sealed.size, geteuid(), getegid(), 0600);
}

static size_t count_keys(const json_t *document)
{
	const char *domain;
	json_t *keys;
	size_t n = 0;

	json_object_foreach(json_object_get(document, "dkim-keys"), domain, keys)
		n += json_object_size(keys);
	return n;
}

static const char left_out[] = N_("Not in it: the mail, with its Sieve scripts, which `mailsetup migrate-maildir` brings; what the spam filter has "
				  "learned, which it learns again from the mailboxes; mail that waits in the queue; and what was changed by "
				  "hand in files.");

static void tell(struct cli *cli, const char *path, const json_t *document)
{
	const json_t *tables = json_object_get(document, "tables");
	size_t users = move_count(tables, "postfix_utilisateurs"), rows = move_count(tables, NULL), keys = count_keys(document);

	if (cli->json) {
		json_t *done = json_event("done");

		json_object_set_new(done, "changed", json_true());
		json_set_text(done, "file", path);
		json_object_set_new(done, "accounts", json_integer((json_int_t)users));
		json_object_set_new(done, "rows", json_integer((json_int_t)rows));
		json_object_set_new(done, "dkim_keys", json_integer((json_int_t)keys));
		json_write(cli->screen.out, done);
	} else if (!cli->quiet) {
		CLEAN(free) char *shown = text_fit(path, 0);

		fprintf(cli->screen.out, _("%s holds the server, without its mail: accounts %zu, other rows %zu, DKIM keys %zu, and the certificate.\n"),
			shown, users, rows - users, keys);
		put_flow(&cli->screen, cli->screen.out, translated(left_out), 0, 0);
		fputs(_("On the new machine: `mailsetup install --from FILE`\n"), cli->screen.out);
	}
}

static struct error *export(struct cli *cli)
{
	CLEAN(session) struct session s = SESSION_CLOSED;
	CLEAN(json_decref) json_t *document = NULL;
	CLEAN(free) char *path = NULL;
	bool unfinished;

	moving_wipe_json();
	document = json_object();
	TRY(resolve(cli->operands.v[0], &path));
	TRY(change_open(cli, &s));
	TRY(change_check_unfinished(cli, &s, false, &unfinished));
	TRY(refuse_existing(s.host, path));
	TRY(wrap(gather(cli, &s, document), "%s", cli->command->name));
	TRY(write_sealed(s.host, path, document));
	tell(cli, path, document);
	return NULL;
}

static const struct option_spec options[] = {
	{ "passphrase-stdin", 0, NULL, N_("read the passphrase of FILE from standard input, one line"), &passphrase_stdin, NULL, NULL },
	{ 0 },
};

const struct command command_export = {
	.name = "export",
	.operands = N_("FILE"),
	.operands_min = 1,
	.operands_max = 1,
	.summary = N_("put the server, without its mail, into one encrypted file"),
	.help = PARAGRAPHS(
		N_("For a move to a new machine, of the same Debian or another: accounts with their passwords, aliases, domains, blocklists, "
		   "DKIM keys, the certificate with its key, and the parameters. `mailsetup install --from FILE` makes the server of it there, "
		   "and `mailsetup migrate-maildir` brings the mail. It changes nothing here."),
		left_out,
		N_("FILE is encrypted with a passphrase, of 12 bytes at least, that is asked for or read with --passphrase-stdin: who has both has "
		   "the server. A file that exists is not overwritten.")),
	.examples = "mailsetup export /root/server.mailsetup\nmailsetup export server.mailsetup --passphrase-stdin < /root/passphrase",
	.flags = NEEDS_ROOT | CHANGES,
	.options = options,
	.run = export,
};
