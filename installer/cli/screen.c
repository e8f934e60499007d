#include "cli/screen.h"
#include "base/i18n.h"
#include "mail/name.h"

#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

static bool terminal_is_dumb(void)
{
	const char *term = getenv("TERM");

	return !term || !*term || strcmp(term, "dumb") == 0;
}

void screen_open(struct screen *s, bool no_color)
{
	const char *asked = getenv("NO_COLOR");
	bool color = !no_color && !(asked && *asked) && !terminal_is_dumb();

	*s = (struct screen){
		.out = stdout,
		.talk = stderr,
		.out_terminal = isatty(STDOUT_FILENO),
		.out_color = color && isatty(STDOUT_FILENO),
		.talk_color = color && isatty(STDERR_FILENO),
		.live = isatty(STDERR_FILENO) && !terminal_is_dumb(),
		.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
	};
}

unsigned screen_width(const struct screen *s)
{
	struct winsize size;
	const char *columns = getenv("COLUMNS");

	if (s->fixed_width)
		return s->fixed_width;
	if ((ioctl(fileno(s->talk), TIOCGWINSZ, &size) == 0 || ioctl(fileno(s->out), TIOCGWINSZ, &size) == 0) &&
		size.ws_col)
		return size.ws_col;
	unsigned long n = columns ? strtoul(columns, NULL, 10) : 0;
	return n >= 20 && n <= 1000 ? (unsigned)n : 80;
}

size_t screen_wrap(const struct screen *s, const FILE *f)
{
	bool terminal = f == s->talk ? s->live : s->out_terminal;

	return terminal || s->fixed_width ? screen_width(s) : SIZE_MAX;
}

const char *screen_mark(const struct screen *s, enum mark mark)
{
	static const char *const marks[][2] = {
		[MARK_DONE] = { "+", "✓" },
		[MARK_SKIPPED] = { "-", "·" },
		[MARK_FAILED] = { "x", "✗" },
		[MARK_UNDONE] = { "<", "↶" },
		[MARK_UNKNOWN] = { "?", "?" },
		[MARK_NEXT] = { "->", "→" },
	};

	return marks[mark][s->utf8];
}

const char *style(bool color, enum style style)
{
	static const char *const sequences[] = {
		[PLAIN] = "\033[0m",
		[DIM] = "\033[2m",
		[BOLD] = "\033[1m",
		[RED] = "\033[31m",
		[GREEN] = "\033[32m",
		[YELLOW] = "\033[33m",
	};

	return color ? sequences[style] : "";
}

/* The bytes of a character of UTF-8, where s starts with one; else 1. */
static size_t utf8_length(const char *s)
{
	unsigned char c = (unsigned char)*s;
	size_t n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;

	for (size_t i = 1; i < n; i++)
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 1;
	return n;
}

/* The next character: its bytes and its columns; columns -1 for what cannot be shown. Never 0 bytes before the
 * end. */
static size_t next_character(const char *s, mbstate_t *state, int *ret_columns)
{
	wchar_t c;
	size_t n = mbrtowc(&c, s, MB_CUR_MAX, state);

	if (n == (size_t)-1 || n == (size_t)-2) {
		*state = (mbstate_t){ 0 };
		*ret_columns = -1;
		return MB_CUR_MAX > 1 ? 1 : utf8_length(s);
	}
	*ret_columns = n ? wcwidth(c) : 0;
	return n;
}

/* One column of ASCII for n bytes that cannot be shown. */
static const char *stand_in(const char *s, size_t n)
{
	static const char *const likes[][2] = { { "“", "\"" }, { "”", "\"" }, { "«", "\"" }, { "»", "\"" }, { "’", "'" }, { "‘", "'" },
		{ "–", "-" }, { "—", "-" }, { "×", "x" }, { "…", "~" }, { "\u00a0", " " }, { "\u202f", " " } };

	if (*s == '\n' || *s == '\t')
		return " ";
	for (size_t i = 0; i < sizeof(likes) / sizeof(*likes); i++)
		if (strlen(likes[i][0]) == n && strncmp(s, likes[i][0], n) == 0)
			return likes[i][1];
	return "?";
}

size_t text_columns(const char *s)
{
	mbstate_t state = { 0 };
	size_t columns = 0, n;
	int width;

	for (; *s; s += n) {
		n = next_character(s, &state, &width);
		columns += width < 0 ? 1 : (size_t)width;
	}
	return columns;
}

char *text_fit(const char *s, size_t limit)
{
	struct bytes b = { 0 };
	mbstate_t state = { 0 };
	bool cut = limit && text_columns(s) > limit;
	bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	size_t room = !cut ? SIZE_MAX : limit - 1, used = 0, n;
	int width;

	for (; *s; s += n) {
		n = next_character(s, &state, &width);
		size_t columns = width < 0 ? 1 : (size_t)width;
		if (used + columns > room)
			break;
		used += columns;
		if (width < 0)
			bytes_add_text(&b, stand_in(s, n));
		else
			bytes_add(&b, s, n);
	}
	bytes_add_text(&b, !cut ? "" : utf8 ? "…" : "~");
	return b.data;
}

void put_text(FILE *f, const char *s)
{
	CLEAN(free) char *shown = text_fit(s, 0);

	fputs(shown, f);
}

void put_padded(FILE *f, const char *s, size_t columns)
{
	size_t used = text_columns(s);

	fprintf(f, "%s%*s", s, used < columns ? (int)(columns - used) : 0, "");
}

/* The words from `from` on that make one, up to the closing backquote: their number. */
static size_t words_together(const struct list *words, size_t from, size_t room)
{
	size_t columns = 0, quotes = 0;

	for (size_t i = from; i < words->n; i++) {
		for (const char *c = words->v[i]; *c; c++)
			quotes += *c == '`';
		columns += text_columns(words->v[i]) + (i > from);
		if (columns > room)
			return 1;
		if (quotes % 2 == 0)
			return i - from + 1;
	}
	return 1;
}

static void put_paragraph(FILE *f, const char *s, size_t column, const char *lead, size_t width)
{
	CLEAN(list) struct list words = { 0 };
	size_t indent = text_columns(lead), together;
	bool first = true;

	list_split(&words, s, " ");
	for (size_t i = 0; i < words.n; i += together) {
		size_t n = 0;

		together = words_together(&words, i, width > indent ? width - indent : 0);
		for (size_t k = i; k < i + together; k++)
			n += text_columns(words.v[k]) + (k > i);
		if (!first && column + 1 + n > width) {
			fprintf(f, "\n%s", lead);
			column = indent;
			first = true;
		}
		for (size_t k = i; k < i + together; k++)
			fprintf(f, "%s%s", first && k == i ? "" : " ", words.v[k]);
		column += n + !first;
		first = false;
	}
	fputc('\n', f);
}

void put_wrapped_behind(FILE *f, const char *s, size_t column, const char *lead, size_t width)
{
	for (;;) {
		size_t n = strcspn(s, "\n");
		CLEAN(free) char *paragraph = text_copy_n(s, n);

		put_paragraph(f, paragraph, column, lead, width);
		if (!s[n])
			return;
		s += n + 1;
		if (*s != '\n')
			fputs(lead, f);
		column = text_columns(lead);
	}
}

void put_wrapped(FILE *f, const char *s, size_t column, size_t indent, size_t width)
{
	CLEAN(free) char *lead = text("%*s", (int)indent, "");

	put_wrapped_behind(f, s, column, lead, width);
}

void put_flow(const struct screen *s, FILE *f, const char *words, size_t column, size_t indent)
{
	CLEAN(free) char *shown = text_fit(words, 0);

	put_wrapped(f, shown, column, indent, screen_wrap(s, f));
}

void note_letters(const struct screen *s, const char *name)
{
	CLEAN(free) char *letters = name_letters(name);

	if (!letters || s->quiet)
		return;
	CLEAN(free) char *shown = text_fit(letters, 0);
	fprintf(s->talk, _("note: %s is written %s in mail, in the DNS and in every file\n"), shown, name);
}
