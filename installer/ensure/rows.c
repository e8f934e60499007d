/*
 * The accounts database. Its record says whether mailsetup made the file; rows have records of their own. What
 * others have put into it since (accounts above all) is theirs: a file that still holds rows stays on rollback.
 */
#include "base/i18n.h"
#include "base/json_text.h"
#include "ensure/common.h"
#include "ensure/verbs.h"

static struct error *schema_complete(struct run *run, const char *schema, bool *ret)
{
	struct file_info info;
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(list) struct list missing = { 0 };

	*ret = false;
	TRY(file_stat(run->host, ACCOUNTS_PATH, &info));
	if (!info.exists)
		return NULL;
	TRY(accounts_open(run->host, true, &a));
	TRY(accounts_schema_missing(a, schema, &missing));
	*ret = missing.n == 0;
	return NULL;
}

static struct error *create_schema(struct run *run, const char *schema, struct owner owner)
{
	CLEAN(file_image) struct file_image before = { 0 };
	CLEAN(accounts_close) struct accounts *a = NULL;

	TRY(file_capture(run->host, ACCOUNTS_PATH, &before));
	TRY(run_intend(run, &(struct undo_record){ .verb = "database", .target = ACCOUNTS_PATH, .image = before }));
	if (!before.info.exists) {
		struct identity id;

		TRY(identity_of(run, owner, &id));
		TRY(file_write(run->host, ACCOUNTS_PATH, "", 0, id.uid, id.gid, owner.mode));
	}
	TRY(accounts_open(run->host, false, &a));
	TRY(accounts_create_schema(a, schema));
	run_changed(run, "database", ACCOUNTS_PATH);
	return NULL;
}

struct error *ensure_schema(struct run *run, const char *schema, struct owner owner)
{
	bool complete;

	TRY(schema_complete(run, schema, &complete));
	if (!complete && run_is_plan(run))
		run_difference(run, "database", ACCOUNTS_PATH, false, "tables to be made");
	else if (!complete)
		TRY(create_schema(run, schema, owner));
	else if (!run_is_plan(run))
		TRY(file_sweep(run->host, ACCOUNTS_PATH)); /* of a rollback that was killed */
	return complete || !run_is_plan(run) ? ensure_attributes(run, ACCOUNTS_PATH, owner) : NULL;
}

struct error *undo_database(struct run *run, const struct undo_record *record)
{
	struct file_info info;
	CLEAN(accounts_close) struct accounts *a = NULL;
	uint64_t rows;

	TRY(file_sweep(run->host, ACCOUNTS_PATH));
	TRY(file_stat(run->host, ACCOUNTS_PATH, &info));
	if (!info.exists || record->image.info.exists)
		return NULL;
	TRY(accounts_open(run->host, false, &a));
	TRY(accounts_count(a, &rows));
	if (rows) {
		CLEAN(free) char *copy = NULL;
		bool made;

		TRY(save_theirs(run, ACCOUNTS_PATH, &copy, &made));
		run_kept(run,
			ngettext("%s holds %llu row that mailsetup did not make (accounts, aliases, ...); a copy is in %s",
				"%s holds %llu rows that mailsetup did not make (accounts, aliases, ...); a copy is in %s", rows),
			ACCOUNTS_PATH, (unsigned long long)rows, copy);
		return NULL;
	}
	return file_remove(run->host, ACCOUNTS_PATH);
}

static struct error *find_row(struct run *run, const char *table, const char *key_column, const char *key, bool *ret)
{
	struct file_info info;
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(list) struct list found = { 0 };
	const struct cell want[] = { { key_column, key }, { NULL, NULL } };

	*ret = false;
	TRY(file_stat(run->host, ACCOUNTS_PATH, &info));
	if (!info.exists || info.size == 0)
		return NULL;
	TRY(accounts_open(run->host, true, &a));
	TRY(accounts_row_find(a, table, key_column, key, want, &found));
	*ret = found.n > 0;
	return NULL;
}

static char *cells_text(const struct cell *cells)
{
	CLEAN(json_decref) json_t *values = json_object();

	for (const struct cell *c = cells; c->column; c++)
		json_object_set_new(values, c->column, json_string(c->value));
	return json_dumps(values, JSON_COMPACT);
}

struct error *ensure_row(struct run *run, const char *table, const char *key_column, const char *key, const struct cell *cells)
{
	CLEAN(free) char *target = text("%s/%s/%s", table, key_column, key);
	CLEAN(accounts_close) struct accounts *a = NULL;
	bool there;

	TRY(find_row(run, table, key_column, key, &there));
	if (there)
		return NULL;
	if (run_is_plan(run)) {
		run_difference(run, "row", target, false, "to be added");
		return NULL;
	}
	CLEAN(free) char *data = cells_text(cells);
	TRY(run_intend(run, &(struct undo_record){ .verb = "row", .target = target, .data = data }));
	TRY(accounts_open(run->host, false, &a));
	TRY(accounts_row_insert(a, table, cells));
	run_changed(run, "row", target);
	return NULL;
}

/* The row as it was inserted, or one that was changed since? */
static bool row_is_ours(const struct list *found, const json_t *values)
{
	const char *column;
	json_t *value;
	size_t i = 0;

	json_object_foreach((json_t *)values, column, value) {
		CLEAN(free) char *cell = text("%s=%s", column, json_string_value(value));

		if (i == found->n || strcmp(found->v[i++], cell) != 0)
			return false;
	}
	return true;
}

/* The columns of values, as the row has them now. */
static struct error *find_cells(struct accounts *a, const char *table, const char *key_column, const char *key, const json_t *values,
	struct list *ret)
{
	CLEAN(free) struct cell *want = allocate((json_object_size(values) + 1) * sizeof(*want));
	const char *column;
	json_t *value;
	size_t i = 0;

	json_object_foreach((json_t *)values, column, value)
		want[i++] = (struct cell){ column, json_string_value(value) };
	return accounts_row_find(a, table, key_column, key, want, ret);
}

static struct error *delete_row(struct run *run, struct accounts *a, const struct list *names, const json_t *values)
{
	CLEAN(list) struct list found = { 0 };

	TRY(find_cells(a, names->v[0], names->v[1], names->v[2], values, &found));
	if (!found.n)
		return NULL;
	if (row_is_ours(&found, values))
		return accounts_row_delete(a, names->v[0], names->v[1], names->v[2]);
	run_kept(run, "%s: the row %s of %s was changed since mailsetup made it and stays", ACCOUNTS_PATH, names->v[2],
		names->v[0]);
	return NULL;
}

struct error *row_stands(struct run *run, const char *table, const char *key_column, const char *key, bool *ret)
{
	CLEAN(free) char *target = text("%s/%s/%s", table, key_column, key);
	CLEAN(undo_record) struct undo_record record = { 0 };
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(list) struct list found = { 0 };

	*ret = false;
	if (run->state)
		TRY(journal_find(run->state, "row", target, &record));
	CLEAN(json_decref) json_t *values = json_loads(record.data ? record.data : "", 0, NULL);
	if (!values)
		return NULL;
	TRY(accounts_open(run->host, true, &a));
	TRY(find_cells(a, table, key_column, key, values, &found));
	*ret = found.n && row_is_ours(&found, values);
	return NULL;
}

struct error *ensure_no_row(struct run *run, const char *table, const char *key_column, const char *key)
{
	CLEAN(free) char *target = text("%s/%s/%s", table, key_column, key);
	CLEAN(undo_record) struct undo_record record = { 0 };
	CLEAN(accounts_close) struct accounts *a = NULL;
	bool there;

	TRY(find_row(run, table, key_column, key, &there));
	if (there && run_is_plan(run)) {
		run_difference(run, "row", target, false, "to be removed");
		return NULL;
	}
	if (run_is_plan(run))
		return NULL;
	if (there) {
		TRY(accounts_open(run->host, false, &a));
		TRY(accounts_row_delete(a, table, key_column, key));
		run_changed(run, "row", target);
	}
	TRY(journal_find(run->state, "row", target, &record));
	return record.seq ? journal_forget(run->state, record.seq) : NULL;
}

struct error *ensure_row_follows(struct run *run, const char *table, const char *key_column, const char *key,
	const struct cell *cells)
{
	CLEAN(free) char *target = text("%s/%s/%s", table, key_column, key);
	CLEAN(free) char *data = cells_text(cells);
	CLEAN(undo_record) struct undo_record record = { 0 };

	if (run->state)
		TRY(journal_find(run->state, "row", target, &record));
	if (record.data && strcmp(record.data, data) != 0) {
		/* In the plan this is the difference; where somebody has changed the row, it stays. */
		TRY(ensure_taken_back(run, "row", target));
		if (run_is_plan(run))
			return NULL;
	}
	return ensure_row(run, table, key_column, key, cells);
}

struct error *undo_row(struct run *run, const struct undo_record *record)
{
	CLEAN(list) struct list names = { 0 };
	CLEAN(json_decref) json_t *values = json_loads(record->data ? record->data : "", 0, NULL);
	CLEAN(accounts_close) struct accounts *a = NULL;
	struct file_info info;

	list_split(&names, record->target, "/");
	if (names.n != 3 || !values)
		return fail(ERR_INCOMPLETE, "malformed record");
	TRY(file_stat(run->host, ACCOUNTS_PATH, &info));
	if (!info.exists)
		return NULL;
	TRY(accounts_open(run->host, false, &a));
	return delete_row(run, a, &names, values);
}
