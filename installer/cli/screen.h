/*
 * What the output is: a terminal or not, colours, UTF-8, how wide. Results go to `out`, talk (progress,
 * notices, warnings, errors) to `talk`. A failed write is never an error of the run.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct screen {
	FILE *out;
	FILE *talk;
	bool out_terminal;
	bool out_color;
	bool talk_color;
	bool live; /* talk is a terminal where a line can be redrawn */
	bool utf8;
	bool quiet; /* warnings and errors only */
	bool verbose;
	unsigned fixed_width; /* of tests; 0: ask the terminal */
};

/* The standard streams. no_color: --no-color was given; NO_COLOR in the environment is the same. */
void screen_open(struct screen *s, bool no_color);
/* Columns of the terminal; COLUMNS or 80 where there is none. */
unsigned screen_width(const struct screen *s);
/* Where texts on f wrap: a log keeps its lines whole. */
size_t screen_wrap(const struct screen *s, const FILE *f);

/* Marks at the start of a line; ASCII where the locale has no UTF-8. */
enum mark {
	MARK_DONE,
	MARK_SKIPPED,
	MARK_FAILED,
	MARK_UNDONE,
	MARK_UNKNOWN,
	MARK_NEXT, /* what to do next */
};
const char *screen_mark(const struct screen *s, enum mark mark);

enum style {
	PLAIN,
	DIM,
	BOLD,
	RED,
	GREEN,
	YELLOW,
};
/* The escape sequence, or "" where color is false. */
const char *style(bool color, enum style style);

/* Columns that a text takes. */
size_t text_columns(const char *s);
/* A copy without control characters, cut to so many columns with an ellipsis; 0: not cut. What this locale cannot show becomes
 * '?', or its like in ASCII. Owned by the caller. */
char *text_fit(const char *s, size_t columns);
/* A text of any origin on one line: text_fit() without the cut. */
void put_text(FILE *f, const char *s);
/* Of a name with an accent, on `talk`: what stands for it in mail, in the DNS and in every file. Nothing of another. */
void note_letters(const struct screen *s, const char *name);
/* The text, then spaces up to so many columns. */
void put_padded(FILE *f, const char *s, size_t columns);
/* Words from column `column` on, in lines of `width` columns, each further line indented. Ends the line; an
 * empty line in the text stays one. What stands between backquotes is there to be copied: kept on one line where it fits. */
void put_wrapped(FILE *f, const char *s, size_t column, size_t indent, size_t width);
/* A text of any origin, from column `column` on, wrapped where f wraps. Ends the line. */
void put_flow(const struct screen *s, FILE *f, const char *words, size_t column, size_t indent);
/* As put_wrapped(), each further line behind `lead`. */
void put_wrapped_behind(FILE *f, const char *s, size_t column, const char *lead, size_t width);
