#include "cli/csv.h"
#include "base/i18n.h"
#include "mail/utf8.h"

struct reader {
	char *at, *end;
	unsigned line;
	char separator;
};

static char find_separator(const struct bytes *data)
{
	bool quoted = false;

	for (const char *p = data->data; p < data->data + data->size && (quoted || *p != '\n'); p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (!quoted && (*p == ',' || *p == ';' || *p == '\t'))
			return *p;
	}
	return ',';
}

static bool at_line_end(const struct reader *r)
{
	return r->at == r->end || *r->at == '\n' || (*r->at == '\r' && (r->at + 1 == r->end || r->at[1] == '\n'));
}

/* Past the opening quote: the text moves together as doubled quotes become one. */
static char *quoted_end(struct reader *r, const char **problem)
{
	char *to = r->at;

	while (r->at < r->end) {
		if (*r->at == '"') {
			r->at++;
			if (r->at == r->end || *r->at != '"')
				return to;
		}
		r->line += *r->at == '\n';
		*to++ = *r->at++;
	}
	*problem = N_("a quote is opened and never closed");
	return to;
}

static void add_field(struct csv_row *row, char *field)
{
	row->fields = reallocate(row->fields, row->n + 2, sizeof(*row->fields));
	row->fields[row->n++] = field;
	row->fields[row->n] = NULL;
}

static void check_bytes(struct csv_row *row, const char *s, const char *end)
{
	size_t length;

	for (; s < end && !row->problem; s += length) {
		uint32_t c;

		length = utf8_character(s, (size_t)(end - s), &c);
		if (!length)
			row->problem = N_("a field is not valid UTF-8; save the file as UTF-8");
		else if (!c)
			row->problem = N_("a field holds a NUL byte");
	}
}

/* Leaves the reader at the separator or the line end; the field's own end is written by the caller, once that was read. */
static char *read_field(struct reader *r, struct csv_row *row)
{
	char *start = r->at, *end;

	if (r->at < r->end && *r->at == '"') {
		start = ++r->at;
		end = quoted_end(r, &row->problem);
		if (!row->problem && !at_line_end(r) && *r->at != r->separator)
			row->problem = N_("something follows a closing quote; quotes within a quoted field are doubled");
	} else {
		while (!at_line_end(r) && *r->at != r->separator) {
			if (*r->at == '"')
				row->problem = N_("a quote stands within a field that does not begin with one");
			r->at++;
		}
		end = r->at;
	}
	check_bytes(row, start, end);
	add_field(row, start);
	return end;
}

static void read_row(struct reader *r, struct csv_row *row)
{
	bool more;

	do {
		char *end = read_field(r, row);

		while (row->problem && !at_line_end(r))
			r->at++;
		more = r->at < r->end && *r->at == r->separator;
		if (more)
			r->at++;
		else if (r->at < r->end)
			r->at += *r->at == '\r' ? 1 + (r->at + 1 < r->end) : 1;
		*end = '\0';
	} while (more);
	r->line++;
}

void csv_parse(struct bytes *data, struct csv *ret)
{
	struct reader r = { .line = 1 };
	bool mark = data->size >= 3 && memcmp(data->data, "\xef\xbb\xbf", 3) == 0;

	*ret = (struct csv){ 0 };
	if (!data->size)
		return;
	r.at = data->data + (mark ? 3 : 0);
	r.end = data->data + data->size;
	r.separator = find_separator(data);
	while (r.at < r.end) {
		struct csv_row row = { .line = r.line };

		read_row(&r, &row);
		if (row.n == 1 && !*row.fields[0] && !row.problem) {
			free(row.fields);
			continue;
		}
		ret->rows = reallocate(ret->rows, ret->n + 1, sizeof(row));
		ret->rows[ret->n++] = row;
	}
}

void csv_free(struct csv *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->rows[i].fields);
	free(c->rows);
	*c = (struct csv){ 0 };
}
