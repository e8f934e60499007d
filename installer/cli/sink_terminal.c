#include "base/i18n.h"
#include "checks/check.h"
#include "cli/sinks.h"

#define NAME_COLUMNS 15
#define CHANGE_INDENT 10
#define INDENT	     (2 + NAME_COLUMNS + 1) /* of what follows mark and name */

struct look {
	enum mark mark;
	enum style line; /* PLAIN: only the mark is coloured */
	enum style color;
};

void terminal_open(struct terminal *t, const struct screen *screen)
{
	*t = (struct terminal){ .screen = screen };
	progress_init(&t->progress, screen);
}

void terminal_close(struct terminal *t)
{
	progress_erase(&t->progress);
	fflush(t->screen->out);
}

static size_t out_width(const struct screen *s)
{
	return s->out_terminal || s->fixed_width ? screen_width(s) : 80;
}

static size_t position_columns(unsigned count)
{
	return !count ? 0 : count < 10 ? 6 : count < 100 ? 8 : 10;
}

/* [ 3/17] ✓ packages           Debian packages                             41.2 s */
static void step_line(struct terminal *t, const struct event *e, struct look look, const char *tail)
{
	const struct screen *s = t->screen;
	size_t fixed = position_columns(e->count) + 2 + NAME_COLUMNS + 1 + 1 + text_columns(tail);
	size_t width = out_width(s) > 110 ? 110 : out_width(s);
	size_t room = width > fixed + 8 ? width - fixed : 0;
	CLEAN(free) char *title = room ? text_fit(translated(e->title), room) : text_copy("");

	fputs(style(s->out_color && look.line != PLAIN, look.line), s->out);
	put_position(s->out, e->index, e->count);
	fprintf(s->out, "%s%s%s ", style(s->out_color && look.line == PLAIN, look.color),
		screen_mark(s, look.mark), style(s->out_color && look.line == PLAIN, PLAIN));
	put_padded(s->out, e->step ? e->step : "", NAME_COLUMNS);
	fputc(' ', s->out);
	put_padded(s->out, title, room);
	fprintf(s->out, " %s%s\n", tail, style(s->out_color && look.line != PLAIN, PLAIN));
}

static void step_ended(struct terminal *t, const struct event *e)
{
	CLEAN(free) char *time = text(_("%.1f s"), e->seconds);

	switch (e->kind) {
	case EVENT_STEP_SKIPPED:
		return step_line(t, e, (struct look){ MARK_SKIPPED, DIM, DIM }, _("already done"));
	case EVENT_STEP_FAILED:
		return step_line(t, e, (struct look){ MARK_FAILED, RED, RED }, _("failed"));
	case EVENT_STEP_UNDONE:
		return step_line(t, e, (struct look){ MARK_UNDONE, PLAIN, YELLOW }, time);
	default:
		return step_line(t, e, (struct look){ MARK_DONE, PLAIN, GREEN }, time);
	}
}

static struct look finding_look(enum check_state state)
{
	static const struct look looks[] = {
		[CHECK_OK] = { MARK_DONE, PLAIN, GREEN },
		[CHECK_FAILED] = { MARK_FAILED, PLAIN, RED },
		[CHECK_UNKNOWN] = { MARK_UNKNOWN, PLAIN, YELLOW },
	};

	return looks[state];
}

/* Only a terminal has a width that is worth cutting for: a log keeps it all. */
static char *brief_finding(const struct screen *s, const struct finding *f)
{
	CLEAN(free) char *whole = text(_("%s: %s"), translated(f->title), f->evidence ? f->evidence : "");
	bool cut = (s->out_terminal || s->fixed_width) && !s->verbose && out_width(s) > INDENT + 10;

	return text_fit(whole, cut ? out_width(s) - INDENT : 0);
}

static void put_evidence(const struct screen *s, const char *evidence)
{
	fprintf(s->out, "%*s", INDENT, "");
	put_flow(s, s->out, evidence, INDENT, INDENT);
}

/* A remedy is there to be copied: one line, whatever its length. */
static void put_remedy(const struct screen *s, const char *remedy)
{
	fprintf(s->out, "%*s%s ", INDENT, "", screen_mark(s, MARK_NEXT));
	put_text(s->out, remedy);
	fputc('\n', s->out);
}

static void finding_line(struct terminal *t, const struct finding *f)
{
	const struct screen *s = t->screen;
	struct look look = finding_look(f->state);
	CLEAN(free) char *brief = f->state == CHECK_OK ? brief_finding(s, f) : text_copy(translated(f->title));

	fprintf(s->out, "%s%s%s ", style(s->out_color, look.color), screen_mark(s, look.mark),
		style(s->out_color, PLAIN));
	put_padded(s->out, f->check, NAME_COLUMNS);
	fputc(' ', s->out);
	put_flow(s, s->out, brief, INDENT, INDENT);
	if (f->state == CHECK_OK)
		return;
	if (f->evidence && *f->evidence)
		put_evidence(s, f->evidence);
	if (f->remedy && *f->remedy)
		put_remedy(s, f->remedy);
}

static void talk_line(struct terminal *t, enum style look, const char *label, const struct event *e)
{
	const struct screen *s = t->screen;

	fprintf(s->talk, "%s%s%s", style(s->talk_color, look), label, style(s->talk_color, PLAIN));
	put_flow(s, s->talk, e->text ? e->text : "", text_columns(label), text_columns(label));
}

static void change_line(struct terminal *t, const struct event *e)
{
	const struct screen *s = t->screen;
	CLEAN(free) char *line = text("%s %s", e->action ? e->action : "", e->target ? e->target : "");

	fprintf(s->talk, "%s%*s", style(s->talk_color, DIM), CHANGE_INDENT, "");
	put_flow(s, s->talk, line, CHANGE_INDENT, CHANGE_INDENT);
	fputs(style(s->talk_color, PLAIN), s->talk);
}

static bool wanted(const struct terminal *t, const struct event *e)
{
	switch (e->kind) {
	case EVENT_WARNING:
		return true;
	case EVENT_CHANGE:
		return t->screen->verbose;
	case EVENT_FINDING:
		return e->finding->state == CHECK_FAILED ||
		       (!t->screen->quiet &&
			       (t->every_finding || t->screen->verbose || e->finding->state != CHECK_OK));
	default:
		return !t->screen->quiet;
	}
}

static void emit(void *context, const struct event *e)
{
	struct terminal *t = context;

	if (!wanted(t, e))
		return;
	if (e->kind == EVENT_PROGRESS)
		return progress_show(&t->progress, e->percent, e->text);
	progress_erase(&t->progress);
	switch (e->kind) {
	case EVENT_STEP_BEGIN:
		return progress_begin(&t->progress, e->step, translated(e->title), e->index, e->count);
	case EVENT_CHANGE:
		return change_line(t, e);
	case EVENT_NOTICE:
		return talk_line(t, BOLD, _("note: "), e);
	case EVENT_WARNING:
		return talk_line(t, YELLOW, _("warning: "), e);
	case EVENT_FINDING:
		return finding_line(t, e->finding);
	default:
		return step_ended(t, e);
	}
}

struct event_sink terminal_sink(struct terminal *t)
{
	return (struct event_sink){ .emit = emit, .context = t };
}
