#include "cli/rows.h"
#include "base/i18n.h"
#include "cli/json.h"
#include "host/file.h"
#include "mail/name.h"

#include <poll.h>
#include <unistd.h>

#define LOCK_TRIES 30
#define LOCK_PAUSE 100 /* milliseconds */

static const struct row_kind *kind_of(const struct cli *cli)
{
	return cli->command->subject;
}

/* --- reading --- */

static struct error *not_installed(void)
{
	return fail(ERR_PRECHECK, "nothing is installed here: `mailsetup install --domain DOMAIN` comes first");
}

static struct error *open_to_read(struct host **ret_host, struct accounts **ret)
{
	struct file_info info;

	if (chdir("/") < 0)
		return fail_errno(errno, "cannot enter /");
	TRY(host_open("/", ret_host));
	TRY(file_stat(*ret_host, ACCOUNTS_PATH, &info));
	if (!info.exists)
		return not_installed();
	return accounts_open(*ret_host, true, ret);
}

static size_t column_count(const struct row_kind *kind)
{
	size_t n = 0;

	while (kind->columns[n].column)
		n++;
	return n;
}

/* The cells of the row of that key, or of all rows, one after the other. */
static struct error *read_cells(const struct row_kind *kind, struct accounts *a, const char *key, struct list *ret)
{
	size_t n = column_count(kind);
	CLEAN(free) const char **columns = allocate((n + 1) * sizeof(*columns));

	for (size_t i = 0; i < n; i++)
		columns[i] = kind->columns[i].column;
	return accounts_rows_read(a, kind->table, columns, kind->key_column, key, ret);
}

static const char *shown(const struct row_column *column, const char *cell)
{
	return column->kind != CELL_FLAG ? cell : strcmp(cell, "1") == 0 ? _("yes") : _("no");
}

static json_t *list_json(const char *cell)
{
	CLEAN(list) struct list parts = { 0 };

	list_split(&parts, cell, ", \t");
	return json_list(&parts);
}

static json_t *cell_json(const struct row_column *column, const char *cell)
{
	char *end;
	json_int_t number = strtoll(cell, &end, 10);

	if (column->kind == CELL_FLAG)
		return json_boolean(strcmp(cell, "1") == 0);
	if (column->kind == CELL_LIST)
		return list_json(cell);
	return column->kind == CELL_NUMBER && *cell && !*end ? json_integer(number) : json_text(cell);
}

static json_t *row_json(const struct row_kind *kind, char *const *cells, bool details)
{
	json_t *row = json_object();

	for (size_t i = 0; kind->columns[i].column; i++)
		if (details || !kind->columns[i].detail)
			json_object_set_new(row, kind->columns[i].key, cell_json(&kind->columns[i], cells[i]));
	return row;
}

static void put_cell(FILE *f, const char *s, size_t width, bool last)
{
	CLEAN(free) char *fit = text_fit(s, width);

	put_padded(f, fit, last ? 0 : width + 2);
}

#define NARROWEST 8 /* of a cell that is cut */

/* On a terminal, cuts the widest columns until the table fits; never the key, by which a row is named. `show` and a pipe have all. */
static void fit_columns(const struct screen *s, const struct row_kind *kind, size_t *width, size_t n)
{
	for (;;) {
		size_t total = 0, widest = 0;

		for (size_t i = 0; i < n; i++) {
			if (kind->columns[i].detail)
				continue;
			total += width[i] + (total ? 2 : 0);
			widest = i && (!widest || width[i] > width[widest]) ? i : widest;
		}
		if (total <= screen_wrap(s, s->out) || !widest || width[widest] <= NARROWEST)
			return;
		width[widest]--;
	}
}

static void put_table(struct cli *cli, const struct row_kind *kind, const struct list *cells)
{
	size_t n = column_count(kind), last = 0;
	CLEAN(free) size_t *width = allocate(n * sizeof(*width));
	FILE *f = cli->screen.out;

	for (size_t i = 0; i < n; i++) {
		if (kind->columns[i].detail)
			continue;
		last = i;
		width[i] = text_columns(translated(kind->columns[i].heading));
		for (size_t k = i; k < cells->n; k += n) {
			size_t columns = text_columns(shown(&kind->columns[i], cells->v[k]));

			width[i] = columns > width[i] ? columns : width[i];
		}
	}
	fit_columns(&cli->screen, kind, width, n);
	fputs(style(cli->screen.out_color, BOLD), f);
	for (size_t i = 0; i <= last; i++)
		if (!kind->columns[i].detail)
			put_cell(f, translated(kind->columns[i].heading), width[i], i == last);
	fprintf(f, "%s\n", style(cli->screen.out_color, PLAIN));
	for (size_t k = 0; k < cells->n; k++) {
		size_t i = k % n;

		if (!kind->columns[i].detail)
			put_cell(f, shown(&kind->columns[i], cells->v[k]), width[i], i == last);
		if (i == n - 1)
			fputc('\n', f);
	}
}

struct error *rows_list(struct cli *cli)
{
	const struct row_kind *kind = kind_of(cli);
	CLEAN(host_close) struct host *h = NULL;
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(list) struct list cells = { 0 };

	TRY(open_to_read(&h, &a));
	TRY(read_cells(kind, a, NULL, &cells));
	if (!cli->json) {
		put_table(cli, kind, &cells);
		return NULL;
	}
	json_t *rows = json_array();
	for (size_t k = 0; k < cells.n; k += column_count(kind))
		json_array_append_new(rows, row_json(kind, cells.v + k, false));
	json_write(cli->screen.out, json_pack("{s:o}", kind->plural, rows));
	return NULL;
}

static struct error *no_such(const struct row_kind *kind, const char *key)
{
	CLEAN(free) char *name = printable(key);

	return fail(ERR_USAGE, "there is no %s “%s”", translated(kind->noun), name);
}

/* The one that is spelled so, else the only one. */
static struct error *pick(const struct row_kind *kind, const struct list *rows, const char *key, char **ret_key)
{
	if (!list_has(rows, key) && rows->n > 1) {
		CLEAN(free) char *names = list_join(rows, ", "), *all = printable(names);

		return fail(ERR_USAGE, "the %s %s is there in several spellings (%s); name one as it is written", translated(kind->noun), key,
			all);
	}
	*ret_key = text_copy(list_has(rows, key) ? key : rows->v[0]);
	return NULL;
}

struct error *rows_find(const struct row_kind *kind, struct accounts *a, const char *argument, char **ret_key)
{
	CLEAN(list) struct list rows = { 0 };
	CLEAN(free) char *normal = NULL;

	TRY(accounts_row_spellings(a, kind->table, kind->key_column, argument, &rows));
	if (list_has(&rows, argument))
		return pick(kind, &rows, argument, ret_key);
	list_free(&rows);
	TRY(kind->normalise(argument, &normal));
	TRY(accounts_row_spellings(a, kind->table, kind->key_column, normal, &rows));
	return rows.n ? pick(kind, &rows, normal, ret_key) : no_such(kind, normal);
}

struct error *rows_show(struct cli *cli)
{
	const struct row_kind *kind = kind_of(cli);
	CLEAN(host_close) struct host *h = NULL;
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(list) struct list cells = { 0 };
	CLEAN(free) char *key = NULL;
	size_t width = 0;

	TRY(open_to_read(&h, &a));
	TRY(wrap(rows_find(kind, a, cli->operands.v[0], &key), "%s", cli->command->name));
	TRY(read_cells(kind, a, key, &cells));
	if (!cells.n) /* deleted between the two questions */
		return no_such(kind, key);
	if (cli->json) {
		json_write(cli->screen.out, row_json(kind, cells.v, true));
		return NULL;
	}
	for (size_t i = 0; kind->columns[i].column; i++) {
		size_t columns = text_columns(translated(kind->columns[i].heading));

		width = columns > width ? columns : width;
	}
	for (size_t i = 0; kind->columns[i].column; i++) {
		put_cell(cli->screen.out, translated(kind->columns[i].heading), width, false);
		put_text(cli->screen.out, shown(&kind->columns[i], cells.v[i]));
		fputc('\n', cli->screen.out);
	}
	return NULL;
}

void rows_words(const struct command *c, struct list *ret)
{
	const struct row_kind *kind = c->subject;
	const char *const key[] = { kind->key_column, NULL };
	CLEAN(host_close) struct host *h = NULL;
	CLEAN(accounts_close) struct accounts *a = NULL;
	struct error *e = open_to_read(&h, &a);

	if (!e)
		e = accounts_rows_read(a, kind->table, key, kind->key_column, NULL, ret);
	error_free(e);
}

/* --- changing --- */

/* Other commands like this one take an instant; an install takes longer, and is named then. */
static struct error *await_lock(struct cli *cli, struct session *s)
{
	struct error *e = session_open(cli, SESSION_LOCK, s);

	for (unsigned i = 0; error_code(e) == ERR_BUSY && i < LOCK_TRIES; i++) {
		error_free(e);
		session_cleanup(s);
		poll(NULL, 0, LOCK_PAUSE);
		e = session_open(cli, SESSION_LOCK, s);
	}
	return e;
}

struct error *rows_open(struct cli *cli, struct session *s, struct accounts **ret)
{
	TRY(await_lock(cli, s));
	if (!s->run.state || !cli->params.domain)
		return not_installed();
	return accounts_open(s->host, false, ret);
}

void rows_done(struct cli *cli, const struct row_kind *kind, const char *key, bool changed, const char *sentence)
{
	if (cli->json) {
		json_t *done = json_event("done");

		json_object_set_new(done, "changed", json_boolean(changed));
		json_set_text(done, kind->columns[0].key, key);
		json_write(cli->screen.out, done);
	} else if (!cli->quiet) {
		const char *at = strstr(sentence, "%s");

		fprintf(cli->screen.out, "%.*s", (int)(at - sentence), sentence);
		put_text(cli->screen.out, key);
		fprintf(cli->screen.out, "%s\n", at + 2);
	}
}

static struct error *change(struct cli *cli, struct accounts *a, enum row_change wanted, char **ret_key, bool *ret_changed)
{
	const struct row_kind *kind = kind_of(cli);

	TRY(rows_find(kind, a, cli->operands.v[0], ret_key));
	*ret_changed = true;
	if (wanted == ROW_IS_DELETED)
		TRY(accounts_row_delete(a, kind->table, kind->key_column, *ret_key));
	else
		TRY(accounts_row_switch(
			a, kind->table, kind->key_column, *ret_key, wanted == ROW_IS_ENABLED, ret_changed));
	return *ret_changed && kind->check ? kind->check(cli, a, *ret_key, wanted) : NULL;
}

struct error *rows_change(struct cli *cli, struct accounts *a, enum row_change wanted, char **ret_key, bool *ret_changed)
{
	TRY(accounts_begin(a));
	return accounts_end(a, change(cli, a, wanted, ret_key, ret_changed));
}

static struct error *change_and_say(struct cli *cli, enum row_change wanted, const char *done, const char *already)
{
	CLEAN(session) struct session s = SESSION_CLOSED;
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(free) char *key = NULL;
	bool changed;

	TRY(rows_open(cli, &s, &a));
	TRY(wrap(rows_change(cli, a, wanted, &key, &changed), "%s", cli->command->name));
	if (changed && kind_of(cli)->changed)
		kind_of(cli)->changed(cli, &s);
	rows_done(cli, kind_of(cli), key, changed, changed ? done : already);
	return NULL;
}

struct error *rows_enable(struct cli *cli)
{
	return change_and_say(cli, ROW_IS_ENABLED, _("%s is on"), _("%s was on already"));
}

struct error *rows_disable(struct cli *cli)
{
	return change_and_say(cli, ROW_IS_DISABLED, _("%s is off"), _("%s was off already"));
}

struct error *rows_delete(struct cli *cli)
{
	return change_and_say(cli, ROW_IS_DELETED, _("%s is deleted"), "");
}
