/*
 * Commands on the rows of one of the guide's tables: `user`, `alias`, `domain`, ... A struct row_kind says what the rows are;
 * the five actions that all of them have in common are written once, here. A command file defines its kind and takes the actions:
 *
 *	static const struct row_kind kind = { .noun = N_("account"), ... };
 *	ROW_LIST("user", kind);
 *	ROW_SHOW("user", kind, N_("ADDRESS"));
 *	ROW_ENABLE("user", kind, N_("ADDRESS"));
 *	...
 *	static const struct command *const actions[] = { &add, &row_list, &row_show, &row_enable, ..., NULL };
 *
 * An argument is looked up literally first, so that a row that another hand wrote in its own spelling can be named, then
 * normalised, then in any letter case. `list` and `show` take no lock and need no state store: they answer while an install runs.
 */
#pragma once

#include "cli/session.h"
#include "mail/accounts.h"

enum cell_kind {
	CELL_TEXT,
	CELL_FLAG,   /* 1 is yes */
	CELL_NUMBER, /* in JSON; what is no number there is a text */
	CELL_LIST,   /* separated by commas: an array in JSON */
};

struct row_column {
	const char *column;  /* in the table */
	const char *heading; /* N_() */
	const char *key;     /* in JSON */
	enum cell_kind kind;
	bool detail; /* for `show` alone */
};

/* What `add` and `import` take of a row. */
struct row_field {
	const char *name;     /* in the first line of a CSV file */
	const char *column;   /* of the table, also taken there; NULL: of no column */
	bool required;
	const char *fallback; /* where nothing is given; NULL: nothing is stored */
};
#define ROW_FIELDS_MAX 6

/* The values of the fields in their order, owned; NULL is not given. */
struct row_input {
	char *value[ROW_FIELDS_MAX];
	unsigned line; /* in a CSV file */
	struct error *error;
};
void row_input_free(struct row_input *in);
static inline void row_input_cleanup(struct row_input *in)
{
	row_input_free(in);
}

enum row_change {
	ROW_IS_ADDED,
	ROW_IS_ENABLED,
	ROW_IS_DISABLED,
	ROW_IS_DELETED,
};

struct row_kind {
	const char *noun;   /* N_("account") */
	const char *plural; /* the key of the list in JSON: "accounts" */
	const char *table, *key_column;
	const struct row_column *columns; /* the key's first; a NULL column ends them */
	struct error *(*normalise)(const char *s, char **ret);
	/* Refuses a change that was made and is not yet committed, by what the database is like with it; may be NULL. key is as the
	 * table has it. */
	struct error *(*check)(struct cli *cli, struct accounts *a, const char *key, enum row_change change);
	/* Told of a row that was switched or deleted, once that is committed; may be NULL. */
	void (*changed)(struct cli *cli, struct session *s);

	/* Of add and import. */
	const struct row_field *fields; /* the key's first; a NULL name ends them */
	const char *const *ignored;	/* columns that a file may have and that are not read; NULL after the last */
	/* Normalises what is given, in place. ERR_USAGE with the reason. */
	struct error *(*prepare)(struct row_input *in);
	/* What takes time, before the transaction: for all rows of a file at once, errors into each. May be NULL. */
	struct error *(*complete)(struct accounts *a, struct row_input *in, size_t n);
	/* NULL: the values into their columns. */
	struct error *(*insert)(struct accounts *a, const struct row_input *in);
	const char *added; /* N_() with one %s, the key */
};

/* run of a command whose subject is a struct row_kind; the operand names the row. */
struct error *rows_list(struct cli *cli) MUST_USE;
struct error *rows_show(struct cli *cli) MUST_USE;
struct error *rows_enable(struct cli *cli) MUST_USE;
struct error *rows_disable(struct cli *cli) MUST_USE;
struct error *rows_delete(struct cli *cli) MUST_USE;
/* The operands are the fields in their order; what follows the last one belongs to it, a space between. */
struct error *rows_add(struct cli *cli) MUST_USE;
/* One transaction: each bad line is named, and then nothing is changed. A row that is here with the same content is left alone. */
struct error *rows_import(struct cli *cli) MUST_USE;

/* .words of a command that names a row: the keys, none where the database cannot be read. */
void rows_words(const struct command *c, struct list *ret);

/* For the actions that a kind has of its own: the lock, and the database of an installed server. */
struct error *rows_open(struct cli *cli, struct session *s, struct accounts **ret) MUST_USE;
/* The key of the row that the argument means, as the table has it; ERR_USAGE where there is none. */
struct error *rows_find(const struct row_kind *kind, struct accounts *a, const char *argument, char **ret_key) MUST_USE;
/* ERR_CONFLICT where the key is there, in whatever letter case: there is one mailbox, one alias of it, and one domain. */
struct error *rows_refuse_existing(const struct row_kind *kind, struct accounts *a, const char *key) MUST_USE;
/* Inserts a row that is not there yet. */
struct error *rows_insert(const struct row_kind *kind, struct accounts *a, const struct row_input *in) MUST_USE;
/* The whole of an addition: begins, refuses a key that exists (ERR_CONFLICT), inserts, checks, commits. */
struct error *rows_add_input(struct cli *cli, const struct row_kind *kind, struct accounts *a, const struct row_input *in) MUST_USE;
const char *row_value(const struct row_kind *kind, const struct row_input *in, size_t field); /* or its fallback, or NULL */
/* The whole of a change to the row that the first operand means. */
struct error *rows_change(struct cli *cli, struct accounts *a, enum row_change wanted, char **ret_key, bool *ret_changed) MUST_USE;
/* What was done, on standard output: sentence has one %s, the key. */
void rows_done(struct cli *cli, const struct row_kind *kind, const char *key, bool changed, const char *sentence);

/* The actions as commands, static in the file that uses them. */
#define ROW_ACTION(id, word, kind_, operand, flags_, summary_, help_, run_)                                 \
	static const struct command id = { .name = word,                                                     \
		.operands = operand,                                                                         \
		.operands_min = operand != NULL,                                                             \
		.operands_max = operand != NULL,                                                             \
		.summary = summary_,                                                                         \
		.help = help_,                                                                               \
		.flags = flags_,                                                                             \
		.words = operand != NULL ? rows_words : NULL,                                                \
		.run = run_,                                                                                 \
		.subject = &kind_ }
#define ROW_LIST(command, kind)                                                                              \
	ROW_ACTION(row_list, command " list", kind, NULL, NEEDS_ROOT, N_("show all of them, also what is off"),      \
		PARAGRAPHS(N_("One row a line, in alphabetical order. Changes nothing, and answers while an install runs.")), rows_list)
#define ROW_SHOW(command, kind, operand)                                                                     \
	ROW_ACTION(row_show, command " show", kind, operand, NEEDS_ROOT, N_("show one, with all that is known of it"), \
		PARAGRAPHS(N_("All columns of one row. Changes nothing, and answers while an install runs.")), rows_show)
#define ROW_ENABLE(command, kind, operand)                                                                   \
	ROW_ACTION(row_enable, command " enable", kind, operand, NEEDS_ROOT | CHANGES, N_("switch it on again"), \
		PARAGRAPHS(N_("What is on already is left as it is.")), rows_enable)
#define ROW_DISABLE(command, kind, operand)                                                                  \
	ROW_ACTION(row_disable, command " disable", kind, operand, NEEDS_ROOT | CHANGES,                    \
		N_("switch it off; it stays in the table"),                                                  \
		PARAGRAPHS(N_("It no longer counts, until it is enabled again. Nothing is removed.")), rows_disable)
#define ROW_DELETE(command, kind, operand)                                                                   \
	ROW_ACTION(row_delete, command " delete", kind, operand, NEEDS_ROOT | CHANGES, N_("remove it from the table"), \
		PARAGRAPHS(N_("The row is gone, at once. To keep it for later, disable it instead.")), rows_delete)
/* columns: N_(), a paragraph. */
#define ROW_IMPORT(word, kind, columns_)                                                                     \
	static const struct command row_import = { .name = word " import",                                   \
		.operands = N_("FILE.csv"),                                                                  \
		.operands_min = 1,                                                                           \
		.operands_max = 1,                                                                           \
		.summary = N_("add many, from a CSV file"),                                                  \
		.help = PARAGRAPHS(                                                                          \
			N_("All lines are taken, or none: each bad one is named with its number and reason. What is here already with " \
			   "the same content is left alone."),                                               \
			columns_,                                                                            \
			N_("The first line names the columns; the guide's own names, as `sqlite3 -header -csv` writes them, are taken " \
			   "too. Separators are commas, semicolons or tabs; - is standard input.")),     \
		.flags = NEEDS_ROOT | CHANGES,                                                               \
		.run = rows_import,                                                                          \
		.subject = &kind }
/* The last paragraph of a kind's own help. */
#define ROWS_RULES                                                                                           \
	N_("What is changed counts at once, without a restart. A row is named as it is, or in any spelling that means the same; what is asked " \
	   "for and is so already is no error.")
