#include "migrate/record.h"
#include "host/file.h"

static const char *const phases[] = { "", "reading", "placing", "done" };

void record_free(struct record *r)
{
	free(r->archive);
	free(r->user);
	list_free(&r->maps);
	report_free(&r->report);
	*r = (struct record){ 0 };
}

struct error *record_write(struct state *s, const struct migration *m, enum phase phase)
{
	CLEAN(free) char *name = text(IMPORT_NOTE "%u", m->number);
	json_t *maps = json_array();

	for (size_t i = 0; m->maps && i < m->maps->n; i++)
		json_array_append_new(maps, json_string(m->maps->v[i]));
	json_t *note = json_pack("{ss ss ss? so so}", "phase", phases[phase], "archive", m->archive, "user", m->user, "maps", maps, "report",
		report_json(&m->report));
	CLEAN(free) char *value = note ? json_dumps(note, JSON_COMPACT) : NULL;
	json_decref(note);
	if (!value)
		return fail(ERR_USAGE, "the name of the archive is no UTF-8; rename it");
	return state_note_set(s, name, value);
}

static bool parse(const json_t *note, struct record *ret)
{
	const char *phase = json_string_value(json_object_get(note, "phase"));
	json_t *maps = json_object_get(note, "maps"), *map;
	size_t i;

	for (enum phase p = PHASE_READING; phase && p <= PHASE_DONE; p++)
		if (strcmp(phase, phases[p]) == 0)
			ret->phase = p;
	ret->archive = text_copy(json_string_value(json_object_get(note, "archive")));
	ret->user = text_copy(json_string_value(json_object_get(note, "user")));
	json_array_foreach (maps, i, map)
		if (json_string_value(map))
			list_add(&ret->maps, json_string_value(map));
	return ret->phase && ret->archive;
}

struct error *record_read(struct state *s, unsigned number, struct record *ret)
{
	CLEAN(free) char *name = text(IMPORT_NOTE "%u", number), *value = NULL;

	*ret = (struct record){ .number = number };
	TRY(state_note_get(s, name, &value));
	if (!value)
		return NULL;
	CLEAN(json_decref) json_t *note = json_loads(value, 0, NULL);
	return note && parse(note, ret) ? report_read(json_object_get(note, "report"), &ret->report) :
					  fail(ERR_CONFLICT, "the record of import %u is damaged", number);
}

static struct error *numbers(struct state *s, struct list *ret)
{
	return state_notes(s, IMPORT_NOTE, ret);
}

static unsigned number_of(const char *note)
{
	return (unsigned)strtoul(note + strlen(IMPORT_NOTE), NULL, 10);
}

struct error *record_unfinished(struct state *s, struct record *ret)
{
	CLEAN(list) struct list names = { 0 };

	*ret = (struct record){ 0 };
	TRY(numbers(s, &names));
	for (size_t i = 0; i < names.n; i++) {
		record_free(ret);
		TRY(record_read(s, number_of(names.v[i]), ret));
		if (ret->phase != PHASE_DONE)
			return NULL;
	}
	record_free(ret);
	return NULL;
}

struct error *record_next_number(struct state *s, unsigned *ret)
{
	CLEAN(list) struct list names = { 0 };

	TRY(numbers(s, &names));
	*ret = 1;
	for (size_t i = 0; i < names.n; i++)
		if (number_of(names.v[i]) >= *ret)
			*ret = number_of(names.v[i]) + 1;
	return NULL;
}

struct error *record_forget(struct host *h, struct state *s, unsigned number)
{
	CLEAN(free) char *list = text(LIST_PATH, number), *name = text(IMPORT_NOTE "%u", number);

	TRY(file_remove(h, list));
	return state_note_set(s, name, NULL);
}

static int by_number(const void *a, const void *b)
{
	unsigned x = number_of(*(char *const *)a), y = number_of(*(char *const *)b);

	return x < y ? -1 : x > y;
}

struct error *migrations_list(struct state *s, json_t **ret)
{
	CLEAN(list) struct list names = { 0 };

	TRY(numbers(s, &names));
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), by_number);
	*ret = json_array();
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(record) struct record r = { 0 };

		TRY(record_read(s, number_of(names.v[i]), &r));
		if (r.phase == PHASE_DONE)
			json_array_append_new(*ret,
				json_pack("{sI ss sI}", "import", (json_int_t)r.number, "archive", r.archive, "imported",
					(json_int_t)report_totals(&r.report).imported));
	}
	return NULL;
}
