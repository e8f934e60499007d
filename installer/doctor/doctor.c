#include "doctor/doctor.h"

#include "base/i18n.h"
#include "doctor/limit.h"
#include "doctor/pattern.h"

#define LINES_MAX   UINT64_C(5000000)
#define SECONDS_MAX 60
#define DETAILS_MAX 64	/* different texts of one symptom */
#define UNKNOWN_MAX 200 /* different texts that are not known */

const struct symptom symptoms[] = {
#define SYMPTOM(name, severity, program, expression, what, cause, remedy) \
	{ #name, SEVERITY_##severity, program, expression, what, cause, remedy },
#include "doctor/symptoms.def"
#undef SYMPTOM
};
const size_t symptom_count = sizeof(symptoms) / sizeof(*symptoms);

const char *severity_name(enum severity s)
{
	static const char *const names[] = { N_("normal"), N_("note"), N_("warning"), N_("error") };

	return names[s];
}

struct doctor {
	char *spamd;
	struct pattern patterns[sizeof(symptoms) / sizeof(*symptoms)];
	struct pattern bad; /* what is a warning or an error by its own word */
	struct pattern probe; /* what `verify` tries on purpose */
	struct finding *findings; /* one for each symptom, then those not known */
	size_t n;
	uint64_t lines; /* without the kernel's */
	int64_t oldest, stopped;
	struct limit limit;
	bool sorted;
};

/* Postfix's and Dovecot's own words; perl's and OpenDKIM's for what they cannot. */
#define BAD_WORDS "(^|[ :(])(warning|error|fatal|panic|Error|Fatal|Panic|Warning): "

/* Its network outside of the machine (host/outside.h), its mailboxes, its greeting. */
#define PROBE "[=[](198\\.1[89]\\.[0-9.]+|2001:2:0:[0-9a-f:]+)(\\]|,|$)|mailsetup-verify-[0-9a-f]{16}|helo=<verify\\.mailsetup\\.example>"

struct doctor *doctor_new(const char *spamd)
{
	struct doctor *d = allocate(sizeof(*d));

	d->spamd = text_copy(spamd);
	for (size_t i = 0; i < symptom_count; i++)
		pattern_compile(&d->patterns[i], symptoms[i].program, symptoms[i].expression);
	pattern_compile(&d->bad, NULL, BAD_WORDS);
	pattern_compile(&d->probe, NULL, PROBE);
	d->findings = allocate((symptom_count + UNKNOWN_MAX + 1) * sizeof(*d->findings));
	for (d->n = 0; d->n < symptom_count; d->n++)
		d->findings[d->n].symptom = &symptoms[d->n];
	return d;
}

void doctor_free(struct doctor *d)
{
	for (size_t i = 0; i < symptom_count; i++)
		pattern_free(&d->patterns[i]);
	pattern_free(&d->bad);
	pattern_free(&d->probe);
	for (size_t i = 0; i < d->n; i++) {
		struct finding *f = &d->findings[i];

		for (size_t k = 0; k < f->detail_count; k++)
			free(f->details[k].text);
		free(f->details);
		free(f->program);
		free(f->sample);
		free(f->cause);
		free(f->remedy);
		free(f->key);
	}
	free(d->findings);
	free(d->spamd);
	free(d);
}

/* --- judging --- */

static void replace(char **s, char *with)
{
	free(*s);
	*s = with;
}

/* True where this is the latest line of the finding. */
static bool finding_count(struct finding *f, const struct log_line *line)
{
	bool latest = !f->count || line->time >= f->last;

	if (!f->count || line->time < f->first)
		f->first = line->time;
	f->count++;
	if (!latest)
		return false;
	f->last = line->time;
	replace(&f->program, text_copy(line->program));
	replace(&f->sample, text_copy(line->text));
	return true;
}

/* The name that "$spamd" stands for. */
static char *with_names(const struct doctor *d, char *remedy)
{
	static const char name[] = "$spamd";
	struct bytes b = { 0 };
	const char *s = remedy, *at;

	bytes_add(&b, "", 0);
	for (; (at = strstr(s, name)); s = at + strlen(name)) {
		bytes_add(&b, s, (size_t)(at - s));
		bytes_add_text(&b, d->spamd);
	}
	bytes_add_text(&b, s);
	free(remedy);
	return b.data;
}

static void detail_count(struct finding *f, char *text)
{
	for (size_t i = 0; i < f->detail_count; i++)
		if (strcmp(f->details[i].text, text) == 0) {
			f->details[i].count++;
			free(text);
			return;
		}
	if (f->detail_count == DETAILS_MAX) {
		f->others++;
		free(text);
		return;
	}
	f->details = reallocate(f->details, f->detail_count + 1, sizeof(*f->details));
	f->details[f->detail_count++] = (struct detail){ .text = text, .count = 1 };
}

/* A refusal that verify has provoked is none to tell of; what it brings to light is. */
static bool provoked(const struct doctor *d, const struct symptom *symptom, const struct log_line *line)
{
	regmatch_t groups[PATTERN_GROUPS];

	return symptom->severity == SEVERITY_NOTE && pattern_matches(&d->probe, line, groups);
}

static bool judge_known(struct doctor *d, const struct log_line *line)
{
	regmatch_t groups[PATTERN_GROUPS];

	for (size_t i = 0; i < symptom_count; i++) {
		struct finding *f = &d->findings[i];

		if (!pattern_matches(&d->patterns[i], line, groups))
			continue;
		if (provoked(d, f->symptom, line))
			return true;
		if (finding_count(f, line)) {
			replace(&f->cause, pattern_fill(translated(f->symptom->cause), line->text, groups));
			replace(&f->remedy, with_names(d, pattern_fill(translated(f->symptom->remedy), line->text, groups)));
		}
		detail_count(f, pattern_fill(translated(f->symptom->what), line->text, groups));
		return true;
	}
	return false;
}

char *doctor_normalised(const char *s)
{
	struct bytes b = { 0 };
	size_t n;

	bytes_add(&b, "", 0);
	for (; *s && b.size < 200; s += n) {
		char closing = *s == '<' ? '>' : *s == '[' ? ']' : '\0';
		const char *end = closing ? strchr(s, closing) : NULL;

		n = strcspn(s, " <[\"'(),;=:");
		if (end) {
			bytes_printf(&b, "%c*%c", *s, closing);
			n = (size_t)(end + 1 - s);
		} else if (!n) {
			bytes_add(&b, s, n = 1);
		} else if (memchr(s, '@', n) || strcspn(s, "0123456789") < n) {
			bytes_add(&b, "*", 1);
		} else {
			bytes_add(&b, s, n);
		}
	}
	return b.data;
}

/* The last of all stands for those beyond the limit. */
static struct finding *unknown_find(struct doctor *d, const struct log_line *line)
{
	CLEAN(free) char *normalised = doctor_normalised(line->text);
	CLEAN(free) char *key = text("%.60s: %s", line->program, normalised);

	for (size_t i = symptom_count; i < d->n; i++)
		if (strcmp(d->findings[i].key, key) == 0)
			return &d->findings[i];
	if (d->n == symptom_count + UNKNOWN_MAX + 1)
		return &d->findings[d->n - 1];
	d->findings[d->n].key = d->n < symptom_count + UNKNOWN_MAX ? TAKE(key) : text_copy(_("others"));
	return &d->findings[d->n++];
}

void doctor_judge(struct doctor *d, const struct log_line *line)
{
	regmatch_t groups[PATTERN_GROUPS];
	bool kernel = strcmp(line->program, "kernel") == 0;

	d->lines += !kernel;
	if (!judge_known(d, line) && !kernel && pattern_matches(&d->bad, line, groups))
		finding_count(unknown_find(d, line), line);
}

static bool line_taken(void *context, const struct log_line *line)
{
	struct doctor *d = context;

	doctor_judge(d, line);
	/* By all lines: a kernel that logs packets says far more than the mail programs. */
	if (d->lines < LINES_MAX && !limit_passed(&d->limit))
		return true;
	d->stopped = line->time;
	return false;
}

struct error *doctor_read(struct doctor *d, struct host *h, int64_t since)
{
	d->limit = limit_of(SECONDS_MAX);
	return mail_log_read(h, since, true, line_taken, d);
}

/* --- answering --- */

uint64_t doctor_lines(const struct doctor *d)
{
	return d->lines;
}

int64_t doctor_stopped(const struct doctor *d)
{
	return d->stopped;
}

uint64_t doctor_count(const struct doctor *d, enum severity s)
{
	uint64_t count = 0;

	for (size_t i = 0; i < d->n; i++)
		if (d->findings[i].symptom && d->findings[i].symptom->severity == s)
			count += d->findings[i].count;
	return count;
}

static int by_detail_count(const void *a, const void *b)
{
	const struct detail *x = a, *y = b;

	return x->count != y->count ? (x->count > y->count ? -1 : 1) : strcmp(x->text, y->text);
}

/* What never came, and what is normal, comes last. */
static int rank(const struct finding *f)
{
	return !f->count || (f->symptom && f->symptom->severity == SEVERITY_NORMAL) ? 9 :
	       !f->symptom							   ? 4 :
										     (int)SEVERITY_ERROR - (int)f->symptom->severity;
}

static int by_weight(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (rank(x) != rank(y))
		return rank(x) - rank(y);
	return x->last != y->last ? (x->last > y->last ? -1 : 1) : x->count > y->count ? -1 : 1;
}

const struct finding *doctor_findings(struct doctor *d, size_t *ret_n)
{
	if (!d->sorted)
		qsort(d->findings, d->n, sizeof(*d->findings), by_weight);
	d->sorted = true;
	for (*ret_n = 0; *ret_n < d->n && rank(&d->findings[*ret_n]) < 9; ++*ret_n)
		if (d->findings[*ret_n].detail_count)
			qsort(d->findings[*ret_n].details, d->findings[*ret_n].detail_count, sizeof(struct detail), by_detail_count);
	return d->findings;
}
