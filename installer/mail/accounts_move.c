#include "mail/accounts_move.h"
#include "base/i18n.h"
#include "mail/accounts_parts.h"
#include "mail/name.h"

#define TEXT_BYTES  1000
#define COLUMNS_MAX 10
#define SHOWN	    20

/* --- what a cell may hold --- */

typedef struct error *normalise(const char *s, char **ret);

static struct error *passes(normalise *f, const char *s)
{
	CLEAN(free) char *normal = NULL;

	return f(s, &normal);
}

static struct error *is_line(const char *s)
{
	return line_check(_("text"), s, TEXT_BYTES);
}

static struct error *is_number(const char *s)
{
	size_t n = strlen(s);

	return n && n < 10 && strspn(s, "0123456789") == n ? NULL : fail(ERR_USAGE, "this is no number");
}

/* Root's mail would be read and written by whoever has the password. */
static struct error *is_owner(const char *s)
{
	TRY(is_number(s));
	return strtoul(s, NULL, 10) >= 100 ? NULL : fail(ERR_USAGE, "a mailbox does not belong to a user of the system");
}

static struct error *is_folder(const char *s)
{
	TRY(is_line(s));
	return *s && *s != '/' && !strstr(s, "..") ? NULL : fail(ERR_USAGE, "this is no folder below that of the mailboxes");
}

static struct error *is_account(const char *s)
{
	return passes(address_normalise, s);
}

static struct error *is_virtual(const char *s)
{
	return *s == '@' ? passes(domain_normalise, s + 1) : is_account(s);
}

static struct error *is_local(const char *s)
{
	return passes(local_part_normalise, s);
}

static struct error *is_domain(const char *s)
{
	return passes(domain_normalise, s);
}

static struct error *is_sender(const char *s)
{
	CLEAN(free) char *normal = NULL;

	return access_key_normalise(s, true, &normal);
}

static struct error *is_recipient(const char *s)
{
	CLEAN(free) char *normal = NULL;

	return access_key_normalise(s, false, &normal);
}

static struct error *is_action(const char *s)
{
	return passes(access_action_normalise, s);
}

static struct error *is_destinations(const char *s)
{
	CLEAN(list) struct list all = { 0 };

	/* A mailing list is as long as it is. */
	TRY(line_check(_("text"), s, SIZE_MAX));
	list_split(&all, s, ", ");
	if (!all.n)
		return fail(ERR_USAGE, "it leads nowhere");
	for (size_t i = 0; i < all.n; i++)
		TRY(strchr(all.v[i], '@') ? passes(destination_normalise, all.v[i]) : is_local(all.v[i]));
	return NULL;
}

static const struct table {
	const char *name;
	/* The key's first. */
	struct column {
		const char *name;
		struct error *(*check)(const char *s);
	} columns[COLUMNS_MAX];
} tables_of_guide[] = {
	{ "postfix_domaines", { { "domaine", is_domain }, { "defaut", is_number }, { "active", is_number } } },
	{ "postfix_utilisateurs",
		{ { "utilisateur", is_account }, { "mot_de_passe", is_line }, { "nom_complet", is_line }, { "rep_perso", is_folder },
			{ "uid", is_owner }, { "gid", is_owner }, { "privilege", is_line }, { "prefixe", is_line }, { "active", is_number } } },
	{ "postfix_alias", { { "alias", is_local }, { "destination", is_destinations }, { "active", is_number } } },
	{ "postfix_alias_virtuels", { { "courriel", is_virtual }, { "destination", is_destinations }, { "active", is_number } } },
	{ "postfix_liste_noire_expediteurs",
		{ { "courriel", is_sender }, { "code_retour", is_number }, { "message", is_line }, { "active", is_number } } },
	{ "postfix_liste_noire_destinataires", { { "courriel", is_recipient }, { "action", is_action }, { "active", is_number } } },
	{ 0 },
};

static const struct table *table_find(const char *name)
{
	for (const struct table *t = tables_of_guide; t->name; t++)
		if (strcmp(t->name, name) == 0)
			return t;
	return NULL;
}

const char *move_key_column(const char *table)
{
	const struct table *t = table_find(table);

	return t ? t->columns[0].name : "";
}

static const char *key_of(const struct table *t, const json_t *row)
{
	const char *key = json_string_value(json_object_get(row, t->columns[0].name));

	return key ? key : "";
}

/* --- checking --- */

static struct error *check_row(const struct table *t, json_t *row)
{
	const char *name;
	json_t *value;

	if (!json_is_object(row) || !*key_of(t, row))
		return fail(ERR_USAGE, "%s is missing", t->columns[0].name);
	json_object_foreach(row, name, value) {
		const struct column *c = t->columns;
		const char *s = json_string_value(value);

		while (c->name && strcmp(c->name, name) != 0)
			c++;
		CLEAN(free) char *shown = printable(name);
		if (!c->name)
			return fail(ERR_USAGE, "“%s” is no column", shown);
		if (!json_is_null(value) && !s)
			return fail(ERR_USAGE, "%s is no text", shown);
		if (s && strlen(s) != json_string_length(value))
			return fail(ERR_USAGE, "%s holds a NUL", shown);
		/* What is empty, nobody reads. */
		if (s && (*s || c == t->columns))
			TRY(wrap(c->check(s), "%s", c->name));
	}
	return NULL;
}

static void check_rows(const struct table *t, const json_t *rows, struct bytes *problems, size_t *n)
{
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)rows, i, row) {
		struct error *e = check_row(t, row);

		if (!e)
			continue;
		CLEAN(free) char *key = printable(key_of(t, row));
		if (++*n <= SHOWN)
			bytes_printf(problems, "%s%s, %s: %s", problems->size ? "\n" : "", t->name, key, error_message(e));
		error_free(e);
	}
}

struct error *move_check(const json_t *tables)
{
	CLEAN(bytes) struct bytes problems = { 0 };
	const char *name;
	json_t *rows;
	size_t n = 0;

	if (!json_is_object(tables))
		return fail(ERR_USAGE, "there are no tables in it");
	json_object_foreach((json_t *)tables, name, rows) {
		const struct table *t = table_find(name);
		CLEAN(free) char *shown = printable(name);

		if (!t || !json_is_array(rows))
			return fail(ERR_USAGE, "“%s” is no table of the guide's", shown);
		check_rows(t, rows, &problems, &n);
	}
	if (n > SHOWN)
		bytes_printf(&problems, ngettext("\nand %zu more", "\nand %zu more", n - SHOWN), n - SHOWN);
	return n ? fail(ERR_USAGE, "%s", bytes_text(&problems)) : NULL;
}

/* --- reading --- */

static struct error *read_row(const struct table *t, sqlite3_stmt *statement, json_t *rows)
{
	json_t *row = json_object();
	const char *bad = NULL;

	for (int i = 0; t->columns[i].name; i++) {
		const unsigned char *s = sqlite3_column_text(statement, i);
		json_t *value = s ? json_string((const char *)s) : json_null();

		if (!value)
			bad = t->columns[i].name;
		json_object_set_new(row, t->columns[i].name, value ? value : json_null());
	}
	json_array_append_new(rows, row);
	if (!bad)
		return NULL;
	CLEAN(free) char *key = printable((const char *)sqlite3_column_text(statement, 0));
	return fail(ERR_CONFLICT, "%s, %s: %s is not valid UTF-8", t->name, key, bad);
}

static struct error *read_table(struct accounts *a, const struct table *t, json_t *rows)
{
	CLEAN(bytes) struct bytes columns = { 0 };
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;
	bool row;

	for (const struct column *c = t->columns; c->name; c++)
		bytes_printf(&columns, "%s%s", c == t->columns ? "" : ", ", c->name);
	TRY(accounts_prepare(a, &statement, "SELECT %s FROM %s ORDER BY id", bytes_text(&columns), t->name));
	for (;;) {
		TRY(accounts_step(a, statement, &row));
		if (!row)
			return NULL;
		TRY(read_row(t, statement, rows));
	}
}

struct error *move_read(struct accounts *a, json_t **ret)
{
	CLEAN(json_decref) json_t *tables = json_object();

	for (const struct table *t = tables_of_guide; t->name; t++) {
		json_t *rows = json_array();

		json_object_set_new(tables, t->name, rows);
		TRY(read_table(a, t, rows));
	}
	TRY(recode(move_check(tables), ERR_CONFLICT));
	*ret = TAKE(tables);
	return NULL;
}

/* --- the database of the new machine --- */

static void cells_of(const struct table *t, const json_t *row, struct cell *ret)
{
	for (const struct column *c = t->columns; c->name; c++, ret++)
		*ret = (struct cell){ c->name, json_string_value(json_object_get(row, c->name)) };
	*ret = (struct cell){ 0 };
}

/* *ret_same: has the database this row, cell for cell? */
static struct error *compare_row(struct accounts *a, const struct table *t, const json_t *row, bool *ret_exists, bool *ret_same)
{
	struct cell cells[COLUMNS_MAX + 1];
	CLEAN(list) struct list found = { 0 };

	cells_of(t, row, cells);
	TRY(accounts_row_find(a, t->name, t->columns[0].name, key_of(t, row), cells, &found));
	*ret_exists = *ret_same = found.n;
	for (size_t i = 0; i < found.n; i++) {
		CLEAN(free) char *was = text("%s=%s", cells[i].column, cells[i].value ? cells[i].value : "");

		*ret_same &= strcmp(found.v[i], was) == 0;
	}
	return NULL;
}

struct error *move_absent(struct accounts *a, json_t *tables, struct list *ret_differ)
{
	for (const struct table *t = tables_of_guide; t->name; t++) {
		json_t *rows = json_object_get(tables, t->name);

		for (size_t i = json_array_size(rows); i-- > 0;) {
			const json_t *row = json_array_get(rows, i);
			bool exists, same;

			TRY(compare_row(a, t, row, &exists, &same));
			if (exists && !same)
				list_addf(ret_differ, "%s %s", t->name, key_of(t, row));
			if (exists)
				json_array_remove(rows, i);
		}
	}
	return NULL;
}

static struct error *insert_row(struct accounts *a, const struct table *t, const json_t *row)
{
	struct cell cells[COLUMNS_MAX + 1];
	bool exists;

	TRY(accounts_row_exists(a, t->name, t->columns[0].name, key_of(t, row), &exists));
	if (exists)
		return NULL;
	cells_of(t, row, cells);
	return wrap(accounts_row_insert(a, t->name, cells), "%s", key_of(t, row));
}

static struct error *insert_rows(struct accounts *a, const json_t *tables)
{
	for (const struct table *t = tables_of_guide; t->name; t++) {
		json_t *row;
		size_t i;

		json_array_foreach(json_object_get(tables, t->name), i, row)
			TRY(insert_row(a, t, row));
	}
	return NULL;
}

struct error *move_insert(struct accounts *a, const json_t *tables)
{
	TRY(accounts_begin(a));
	return accounts_end(a, insert_rows(a, tables));
}

static struct error *delete_row(struct accounts *a, const struct table *t, const json_t *row, size_t *kept)
{
	bool exists, same;

	TRY(compare_row(a, t, row, &exists, &same));
	*kept += exists && !same;
	return same ? accounts_row_delete(a, t->name, t->columns[0].name, key_of(t, row)) : NULL;
}

static struct error *delete_rows(struct accounts *a, const json_t *tables, size_t *kept)
{
	for (const struct table *t = tables_of_guide; t->name; t++) {
		json_t *row;
		size_t i;

		json_array_foreach(json_object_get(tables, t->name), i, row)
			TRY(delete_row(a, t, row, kept));
	}
	return NULL;
}

struct error *move_delete(struct accounts *a, const json_t *tables, size_t *ret_kept)
{
	*ret_kept = 0;
	TRY(accounts_begin(a));
	return accounts_end(a, delete_rows(a, tables, ret_kept));
}

size_t move_count(const json_t *tables, const char *table)
{
	const char *name;
	json_t *rows;
	size_t n = 0;

	json_object_foreach((json_t *)tables, name, rows)
		if (!table || strcmp(table, name) == 0)
			n += json_array_size(rows);
	return n;
}

bool move_has_user(const json_t *tables, const char *address)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(tables, "postfix_utilisateurs"), i, row) {
		const char *s = json_string_value(json_object_get(row, "utilisateur"));

		if (s && strcmp(s, address) == 0)
			return true;
	}
	return false;
}
