#include "cli/admin.h"
#include "base/i18n.h"
#include "cli/prompt.h"
#include "host/file.h"
#include "mail/accounts_move.h"
#include "mail/password.h"

static struct error *look_up(struct host *h, const char *address, bool *ret)
{
	CLEAN(accounts_close) struct accounts *accounts = NULL;
	struct file_info info;

	*ret = false;
	TRY(file_stat(h, ACCOUNTS_PATH, &info));
	if (!info.exists || !info.size)
		return NULL;
	TRY(accounts_open(h, true, &accounts));
	return accounts_user_exists(accounts, address, ret);
}

/* A database that an interrupted run left half made has no account; its own step says what is wrong with a bad
 * one. */
static bool account_stands(struct host *h, const char *address)
{
	bool exists = false;

	error_free(look_up(h, address, &exists));
	return exists;
}

/* Of another machine, and not in the database yet. */
static struct error *is_brought(struct session *s, const char *address, bool *ret)
{
	CLEAN(secret) struct bytes rows = { 0 }; /* the hashes of all passwords are in it */
	char *note = NULL;

	TRY(run_note(&s->run, ROWS_NOTE, &note));
	bytes_take(&rows, note);
	CLEAN(json_decref) json_t *tables = json_loads(rows.size ? bytes_text(&rows) : "{}", 0, NULL);
	*ret = move_has_user(tables, address);
	return NULL;
}

/* The hash that an interrupted install left belongs to the administrator whom that one named. */
static struct error *remembered_for(struct state *s, const char *admin, bool *ret)
{
	CLEAN(params) struct params remembered = { 0 };

	*ret = false;
	if (!s)
		return NULL;
	params_init(&remembered);
	TRY(state_params_load(s, &remembered));
	*ret = remembered.admin_hash && remembered.admin && strcmp(remembered.admin, admin) == 0;
	return NULL;
}

static struct error *ask_and_hash(struct params *p, bool from_stdin)
{
	CLEAN(secret) struct bytes password = { 0 };
	CLEAN(free) char *hash = NULL;
	CLEAN(free) char *question = text(_("Password for the new mailbox %s: "), p->admin);
	CLEAN(free) char *whose = text("--admin %s", p->admin);

	TRY(password_obtain(from_stdin, question, whose, &password));
	TRY(password_hash(&password, &hash));
	return params_set(p, "admin-hash", hash);
}

struct error *admin_password(struct cli *cli, struct session *s, bool from_stdin)
{
	struct params *p = &cli->params;
	bool stands, remembered;

	if (!p->admin)
		return from_stdin ? fail(ERR_USAGE,
					    "--password-stdin: there is no --admin to whom it could belong")
				  : NULL;
	TRY(is_brought(s, p->admin, &stands));
	if (stands || account_stands(s->host, p->admin)) {
		if (from_stdin && !cli->quiet)
			fprintf(cli->screen.talk, _("note: %s has its mailbox already; its password stays\n"),
				p->admin);
		return params_set(p, "admin-hash", "none");
	}
	TRY(remembered_for(s->run.state, p->admin, &remembered));
	return remembered && !from_stdin ? NULL : ask_and_hash(p, from_stdin);
}

struct error *admin_forget(struct cli *cli, struct session *s)
{
	if (!cli->params.admin_hash || !s->run.state)
		return NULL;
	TRY(params_set(&cli->params, "admin-hash", "none"));
	return state_params_store(s->run.state, &cli->params, NULL);
}
