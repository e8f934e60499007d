/*
 * The rows of another machine. They lie in the state store until they are in the accounts database, and in the undo journal from then
 * on: what is deleted or changed later stays so, and the rollback of the step alone gives them back to the store.
 */
#include "base/i18n.h"
#include "ensure/common.h"
#include "ensure/verbs.h"
#include "mail/accounts_move.h"

#define SHOWN 20

static struct error *parse(const char *data, json_t **ret)
{
	*ret = json_loads(data, 0, NULL);
	return *ret ? NULL : fail(ERR_INCOMPLETE, "malformed record");
}

static void tell_differ(struct run *run, const struct list *differ)
{
	CLEAN(bytes) struct bytes shown = { 0 };

	for (size_t i = 0; i < differ->n && i < SHOWN; i++)
		bytes_printf(&shown, "%s%s", i ? ", " : "", differ->v[i]);
	if (differ->n > SHOWN)
		bytes_add_text(&shown, ", ...");
	if (differ->n)
		run_warning(run,
			ngettext("%zu row is here already, other than on the other machine, and stays as it is here: %s",
				"%zu rows are here already, other than on the other machine, and stay as they are here: %s", differ->n),
			differ->n, bytes_text(&shown));
}

static struct error *insert(struct run *run, const char *known)
{
	CLEAN(json_decref) json_t *rows = NULL;
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(list) struct list differ = { 0 };
	CLEAN(secret) struct bytes data = { 0 };

	TRY(parse(known, &rows));
	TRY(accounts_open(run->host, false, &a));
	TRY(move_absent(a, rows, &differ));
	tell_differ(run, &differ);
	bytes_take(&data, json_dumps(rows, JSON_COMPACT));
	TRY(run_intend(run, &(struct undo_record){ .verb = "rows", .target = ACCOUNTS_PATH, .data = data.data }));
	TRY(move_insert(a, rows));
	run_changed(run, "rows", ACCOUNTS_PATH);
	return state_note_set(run->state, ROWS_NOTE, NULL);
}

static void plan(struct run *run, const char *known)
{
	CLEAN(json_decref) json_t *rows = json_loads(known, 0, NULL);
	size_t n = move_count(rows, NULL);

	run_difference(run, "rows", ACCOUNTS_PATH, false, ngettext("%zu row of the other machine, to be added", "%zu rows of the other machine, to be added", n), n);
}

struct error *ensure_moved_rows(struct run *run)
{
	CLEAN(secret) struct bytes rows = { 0 }; /* the hashes of all passwords are in them */
	char *known = NULL;

	TRY(run_note(run, ROWS_NOTE, &known));
	bytes_take(&rows, known);
	if (!rows.size)
		return NULL;
	if (!run_is_plan(run))
		return insert(run, bytes_text(&rows));
	plan(run, bytes_text(&rows));
	return NULL;
}

struct error *undo_rows(struct run *run, const struct undo_record *record)
{
	CLEAN(json_decref) json_t *rows = NULL;
	CLEAN(accounts_close) struct accounts *a = NULL;
	struct file_info info;
	size_t kept;

	TRY(parse(record->data ? record->data : "", &rows));
	TRY(state_note_set(run->state, ROWS_NOTE, record->data));
	TRY(file_stat(run->host, ACCOUNTS_PATH, &info));
	if (!info.exists)
		return NULL;
	TRY(accounts_open(run->host, false, &a));
	TRY(move_delete(a, rows, &kept));
	if (kept)
		run_kept(run,
			ngettext("%s: %zu row was changed since it came from the other machine and stays",
				"%s: %zu rows were changed since they came from the other machine and stay", kept),
			ACCOUNTS_PATH, kept);
	return NULL;
}
