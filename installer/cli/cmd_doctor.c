#include "base/i18n.h"
#include "cli/json.h"
#include "cli/session.h"
#include "doctor/doctor.h"
#include "doctor/story.h"
#include "engine/release.h"
#include "host/queue.h"

#include <time.h>

#define SEVERITY_COLUMNS 13

#define SECOND	INT64_C(1000000)
#define DETAILS 3 /* shown of each finding; all with --verbose */

static const char *since_text = "7d", *mail;
static bool list_only;

static char *time_text(int64_t microseconds)
{
	time_t seconds = (time_t)(microseconds / SECOND);
	char s[64] = "";
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		strftime(s, sizeof(s), "%Y-%m-%d %H:%M:%S", &tm);
	return text_copy(s);
}

static void set_time(json_t *object, const char *key, int64_t microseconds)
{
	json_set_time(object, key, microseconds / SECOND);
}

/* "7d": a number with s, m, h, d or w. */
static struct error *parse_since(int64_t *ret)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 7 * 86400 } };
	size_t digits = strspn(since_text, "0123456789");

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (digits && digits < 6 && since_text[digits] == units[i].unit && !since_text[digits + 1]) {
			*ret = ((int64_t)time(NULL) - atol(since_text) * units[i].seconds) * SECOND;
			if (*ret < 0)
				*ret = 0;
			return NULL;
		}
	CLEAN(free) char *shown = text_fit(since_text, 40);
	return fail(ERR_USAGE, "--since: “%s” is no span of time; 30m, 12h, 7d and 2w are", shown);
}

/* --- what is wrong --- */

static void heading(const struct screen *s, const struct finding *f)
{
	CLEAN(free) char *first = time_text(f->first), *last = time_text(f->last);
	enum severity severity = f->symptom ? f->symptom->severity : SEVERITY_WARNING;
	enum mark mark = !f->symptom ? MARK_UNKNOWN : severity == SEVERITY_NOTE ? MARK_SKIPPED : MARK_FAILED;
	enum style look = !f->symptom ? YELLOW : severity == SEVERITY_ERROR ? RED : severity == SEVERITY_WARNING ? YELLOW : DIM;

	fprintf(s->out, "%s%s%s ", style(s->out_color, look), screen_mark(s, mark), style(s->out_color, PLAIN));
	CLEAN(free) char *span = f->count > 1 ? text(_("%s to %s"), first, last) : text_copy(last);
	if (f->symptom) {
		CLEAN(free) char *line = text("%s, %llu x, %s", translated(severity_name(severity)), (unsigned long long)f->count, span);
		fprintf(s->out, "%s  ", f->symptom->name);
		put_flow(s, s->out, line, 4 + strlen(f->symptom->name), 4);
	} else {
		CLEAN(free) char *line = text(_("%s, not known, %llu x, %s"), f->key, (unsigned long long)f->count, span);
		put_flow(s, s->out, line, 2, 4);
	}
}

static void paragraph(const struct screen *s, const char *lead, const char *words)
{
	CLEAN(free) char *shown = text_fit(words, 0);

	fprintf(s->out, "    %s", lead);
	put_wrapped(s->out, shown, 4 + text_columns(lead), 4 + text_columns(lead), screen_width(s));
}

static void finding_show(const struct screen *s, const struct finding *f)
{
	size_t shown = s->verbose || f->detail_count <= DETAILS ? f->detail_count : DETAILS;
	CLEAN(free) char *next = text("%s ", screen_mark(s, MARK_NEXT));

	heading(s, f);
	for (size_t i = 0; i < shown; i++) {
		CLEAN(free) char *detail = text_fit(f->details[i].text, 200);

		fprintf(s->out, "    %6llu x  ", (unsigned long long)f->details[i].count);
		put_flow(s, s->out, detail, 14, 14);
	}
	size_t more = f->detail_count - shown + (f->others > 0);
	if (shown < f->detail_count)
		fprintf(s->out, ngettext("    and %zu more\n", "    and %zu more\n", more), more);
	if (f->symptom) {
		paragraph(s, "", f->cause);
		paragraph(s, next, f->remedy);
	}
	if (s->verbose || !f->symptom) {
		CLEAN(free) char *raw = text("%s: %s", f->program, f->sample);

		paragraph(s, "", raw);
	}
}

static void summary_show(const struct screen *s, const struct doctor *d, int64_t since)
{
	CLEAN(free) char *from = time_text(doctor_stopped(d) ? doctor_stopped(d) : since);
	unsigned long long lines = doctor_lines(d), errors = doctor_count(d, SEVERITY_ERROR), warnings = doctor_count(d, SEVERITY_WARNING);

	CLEAN(free) char *summary = NULL;
	if (errors || warnings)
		summary = text(_("%llu errors and %llu warnings in %llu messages since %s"), errors, warnings, lines, from);
	else
		summary = text(_("nothing wrong in %llu messages since %s"), lines, from);
	put_flow(s, s->out, summary, 0, 0);
	if (doctor_stopped(d))
		put_flow(s, s->out, _("The log is too long to be read whole: what is older was left out. Give a shorter --since."), 0, 0);
}

static json_t *finding_json(const struct finding *f)
{
	json_t *object = json_object(), *details = json_array();

	json_set_text(object, "name", f->symptom ? f->symptom->name : NULL);
	json_set_text(object, "severity", f->symptom ? severity_name(f->symptom->severity) : "unknown");
	json_set_text(object, "text", f->key);
	json_set_text(object, "program", f->program);
	json_object_set_new(object, "count", json_integer((json_int_t)f->count));
	set_time(object, "first", f->first);
	set_time(object, "last", f->last);
	json_set_text(object, "cause", f->cause);
	json_set_text(object, "remedy", f->remedy);
	json_set_text(object, "sample", f->sample);
	for (size_t i = 0; i < f->detail_count; i++) {
		json_t *detail = json_object();

		json_set_text(detail, "text", f->details[i].text);
		json_object_set_new(detail, "count", json_integer((json_int_t)f->details[i].count));
		json_array_append_new(details, detail);
	}
	json_object_set_new(object, "details", details);
	return object;
}

static void findings_json(FILE *out, struct doctor *d, int64_t since)
{
	json_t *document = json_object(), *findings = json_array();
	size_t n;
	const struct finding *v = doctor_findings(d, &n);

	set_time(document, "since", doctor_stopped(d) ? doctor_stopped(d) : since);
	json_object_set_new(document, "complete", json_boolean(!doctor_stopped(d)));
	json_object_set_new(document, "log_lines", json_integer((json_int_t)doctor_lines(d)));
	json_object_set_new(document, "errors", json_integer((json_int_t)doctor_count(d, SEVERITY_ERROR)));
	json_object_set_new(document, "warnings", json_integer((json_int_t)doctor_count(d, SEVERITY_WARNING)));
	json_object_set_new(document, "notes", json_integer((json_int_t)doctor_count(d, SEVERITY_NOTE)));
	for (size_t i = 0; i < n; i++)
		json_array_append_new(findings, finding_json(&v[i]));
	json_object_set_new(document, "findings", findings);
	json_write(out, document);
}

static void findings_show(const struct screen *s, struct doctor *d, int64_t since)
{
	size_t n;
	const struct finding *v = doctor_findings(d, &n);

	for (size_t i = 0; i < n; i++)
		if (!s->quiet || !v[i].symptom || v[i].symptom->severity != SEVERITY_NOTE)
			finding_show(s, &v[i]);
	if (!s->quiet)
		summary_show(s, d, since);
}

static struct error *diagnose(struct cli *cli, struct host *h, int64_t since)
{
	struct release release;

	TRY(release_read(h, &release));
	CLEAN(free) char *spamd = text_copy_n(release.spamd_unit, strcspn(release.spamd_unit, "."));
	CLEAN(doctor_free) struct doctor *d = doctor_new(spamd);

	TRY(doctor_read(d, h, since));
	if (cli->json)
		findings_json(cli->screen.out, d, since);
	else
		findings_show(&cli->screen, d, since);
	cli->verdict = doctor_count(d, SEVERITY_ERROR) ? ERR_STOPPED : ERR_OK;
	return NULL;
}

/* --- one message --- */

static void story_show(const struct screen *s, const struct story *story)
{
	fprintf(s->out, "%s", style(s->out_color, BOLD));
	put_text(s->out, story->ids.n ? story->id : _("refused"));
	fprintf(s->out, "%s\n", style(s->out_color, PLAIN));
	for (size_t i = 0; i < story->n; i++) {
		const struct story_line *l = &story->v[i];
		CLEAN(free) char *when = time_text(l->time);
		CLEAN(free) char *program = text_fit(starts_with(l->program, "postfix/") ? l->program + 8 : l->program, 16);

		fprintf(s->out, "  %s  ", when);
		put_padded(s->out, program, 16);
		fputs("  ", s->out);
		put_text(s->out, l->words);
		fputc('\n', s->out);
		if (s->verbose) {
			fprintf(s->out, "      %s%s: ", style(s->out_color, DIM), program);
			put_text(s->out, l->raw);
			fprintf(s->out, "%s\n", style(s->out_color, PLAIN));
		}
	}
	if (story->cut)
		fputs(_("  and more lines\n"), s->out);
}

static json_t *story_json(const struct story *story)
{
	json_t *object = json_object(), *lines = json_array();

	json_set_text(object, "id", story->id);
	json_object_set_new(object, "ids", json_list(&story->ids));
	json_object_set_new(object, "message_ids", json_list(&story->message_ids));
	for (size_t i = 0; i < story->n; i++) {
		json_t *line = json_object();

		set_time(line, "time", story->v[i].time);
		json_set_text(line, "program", story->v[i].program);
		json_set_text(line, "text", story->v[i].words);
		json_set_text(line, "raw", story->v[i].raw);
		json_array_append_new(lines, line);
	}
	json_object_set_new(object, "lines", lines);
	json_object_set_new(object, "complete", json_boolean(!story->cut));
	return object;
}

static struct error *tell(struct cli *cli, struct host *h, int64_t since)
{
	CLEAN(stories) struct stories stories = { 0 };
	CLEAN(free) char *shown = text_fit(mail, 80);

	if (!queue_id_valid(mail) && !strchr(mail, '@'))
		return fail(ERR_USAGE, "--mail: “%s” is neither a queue id nor an address", shown);
	TRY(stories_read(h, since, mail, &stories));
	if (!stories.n)
		return fail(ERR_USAGE, "--mail: the log of the last %s knows no message of %s; --since goes further back", since_text, shown);
	if (!cli->json && stories.more)
		fprintf(cli->screen.out, _("The latest %zu; there are older ones.\n"), stories.n);
	json_t *document = json_object(), *messages = json_array();
	for (size_t i = 0; i < stories.n; i++)
		if (cli->json)
			json_array_append_new(messages, story_json(&stories.v[i]));
		else
			story_show(&cli->screen, &stories.v[i]);
	json_object_set_new(document, "messages", messages);
	json_object_set_new(document, "more", json_boolean(stories.more));
	if (cli->json)
		json_write(cli->screen.out, document);
	else
		json_decref(document);
	return NULL;
}

/* --- what is known --- */

static void list_symptoms(const struct cli *cli)
{
	json_t *document = json_object(), *all = json_array();

	for (size_t i = 0; i < symptom_count; i++) {
		const struct symptom *s = &symptoms[i];
		json_t *object = json_object();

		json_set_text(object, "name", s->name);
		json_set_text(object, "severity", severity_name(s->severity));
		json_set_text(object, "expression", s->expression);
		json_set_text(object, "cause", s->cause);
		json_set_text(object, "remedy", s->remedy);
		json_array_append_new(all, object);
		if (cli->json)
			continue;
		put_padded(cli->screen.out, s->name, 22);
		fputc(' ', cli->screen.out);
		put_padded(cli->screen.out, translated(severity_name(s->severity)), SEVERITY_COLUMNS);
		fputc(' ', cli->screen.out);
		put_flow(&cli->screen, cli->screen.out, translated(s->cause), 24 + SEVERITY_COLUMNS, 24);
	}
	json_object_set_new(document, "symptoms", all);
	if (cli->json)
		json_write(cli->screen.out, document);
	else
		json_decref(document);
}

static struct error *run(struct cli *cli)
{
	CLEAN(host_close) struct host *h = NULL;
	int64_t since = 0;

	TRY(parse_since(&since));
	if (list_only) {
		list_symptoms(cli);
		return NULL;
	}
	TRY(host_open("/", &h));
	return mail ? tell(cli, h, since) : diagnose(cli, h, since);
}

static const struct option_spec options[] = {
	{ "since", 0, N_("SPAN"), N_("how far to look back: 30m, 12h, 7d (the default), 2w"), NULL, &since_text, NULL },
	{ "mail", 0, N_("ID|ADDRESS"), N_("tell the story of one message, or of an address's latest ones"), NULL, &mail, NULL },
	{ "list", 0, NULL, N_("list the messages that are known, look at nothing"), &list_only, NULL, NULL },
	{ 0 },
};

const struct command command_doctor = {
	.name = "doctor",
	.summary = N_("what the log says is wrong, and what to do; or the story of one message"),
	.help = PARAGRAPHS(
		N_("Reads what the mail programs have logged, in the journal, and in /var/log/mail.log where it goes "
		   "back further, and explains each message that it knows: an error is something broken here, a warning "
		   "is worth a look, a note is daily life. What warns and is not known is shown as it is, grouped. It "
		   "changes nothing. The exit status is 1 when a known error is in the span that was looked at; after a "
		   "repair, `--since 10m` looks at what came since."),
		N_("--mail tells what happened to a message, in order, through Postfix, the filters and Dovecot: of a "
		   "queue id, or the latest 20 messages from or to an address, those that were refused too. --verbose "
		   "shows the lines of the log.")),
	.examples = "mailsetup doctor\nmailsetup doctor --since 1h --json\nmailsetup doctor --mail B6B4E3A2333\nmailsetup doctor --mail jean@exemple.fr",
	.flags = NEEDS_ROOT,
	.options = options,
	.run = run,
};
