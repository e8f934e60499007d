#include "cli/progress.h"
#include "base/bytes.h"
#include "base/clock.h"

#define REDRAW_SECONDS 0.1
#define LINE_SECONDS   10
#define LINE_PERCENT   25
#define NAME_COLUMNS   15

void progress_init(struct progress *p, const struct screen *screen)
{
	*p = (struct progress){ .screen = screen, .now = clock_now };
}

static int digits(unsigned n)
{
	return n < 10 ? 1 : n < 100 ? 2 : 3;
}

void put_position(FILE *f, unsigned index, unsigned count)
{
	if (count)
		fprintf(f, "[%*u/%u] ", digits(count), index, count);
}

static void add_bar(struct bytes *b, const struct progress *p, double percent, unsigned cells)
{
	unsigned full = (unsigned)(percent * cells / 100);

	if (!p->screen->utf8)
		bytes_add_text(b, "[");
	for (unsigned i = 0; i < cells; i++)
		bytes_add_text(b, p->screen->utf8 ? (i < full ? "█" : "░") : (i < full ? "#" : "-"));
	bytes_printf(b, "%s %3.0f %% ", p->screen->utf8 ? "" : "]", percent);
}

/* Back to the start of the live line. A terminal that has become narrower since has broken it into rows. */
static void add_return(struct bytes *b, const struct progress *p)
{
	size_t width = screen_width(p->screen), rows = width && p->drawn ? (p->drawn - 1) / width : 0;

	if (rows)
		bytes_printf(b, "\033[%zuA", rows);
	bytes_add_text(b, rows ? "\r\033[J" : "\r");
}

/* One write, so that the line does not flicker; one column less than the width, so that it does not wrap. */
static void draw(struct progress *p, double percent, const char *what)
{
	unsigned width = screen_width(p->screen);
	CLEAN(bytes) struct bytes line = { 0 };

	if (p->count)
		bytes_printf(&line, "[%*u/%u]   ", digits(p->count), p->index, p->count);
	bytes_printf(&line, "%-*s ", NAME_COLUMNS, p->step);
	if (percent >= 0)
		add_bar(&line, p, percent > 100 ? 100 : percent, width >= 70 ? 20 : 10);
	bytes_add_text(&line, what ? what : "");
	CLEAN(free) char *shown = text_fit(line.data, width > 1 ? width - 1 : 1);
	CLEAN(bytes) struct bytes all = { 0 };
	add_return(&all, p);
	bytes_printf(&all, "%s\033[K", shown);
	fputs(all.data, p->screen->talk);
	fflush(p->screen->talk);
	p->drawn = text_columns(shown);
	p->drawn_at = p->now();
}

void progress_erase(struct progress *p)
{
	if (!p->drawn)
		return;
	CLEAN(bytes) struct bytes back = { 0 };
	add_return(&back, p);
	bytes_add_text(&back, "\033[K");
	fputs(back.data, p->screen->talk);
	fflush(p->screen->talk);
	p->drawn = 0;
}

void progress_begin(struct progress *p, const char *step, const char *title, unsigned index, unsigned count)
{
	snprintf(p->step, sizeof(p->step), "%s", step);
	p->index = index;
	p->count = count;
	p->line_at = p->now();
	p->line_percent = 0;
	if (p->screen->live && !p->screen->quiet)
		draw(p, -1, title);
}

static void plain_line(struct progress *p, double percent, const char *what)
{
	double now = p->now();

	if (now - p->line_at < LINE_SECONDS || (percent >= 0 && percent - p->line_percent < LINE_PERCENT))
		return;
	p->line_at = now;
	if (percent >= 0) {
		p->line_percent = percent;
		fprintf(p->screen->talk, "%s: %.0f %% ", p->step, percent);
	} else {
		fprintf(p->screen->talk, "%s: ", p->step);
	}
	put_text(p->screen->talk, what ? what : "");
	fputc('\n', p->screen->talk);
}

void progress_show(struct progress *p, double percent, const char *what)
{
	if (p->screen->quiet)
		return;
	if (!p->screen->live)
		plain_line(p, percent, what);
	else if (!p->drawn || p->now() - p->drawn_at >= REDRAW_SECONDS)
		draw(p, percent, what);
}
