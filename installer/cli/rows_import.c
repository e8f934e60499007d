#include "base/i18n.h"
#include "cli/csv.h"
#include "cli/json.h"
#include "cli/rows.h"
#include "mail/name.h"

#include <fcntl.h>
#include <search.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (64 << 20)

struct import {
	const struct row_kind *kind;
	const char *file; /* what messages call it */
	struct row_input *rows;
	size_t n;
	struct list there; /* the keys of the table, sorted without regard to case */
};

static void import_cleanup(struct import *m)
{
	for (size_t i = 0; i < m->n; i++)
		row_input_free(&m->rows[i]);
	free(m->rows);
	list_free(&m->there);
}

/* --- the file --- */

static struct error *open_file(const char *name, int *ret)
{
	struct stat st;
	CLEAN(fd) int fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		return recode(fail_errno(errno, "cannot open %s", name), ERR_USAGE);
	if (!S_ISREG(st.st_mode))
		return fail(ERR_USAGE, "%s is not a regular file; what a program writes is piped in: give - as the name",
			name);
	*ret = fd;
	fd = -1;
	return NULL;
}

static struct error *read_all(int fd, const char *name, struct bytes *ret)
{
	CLEAN(secret) struct bytes buffer = { .data = allocate(1 << 16), .space = 1 << 16 };
	ssize_t n;

	while ((n = read(fd, buffer.data, buffer.space)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(errno, "cannot read %s", name);
		if (ret->size + (size_t)n > FILE_MAX)
			return fail(ERR_USAGE, "%s has more than %d MiB", name, FILE_MAX >> 20);
		bytes_add(ret, buffer.data, (size_t)n);
	}
	return NULL;
}

static struct error *read_file(const char *name, struct bytes *ret)
{
	CLEAN(fd) int fd = -1;

	if (strcmp(name, "-") == 0)
		return read_all(STDIN_FILENO, name, ret);
	TRY(open_file(name, &fd));
	return read_all(fd, name, ret);
}

/* --- its columns --- */

#define NO_FIELD ROW_FIELDS_MAX

static bool in_list(const char *const *list, const char *s)
{
	for (; list && *list; list++)
		if (strcasecmp(*list, s) == 0)
			return true;
	return false;
}

static struct error *unknown_column(const struct import *m, const char *name)
{
	CLEAN(bytes) struct bytes known = { 0 };
	CLEAN(free) char *shown = printable(name);

	for (const struct row_field *f = m->kind->fields; f->name; f++)
		bytes_printf(&known, "%s%s", known.size ? ", " : "", f->name);
	return fail(ERR_USAGE, "%s:1: “%s” is no column; there are %s, or the guide's own names", m->file, shown,
		bytes_text(&known));
}

/* Which field each column of the file is; NO_FIELD for one that is not read. */
static struct error *read_header(const struct import *m, const struct csv_row *header, size_t *field_of)
{
	const struct row_field *fields = m->kind->fields;
	bool given[ROW_FIELDS_MAX] = { false };

	for (size_t i = 0; i < header->n; i++) {
		const char *name = header->fields[i];
		size_t f = 0;

		while (fields[f].name && strcasecmp(fields[f].name, name) != 0 &&
			(!fields[f].column || strcasecmp(fields[f].column, name) != 0))
			f++;
		if (!fields[f].name && !in_list(m->kind->ignored, name))
			return unknown_column(m, name);
		field_of[i] = fields[f].name ? f : NO_FIELD;
		if (fields[f].name && given[f])
			return fail(ERR_USAGE, "%s:1: the column %s is there twice", m->file, name);
		if (fields[f].name)
			given[f] = true;
	}
	for (size_t f = 0; fields[f].name; f++)
		if (fields[f].required && !given[f])
			return fail(ERR_USAGE, "%s:1: the first line names the columns, and %s is missing", m->file,
				fields[f].name);
	return NULL;
}

/* 1 is active, as the maps ask for it; an empty cell is a NULL of the guide's table, which is not. */
static struct error *normalise_active(char **value)
{
	static const char *const on[] = { "1", "yes", "true", "oui", NULL }, *const off[] = { "0", "no", "false", "non", "", NULL };
	bool is_on = in_list(on, *value);

	if (!is_on && !in_list(off, *value))
		return fail(ERR_USAGE, "active is 1 or 0, yes or no");
	free(*value);
	*value = text_copy(is_on ? "1" : "0");
	return NULL;
}

static struct error *prepare_row(const struct row_kind *kind, struct row_input *in)
{
	for (size_t f = 0; kind->fields[f].name; f++) {
		if (kind->fields[f].required && !*in->value[f])
			return fail(ERR_USAGE, "%s is empty", kind->fields[f].name);
		if (strcmp(kind->fields[f].name, "active") == 0 && in->value[f])
			TRY(normalise_active(&in->value[f]));
	}
	return kind->prepare(in);
}

static struct error *take_row(const struct import *m, const struct csv_row *row, size_t columns, const size_t *field_of,
	struct row_input *in)
{
	if (row->problem)
		return fail(ERR_USAGE, "%s", translated(row->problem));
	if (row->n != columns)
		return fail(ERR_USAGE, ngettext("the first line names %zu column, and this one has %zu",
					       "the first line names %zu columns, and this one has %zu", columns), columns, row->n);
	for (size_t i = 0; i < row->n; i++)
		if (field_of[i] != NO_FIELD)
			in->value[field_of[i]] = text_copy(row->fields[i]);
	return prepare_row(m->kind, in);
}

static struct error *take_rows(struct import *m, const struct csv *table)
{
	if (!table->n)
		return fail(ERR_USAGE, "%s is empty; its first line names the columns", m->file);
	const struct csv_row *header = &table->rows[0];
	if (header->problem)
		return fail(ERR_USAGE, "%s:%u: %s", m->file, header->line, translated(header->problem));
	CLEAN(free) size_t *field_of = allocate(header->n * sizeof(*field_of));
	TRY(read_header(m, header, field_of));
	m->rows = allocate(table->n * sizeof(*m->rows));
	m->n = table->n - 1;
	for (size_t i = 0; i < m->n; i++) {
		m->rows[i].line = table->rows[i + 1].line;
		m->rows[i].error = take_row(m, &table->rows[i + 1], header->n, field_of, &m->rows[i]);
	}
	return NULL;
}

static struct error *load(struct import *m, const char *name)
{
	CLEAN(secret) struct bytes data = { 0 };
	CLEAN(csv) struct csv table = { 0 };

	TRY(read_file(name, &data));
	csv_parse(&data, &table);
	return take_rows(m, &table);
}

/* --- into the database --- */

static void keep(void *in)
{
	(void)in;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct row_input *)a)->value[0], ((const struct row_input *)b)->value[0]);
}

/* Of two lines for one row, the second is wrong. */
static void find_duplicates(const struct import *m)
{
	void *seen = NULL;

	for (size_t i = 0; i < m->n; i++) {
		struct row_input *in = &m->rows[i];

		if (in->error)
			continue;
		struct row_input *first = *(struct row_input **)tsearch(in, &seen, by_key);
		if (first != in)
			in->error = fail(ERR_USAGE, "a duplicate: line %u has the %s %s already", first->line, translated(m->kind->noun),
				in->value[0]);
	}
	tdestroy(seen, keep);
}

static int by_letters(const void *a, const void *b)
{
	return strcasecmp(*(char *const *)a, *(char *const *)b);
}

static struct error *read_keys(struct import *m, struct accounts *a)
{
	const char *const key[] = { m->kind->key_column, NULL };

	TRY(accounts_rows_read(a, m->kind->table, key, m->kind->key_column, NULL, &m->there));
	if (m->there.n)
		qsort(m->there.v, m->there.n, sizeof(*m->there.v), by_letters);
	return NULL;
}

/* The cells of the row of that key, in the letter case that the table has it in. */
static struct error *read_there(const struct import *m, struct accounts *a, const char *const *columns, char *key, struct list *ret)
{
	const struct row_kind *kind = m->kind;
	char **other;

	TRY(accounts_rows_read(a, kind->table, columns, kind->key_column, key, ret));
	other = ret->n || !m->there.n ? NULL : bsearch(&key, m->there.v, m->there.n, sizeof(*m->there.v), by_letters);
	return other ? accounts_rows_read(a, kind->table, columns, kind->key_column, *other, ret) : NULL;
}

/* Where the row is here already: is it the same, as far as the file says? */
static struct error *compare(const struct import *m, struct accounts *a, const struct row_input *in, bool *ret_present)
{
	const struct row_kind *kind = m->kind;
	const char *columns[ROW_FIELDS_MAX + 1] = { 0 };
	CLEAN(list) struct list cells = { 0 };
	CLEAN(row_input) struct row_input there = { 0 };
	size_t field[ROW_FIELDS_MAX], n = 0;

	for (size_t f = 0; kind->fields[f].name; f++)
		if (kind->fields[f].column && in->value[f]) {
			field[n] = f;
			columns[n++] = kind->fields[f].column;
		}
	TRY(read_there(m, a, columns, in->value[0], &cells));
	*ret_present = cells.n > 0;
	if (!cells.n)
		return NULL;
	for (size_t i = 0; i < n; i++)
		there.value[field[i]] = text_copy(cells.v[i]);
	/* What another hand wrote may be the same in another spelling. */
	error_free(prepare_row(kind, &there));
	for (size_t i = 0; i < n; i++)
		if (strcmp(there.value[field[i]], in->value[field[i]]) != 0)
			return fail(ERR_CONFLICT, "the %s %s exists already, with another %s", translated(kind->noun), in->value[0],
				kind->fields[field[i]].name);
	return NULL;
}

static void store_row(const struct import *m, struct accounts *a, struct row_input *in, size_t *ret_present)
{
	bool present = false;

	in->error = compare(m, a, in, &present);
	if (in->error)
		return;
	*ret_present += present;
	if (!present)
		in->error = rows_insert(m->kind, a, in);
}

/* An alias may lead to one of a later line: looked at when all are there. */
static void check_row(struct cli *cli, const struct import *m, struct accounts *a, struct row_input *in)
{
	if (m->kind->check)
		in->error = m->kind->check(cli, a, in->value[0], ROW_IS_ADDED);
}

static void tell_row(struct cli *cli, const struct import *m, const struct row_input *in)
{
	if (cli->json) {
		json_t *bad = json_event("bad-line");

		json_object_set_new(bad, "line", json_integer(in->line));
		json_set_text(bad, "reason", error_message(in->error));
		json_write(cli->screen.out, bad);
		return;
	}
	CLEAN(free) char *line = text("%s:%u: %s", m->file, in->line, error_message(in->error));
	put_text(cli->screen.talk, line);
	fputc('\n', cli->screen.talk);
}

/* All of them are named; the last word is one line, as for any error. */
static struct error *bad_rows(struct cli *cli, const struct import *m)
{
	enum error_code code = ERR_USAGE;
	size_t bad = 0;

	for (size_t i = 0; i < m->n; i++) {
		const struct error *e = m->rows[i].error;

		if (!e)
			continue;
		bad++;
		code = error_code(e) == ERR_USAGE ? code : error_code(e);
		tell_row(cli, m, &m->rows[i]);
	}
	return bad ? fail(code, "%zu of %zu lines cannot be taken; nothing was changed", bad, m->n) : NULL;
}

static struct error *store(struct cli *cli, struct import *m, struct accounts *a, size_t *ret_present)
{
	TRY(read_keys(m, a));
	for (size_t i = 0; i < m->n; i++)
		if (!m->rows[i].error)
			store_row(m, a, &m->rows[i], ret_present);
	for (size_t i = 0; i < m->n; i++)
		if (!m->rows[i].error)
			check_row(cli, m, a, &m->rows[i]);
	return bad_rows(cli, m);
}

static void done(struct cli *cli, size_t added, size_t present)
{
	if (cli->json) {
		json_t *event = json_event("done");

		json_object_set_new(event, "changed", json_boolean(added));
		json_object_set_new(event, "added", json_integer((json_int_t)added));
		json_object_set_new(event, "present", json_integer((json_int_t)present));
		json_write(cli->screen.out, event);
	} else if (!cli->quiet) {
		fprintf(cli->screen.out, ngettext("%zu added, %zu was here already\n", "%zu added, %zu were here already\n", present), added, present);
	}
}

static struct error *import(struct cli *cli)
{
	const char *name = cli->operands.v[0];
	CLEAN(session) struct session s = SESSION_CLOSED;
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(import) struct import m = { .kind = cli->command->subject, .file = strcmp(name, "-") == 0 ? _("standard input") : name };
	size_t present = 0;

	TRY(load(&m, name));
	find_duplicates(&m);
	TRY(rows_open(cli, &s, &a));
	if (m.kind->complete)
		TRY(m.kind->complete(a, m.rows, m.n));
	TRY(accounts_begin(a));
	TRY(accounts_end(a, store(cli, &m, a, &present)));
	done(cli, m.n - present, present);
	return NULL;
}

struct error *rows_import(struct cli *cli)
{
	return wrap(import(cli), "%s", cli->command->name);
}
