#include "base/i18n.h"
#include "cli/rows.h"
#include "mail/name.h"

void row_input_free(struct row_input *in)
{
	for (size_t i = 0; i < ROW_FIELDS_MAX; i++) {
		if (in->value[i])
			explicit_bzero(in->value[i], strlen(in->value[i])); /* may be a password */
		free(in->value[i]);
	}
	error_free(in->error);
	*in = (struct row_input){ 0 };
}

const char *row_value(const struct row_kind *kind, const struct row_input *in, size_t field)
{
	return in->value[field] ? in->value[field] : kind->fields[field].fallback;
}

struct error *rows_insert(const struct row_kind *kind, struct accounts *a, const struct row_input *in)
{
	struct cell cells[ROW_FIELDS_MAX + 1] = { 0 };
	size_t n = 0;

	if (kind->insert)
		return kind->insert(a, in);
	for (size_t i = 0; kind->fields[i].name; i++) {
		const char *value = row_value(kind, in, i);

		if (value && kind->fields[i].column)
			cells[n++] = (struct cell){ kind->fields[i].column, value };
	}
	return accounts_row_insert(a, kind->table, cells);
}

struct error *rows_refuse_existing(const struct row_kind *kind, struct accounts *a, const char *key)
{
	CLEAN(list) struct list rows = { 0 };

	TRY(accounts_row_spellings(a, kind->table, kind->key_column, key, &rows));
	if (!rows.n)
		return NULL;
	if (list_has(&rows, key))
		return fail(ERR_CONFLICT, "the %s %s exists already; nothing was changed", translated(kind->noun), key);
	CLEAN(free) char *other = printable(rows.v[0]);
	return fail(ERR_CONFLICT, "the %s %s exists already, written %s; nothing was changed", translated(kind->noun), key, other);
}

static struct error *add(struct cli *cli, const struct row_kind *kind, struct accounts *a, const struct row_input *in)
{
	const char *key = in->value[0];

	TRY(rows_refuse_existing(kind, a, key));
	TRY(rows_insert(kind, a, in));
	return kind->check ? kind->check(cli, a, key, ROW_IS_ADDED) : NULL;
}

struct error *rows_add_input(struct cli *cli, const struct row_kind *kind, struct accounts *a, const struct row_input *in)
{
	TRY(accounts_begin(a));
	return accounts_end(a, add(cli, kind, a, in));
}

/* operands_min is the number of the fields that are given this way. */
static void take_operands(const struct cli *cli, struct row_input *in)
{
	size_t last = cli->command->operands_min - 1;
	CLEAN(bytes) struct bytes rest = { 0 };

	for (size_t i = 0; i < last; i++)
		in->value[i] = text_copy(cli->operands.v[i]);
	for (size_t i = last; i < cli->operands.n; i++)
		bytes_printf(&rest, "%s%s", i > last ? " " : "", cli->operands.v[i]);
	in->value[last] = text_copy(bytes_text(&rest));
}

struct error *rows_add(struct cli *cli)
{
	const struct row_kind *kind = cli->command->subject;
	CLEAN(session) struct session s = SESSION_CLOSED;
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(row_input) struct row_input in = { 0 };

	take_operands(cli, &in);
	TRY(wrap(kind->prepare(&in), "%s", cli->command->name));
	TRY(rows_open(cli, &s, &a));
	TRY(wrap(rows_add_input(cli, kind, a, &in), "%s", cli->command->name));
	note_letters(&cli->screen, in.value[0]);
	rows_done(cli, kind, in.value[0], true, translated(kind->added));
	return NULL;
}
