#include "cli/roff.h"

#include <ctype.h>
#include <string.h>

#define LINE_BYTES 78

#define BOLD   "\\fB"
#define ITALIC "\\fI"
#define ROMAN  "\\fR"

/* code: what is typed, where hyphens and quotes must be those of ASCII. */
static void add_character(struct bytes *b, char c, bool code)
{
	switch (c) {
	case '\\':
		return bytes_add_text(b, "\\e");
	case '~':
		return bytes_add_text(b, "\\(ti");
	case '^':
		return bytes_add_text(b, "\\(ha");
	case '-':
		return bytes_add_text(b, code ? "\\-" : "-");
	case '\'':
		return bytes_add_text(b, code ? "\\(aq" : "'");
	default:
		return bytes_add(b, &c, 1);
	}
}

static void add_code(struct bytes *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add_character(b, s[i], true);
}

/* The run of capitals at the start of s, where that is a placeholder: its length, else 0. */
static size_t placeholder_length(const char *s, const struct list *placeholders)
{
	size_t n = 0;

	while (isupper((unsigned char)s[n]) || s[n] & 0x80)
		n++;
	CLEAN(free) char *word = text_copy_n(s, n);
	return placeholders && !islower((unsigned char)s[n]) && list_has(placeholders, word) ? n : 0;
}

static bool is_no_break_space(const char *s)
{
	return strncmp(s, "\u00a0", strlen("\u00a0")) == 0 || strncmp(s, "\u202f", strlen("\u202f")) == 0;
}

/* The option, path or page at the start of s: without the full stop behind it. */
static size_t name_length(const char *s)
{
	size_t n = 0;

	while (s[n] && (isalnum((unsigned char)s[n]) || strchr("-_./", s[n]) || s[n] & 0x80) && !is_no_break_space(s + n))
		n++;
	while (n && strchr(".-/", s[n - 1]))
		n--;
	return n;
}

/* What the start of s is set in by its form, and how much of it; NULL: as the rest. */
static const char *style_of(const char *s, const struct list *placeholders, bool in_code, size_t *ret_length)
{
	size_t n = placeholder_length(s, placeholders);

	*ret_length = n ? n : name_length(s);
	if (n)
		return ITALIC;
	n = *ret_length;
	if (in_code || n < 2)
		return NULL;
	if (s[0] == '-' && s[1] == '-' && n > 2)
		return BOLD;
	if (s[0] == '/' && isalpha((unsigned char)s[1]))
		return ITALIC;
	return islower((unsigned char)s[0]) && s[n] == '(' && isdigit((unsigned char)s[n + 1]) && s[n + 2] == ')' ? BOLD : NULL;
}

/* One word, in the state that the words before left: in_code after an odd number of backquotes. */
static void add_word(struct bytes *b, const char *s, const struct list *placeholders, bool *in_code)
{
	bool at_start = true;

	while (*s) {
		size_t n;
		const char *style = at_start ? style_of(s, placeholders, *in_code, &n) : NULL;

		if (style) {
			bytes_add_text(b, style);
			add_code(b, s, n);
			bytes_add_text(b, *in_code ? BOLD : ROMAN);
			s += n;
			at_start = false;
		} else if (*s == '`') {
			*in_code = !*in_code;
			bytes_add_text(b, *in_code ? BOLD : ROMAN);
			at_start = true;
			s++;
		} else {
			add_character(b, *s, *in_code);
			at_start = !isalnum((unsigned char)*s) && *s != '-';
			s++;
		}
	}
}

/* A line that starts with one of these is a request. */
static void end_line(FILE *f, struct bytes *line)
{
	if (!line->size)
		return;
	fprintf(f, "%s%s\n", strchr(".'", line->data[0]) ? "\\&" : "", line->data);
	bytes_free(line);
}

static bool ends_sentence(const char *word)
{
	size_t n = strlen(word);

	while (n && strchr(")`\"'", word[n - 1]))
		n--;
	return n && strchr(".?!", word[n - 1]);
}

void roff_text(FILE *f, const char *s, const struct list *placeholders)
{
	CLEAN(list) struct list words = { 0 };
	CLEAN(bytes) struct bytes line = { 0 };
	bool in_code = false;

	list_split(&words, s, " \n");
	for (size_t i = 0; i < words.n; i++) {
		CLEAN(bytes) struct bytes word = { 0 };

		add_word(&word, words.v[i], placeholders, &in_code);
		if (line.size && line.size + 1 + word.size > LINE_BYTES)
			end_line(f, &line);
		if (line.size)
			bytes_add_text(&line, " ");
		bytes_add(&line, word.data, word.size);
		if (ends_sentence(words.v[i]))
			end_line(f, &line);
	}
	end_line(f, &line);
}

void roff_inline(FILE *f, const char *s, const struct list *placeholders)
{
	CLEAN(list) struct list words = { 0 };
	bool in_code = false;

	list_split(&words, s, " ");
	for (size_t i = 0; i < words.n; i++) {
		CLEAN(bytes) struct bytes word = { 0 };

		add_word(&word, words.v[i], placeholders, &in_code);
		fprintf(f, "%s%s", i ? " " : "", bytes_text(&word));
	}
}

void roff_heading(FILE *f, const char *s)
{
	static const char *const names[][2] = { { "À", "`A" }, { "Â", "^A" }, { "Ç", ",C" }, { "È", "`E" }, { "É", "'E" }, { "Ê", "^E" },
		{ "Î", "^I" }, { "Ô", "^O" }, { "Û", "^U" } };

	fputs(".Sh ", f);
	while (*s) {
		size_t i = 0;

		while (i < sizeof(names) / sizeof(*names) && !starts_with(s, names[i][0]))
			i++;
		if (i == sizeof(names) / sizeof(*names)) {
			fputc(*s++, f);
			continue;
		}
		fprintf(f, "\\[%s]", names[i][1]);
		s += strlen(names[i][0]);
	}
	fputc('\n', f);
}

void roff_literal(FILE *f, const struct list *lines)
{
	fputs(".Bd -literal -offset indent\n", f);
	for (size_t i = 0; i < lines->n; i++) {
		CLEAN(bytes) struct bytes line = { 0 };

		add_code(&line, lines->v[i], strlen(lines->v[i]));
		end_line(f, &line);
	}
	fputs(".Ed\n", f);
}

static void put_argument(FILE *f, const char *s, size_t n)
{
	CLEAN(bytes) struct bytes b = { 0 };

	add_code(&b, s, n);
	fprintf(f, " %s%s", n <= 3 && isalpha((unsigned char)s[0]) ? "\\&" : "", bytes_text(&b));
}

void roff_words(FILE *f, const char *s)
{
	CLEAN(list) struct list words = { 0 };

	list_split(&words, s, " ");
	for (size_t i = 0; i < words.n; i++)
		put_argument(f, words.v[i], strlen(words.v[i]));
}

void roff_operands(FILE *f, const char *s)
{
	bool joined = false; /* to what stands before, without a space */

	while (*s) {
		size_t n = strcspn(s, " []");

		if (*s == ' ') {
			joined = false;
			s++;
			continue;
		}
		if (*s == ']')
			fputs(" Oc", f);
		else if (joined)
			fputs(" Ns", f);
		if (*s == '[')
			fputs(" Oo", f);
		if (n && *s == ',') {
			fputs(" , Ns", f);
			s++;
			n--;
		}
		if (n) {
			fputs(" Ar", f);
			put_argument(f, s, n);
		}
		joined = *s != '[';
		s += n ? n : 1;
	}
}

void roff_placeholders(const char *operands, struct list *ret)
{
	CLEAN(list) struct list words = { 0 };

	list_split(&words, operands, " []|=:@,.");
	for (size_t i = 0; i < words.n; i++) {
		const char *c = words.v[i];

		while (*c && !islower((unsigned char)*c))
			c++;
		if (!*c && !isdigit((unsigned char)words.v[i][0]) && !list_has(ret, words.v[i]))
			list_add(ret, words.v[i]);
	}
}
