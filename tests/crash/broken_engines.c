#include "tests/crash/fake_world.h"

#include "engine/database.h"
#include "engine/journal.h"

enum engine engine;

/* ENGINE_INVERSE_LATE: the record that waits until the next action of the engine. */
static struct undo_record late;

struct error *__real_journal_intend(struct state *s, const struct undo_record *r) MUST_USE;
struct error *__wrap_journal_intend(struct state *s, const struct undo_record *r) MUST_USE;
struct error *__real_journal_find(
	struct state *s, const char *verb, const char *target, struct undo_record *ret) MUST_USE;
struct error *__wrap_journal_find(
	struct state *s, const char *verb, const char *target, struct undo_record *ret) MUST_USE;
struct error *__real_journal_last(struct state *s, const char *step, struct undo_record *ret) MUST_USE;
struct error *__wrap_journal_last(struct state *s, const char *step, struct undo_record *ret) MUST_USE;
struct error *__real_state_step_set(
	struct state *s, const char *name, enum step_status status, unsigned revision, double seconds) MUST_USE;
struct error *__wrap_state_step_set(
	struct state *s, const char *name, enum step_status status, unsigned revision, double seconds) MUST_USE;

static struct error *commit_late(struct state *s)
{
	if (!late.verb)
		return NULL;
	struct error *e = __real_journal_intend(s, &late);
	undo_record_free(&late);
	return e;
}

static void keep_for_later(const struct undo_record *r)
{
	late = (struct undo_record){
		.step = text_copy(r->step),
		.verb = text_copy(r->verb),
		.target = text_copy(r->target),
		.data = text_copy(r->data),
		.wrote = text_copy(r->wrote),
		.image.info = r->image.info,
	};
	bytes_add(&late.image.content, bytes_text(&r->image.content), r->image.content.size);
	bytes_add(&late.image.xattrs, bytes_text(&r->image.xattrs), r->image.xattrs.size);
}

static struct error *drop_older(struct state *s, const struct undo_record *r)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;

	TRY(database_prepare(
		state_database(s), "DELETE FROM undo WHERE step = ? AND verb = ? AND target = ?", &statement));
	bind_text(statement, 1, r->step);
	bind_text(statement, 2, r->verb);
	bind_text(statement, 3, r->target);
	return database_finish(state_database(s), statement);
}

struct error *__wrap_journal_intend(struct state *s, const struct undo_record *r)
{
	TRY(commit_late(s));
	if (engine == ENGINE_INVERSE_LATE) {
		keep_for_later(r);
		return NULL;
	}
	if (engine == ENGINE_IMAGE_OVERWRITTEN)
		TRY(drop_older(s, r));
	return __real_journal_intend(s, r);
}

struct error *__wrap_journal_find(
	struct state *s, const char *verb, const char *target, struct undo_record *ret)
{
	TRY(commit_late(s));
	return __real_journal_find(s, verb, target, ret);
}

struct error *__wrap_journal_last(struct state *s, const char *step, struct undo_record *ret)
{
	TRY(commit_late(s));
	TRY(__real_journal_last(s, step, ret));
	return engine == ENGINE_RECORD_EARLY && ret->seq ? journal_forget(s, ret->seq) : NULL;
}

struct error *__wrap_state_step_set(
	struct state *s, const char *name, enum step_status status, unsigned revision, double seconds)
{
	TRY(commit_late(s));
	return __real_state_step_set(s, name, status, revision, seconds);
}
