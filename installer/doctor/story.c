#include "doctor/story.h"

#include "base/i18n.h"
#include "doctor/limit.h"
#include "doctor/pattern.h"
#include "host/queue.h"

#define PASSES_MAX 5
#define SECONDS_MAX 60 /* of all passes */
#define IDS_MAX	   16 /* of one story: a message that bounces on and on */
#define REFUSED	   "NOQUEUE"

/* --- words --- */

static const struct {
	const char *program, *expression, *words;
} table[] = {
#define WORDS(program, expression, words) { program, expression, words },
#include "doctor/words.def"
#undef WORDS
};
#define WORD_COUNT (sizeof(table) / sizeof(*table))

/* Compiled once, for as long as the program runs. */
static const struct pattern *word_patterns(void)
{
	static struct pattern patterns[WORD_COUNT];

	if (!patterns[0].needle)
		for (size_t i = 0; i < WORD_COUNT; i++)
			pattern_compile(&patterns[i], table[i].program, table[i].expression);
	return patterns;
}

char *story_words(const struct log_line *line)
{
	const struct pattern *patterns = word_patterns();
	regmatch_t groups[PATTERN_GROUPS];

	for (size_t i = 0; i < WORD_COUNT; i++)
		if (pattern_matches(&patterns[i], line, groups))
			return pattern_fill(translated(table[i].words), line->text, groups);
	return text_copy(line->text);
}

/* --- stories --- */

static void lines_free(struct story *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].program);
		free(s->v[i].raw);
		free(s->v[i].words);
	}
	free(s->v);
	s->v = NULL;
	s->n = 0;
	s->cut = false;
}

static void story_free(struct story *s)
{
	lines_free(s);
	free(s->id);
	list_free(&s->ids);
	list_free(&s->message_ids);
}

void stories_free(struct stories *s)
{
	for (size_t i = 0; i < s->n; i++)
		story_free(&s->v[i]);
	free(s->v);
	*s = (struct stories){ 0 };
}

static void story_drop(struct stories *s, size_t i)
{
	story_free(&s->v[i]);
	memmove(&s->v[i], &s->v[i + 1], (s->n - i - 1) * sizeof(*s->v));
	s->n--;
}

static struct story *story_add(struct stories *s, const char *id)
{
	if (s->n == STORIES_MAX) {
		story_drop(s, 0);
		s->more = true;
	}
	s->v = reallocate(s->v, s->n + 1, sizeof(*s->v));
	s->v[s->n] = (struct story){ .id = text_copy(id) };
	if (strcmp(id, REFUSED) != 0)
		list_add(&s->v[s->n].ids, id);
	return &s->v[s->n++];
}

static void line_add(struct story *s, const struct log_line *line)
{
	if (s->n == STORY_LINES_MAX) {
		s->cut = true;
		return;
	}
	s->v = reallocate(s->v, s->n + 1, sizeof(*s->v));
	s->v[s->n++] = (struct story_line){
		.time = line->time,
		.program = text_copy(line->program),
		.raw = text_copy(line->text),
		.words = story_words(line),
	};
}

static bool is_postfix(const struct log_line *line)
{
	return starts_with(line->program, "postfix/");
}

/* The queue id that s begins with, up to ':' or another end; or NULL. */
static char *id_at(const char *s)
{
	size_t n = strcspn(s, ": ),;");
	CLEAN(free) char *id = n && n <= 40 ? text_copy_n(s, n) : NULL;

	return id && queue_id_valid(id) ? TAKE(id) : NULL;
}

struct telling {
	struct stories *stories;
	const char *address; /* bracketed: "<jean@exemple.fr>" */
	bool grown;
	struct limit limit;
	bool late;
};

static bool in_time(struct telling *t)
{
	t->late = limit_passed(&t->limit);
	return !t->late;
}

static bool known(const struct stories *s, const char *id)
{
	for (size_t i = 0; i < s->n; i++)
		if (list_has(&s->v[i].ids, id))
			return true;
	return false;
}

static bool seek_address(void *context, const struct log_line *line)
{
	struct telling *t = context;
	CLEAN(free) char *id = NULL;

	if (!is_postfix(line) || !strcasestr(line->text, t->address))
		return in_time(t);
	if (starts_with(line->text, REFUSED ":"))
		line_add(story_add(t->stories, REFUSED), line);
	else if ((id = id_at(line->text)) && !known(t->stories, id))
		story_add(t->stories, id);
	return true;
}

static void learn(struct telling *t, struct list *l, const char *value)
{
	if (!value || l->n >= IDS_MAX || list_has(l, value))
		return;
	list_add(l, value);
	t->grown = true;
}

/* What the line tells about where else the message is spoken of. */
static void follow(struct telling *t, struct story *s, const struct log_line *line)
{
	const char *message_id = strstr(line->text, "message-id=<"), *original = strstr(line->text, " orig_id=");
	const char *notice = strstr(line->text, " notification: "), *end;

	if (message_id && (end = strchr(message_id, '>'))) {
		CLEAN(free) char *value = text_copy_n(message_id + strlen("message-id="), (size_t)(end + 1 - message_id) - strlen("message-id="));

		/* "<>" is in too many lines. */
		if (strlen(value) > 4)
			learn(t, &s->message_ids, value);
	}
	CLEAN(free) char *before = original ? id_at(original + strlen(" orig_id=")) : NULL;
	learn(t, &s->ids, before);
	CLEAN(free) char *bounce = notice ? id_at(notice + strlen(" notification: ")) : NULL;
	learn(t, &s->ids, bounce);
}

static bool mentions(const struct list *message_ids, const char *text)
{
	for (size_t i = 0; i < message_ids->n; i++)
		if (strstr(text, message_ids->v[i]))
			return true;
	return false;
}

static bool tell(void *context, const struct log_line *line)
{
	struct telling *t = context;
	CLEAN(free) char *id = id_at(line->text);
	const char *original = is_postfix(line) ? strstr(line->text, " orig_id=") : NULL;
	CLEAN(free) char *before = original ? id_at(original + strlen(" orig_id=")) : NULL;

	for (size_t i = 0; i < t->stories->n; i++) {
		struct story *s = &t->stories->v[i];
		bool own = (id && list_has(&s->ids, id)) || (before && list_has(&s->ids, before));

		if (own && id)
			learn(t, &s->ids, id);
		if (own && is_postfix(line))
			follow(t, s, line);
		if (own || (!is_postfix(line) && mentions(&s->message_ids, line->text)))
			line_add(s, line);
	}
	return in_time(t);
}

static bool holds(const struct story *s, const struct story *other)
{
	return s != other && list_has(&s->ids, other->id);
}

/* A bounce is told with the message that it is about. */
static void drop_repeated(struct stories *s)
{
	for (size_t i = s->n; i-- > 0;)
		for (size_t k = 0; k < s->n; k++)
			if (holds(&s->v[k], &s->v[i])) {
				story_drop(s, i);
				break;
			}
}

static int by_end(const void *a, const void *b)
{
	const struct story *x = a, *y = b;

	return x->v[0].time < y->v[0].time ? -1 : x->v[0].time > y->v[0].time;
}

static struct error *read_log(struct telling *t, struct host *h, int64_t since, bool (*take)(void *context, const struct log_line *line))
{
	TRY(mail_log_read(h, since, false, take, t));
	return t->late ? fail(ERR_USAGE, "--mail: the log is too long to be read in %d s; give a shorter --since", SECONDS_MAX) : NULL;
}

struct error *stories_read(struct host *h, int64_t since, const char *subject, struct stories *ret)
{
	CLEAN(free) char *address = text("<%s>", subject);
	struct telling t = { .stories = ret, .address = address, .grown = true, .limit = limit_of(SECONDS_MAX) };

	*ret = (struct stories){ 0 };
	if (queue_id_valid(subject))
		story_add(ret, subject);
	else
		TRY(read_log(&t, h, since, seek_address));
	for (unsigned pass = 0; t.grown && pass < PASSES_MAX && ret->n; pass++) {
		t.grown = false;
		for (size_t i = 0; i < ret->n; i++)
			if (ret->v[i].ids.n)
				lines_free(&ret->v[i]);
		TRY(read_log(&t, h, since, tell));
	}
	drop_repeated(ret);
	for (size_t i = ret->n; i-- > 0;)
		if (!ret->v[i].n)
			story_drop(ret, i);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_end);
	return NULL;
}
