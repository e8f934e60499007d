#include "engine/journal.h"
#include "engine/database.h"
#include "host/seam.h"

#define COLUMNS                                                                                              \
	"seq, step, verb, target, existed, mode, uid, gid, mtime_seconds, mtime_nanoseconds, content, xattrs, data," \
	" wrote, prior"

void undo_record_free(struct undo_record *r)
{
	free(r->step);
	free(r->verb);
	free(r->target);
	free(r->data);
	free(r->wrote);
	free(r->prior);
	file_image_free(&r->image);
	*r = (struct undo_record){ 0 };
}

static void bind_image(sqlite3_stmt *statement, int index, const struct file_image *image)
{
	sqlite3_bind_int(statement, index, image->info.exists);
	sqlite3_bind_int64(statement, index + 1, image->info.mode);
	sqlite3_bind_int64(statement, index + 2, image->info.uid);
	sqlite3_bind_int64(statement, index + 3, image->info.gid);
	sqlite3_bind_int64(statement, index + 4, image->info.mtime.tv_sec);
	sqlite3_bind_int64(statement, index + 5, image->info.mtime.tv_nsec);
	bind_blob(statement, index + 6, image->content.data, image->content.size);
	bind_blob(statement, index + 7, image->xattrs.data, image->xattrs.size);
}

static void column_bytes(sqlite3_stmt *statement, int index, struct bytes *ret)
{
	bytes_add(ret, sqlite3_column_blob(statement, index), (size_t)sqlite3_column_bytes(statement, index));
}

static void read_record(sqlite3_stmt *statement, struct undo_record *ret)
{
	*ret = (struct undo_record){
		.seq = sqlite3_column_int64(statement, 0),
		.step = column_text(statement, 1),
		.verb = column_text(statement, 2),
		.target = column_text(statement, 3),
		.image.info = {
			.exists = sqlite3_column_int(statement, 4),
			.mode = (mode_t)sqlite3_column_int64(statement, 5),
			.uid = (uid_t)sqlite3_column_int64(statement, 6),
			.gid = (gid_t)sqlite3_column_int64(statement, 7),
			.mtime.tv_sec = sqlite3_column_int64(statement, 8),
			.mtime.tv_nsec = sqlite3_column_int64(statement, 9),
		},
		.data = column_text(statement, 12),
		.wrote = column_text(statement, 13),
		.prior = column_text(statement, 14),
	};
	column_bytes(statement, 10, &ret->image.content);
	column_bytes(statement, 11, &ret->image.xattrs);
}

struct error *journal_intend(struct state *s, const struct undo_record *r)
{
	sqlite3 *db = state_database(s);
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;

#ifdef MAILSETUP_NO_JOURNAL /* what the journal costs: tests/bench/run */
	return NULL;
#endif
	TRY(seam("commit-intent", r->target));
	TRY(database_prepare(db,
		"INSERT INTO undo (step, verb, target, existed, mode, uid, gid, mtime_seconds, mtime_nanoseconds, content,"
		"  xattrs, data, wrote, prior) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
		" ON CONFLICT (step, verb, target) DO UPDATE SET prior = COALESCE(excluded.prior, wrote), wrote = excluded.wrote"
		"  WHERE wrote IS NOT excluded.wrote",
		&statement));
	bind_text(statement, 1, r->step);
	bind_text(statement, 2, r->verb);
	bind_text(statement, 3, r->target);
	bind_image(statement, 4, &r->image);
	bind_text(statement, 12, r->data);
	bind_text(statement, 13, r->wrote);
	bind_text(statement, 14, r->prior);
	return database_finish(db, statement);
}

static struct error *select_record(struct state *s, const char *sql, const char *a, const char *b, struct undo_record *ret)
{
	sqlite3 *db = state_database(s);
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;
	bool row;

	*ret = (struct undo_record){ 0 };
	TRY(database_prepare(db, sql, &statement));
	bind_text(statement, 1, a);
	if (b)
		bind_text(statement, 2, b);
	TRY(database_step(db, statement, &row));
	if (row)
		read_record(statement, ret);
	return NULL;
}

struct error *journal_find(struct state *s, const char *verb, const char *target, struct undo_record *ret)
{
	return select_record(s, "SELECT " COLUMNS " FROM undo WHERE verb = ? AND target = ? ORDER BY seq DESC LIMIT 1", verb,
		target, ret);
}

struct error *journal_last(struct state *s, const char *step, struct undo_record *ret)
{
	return select_record(s, "SELECT " COLUMNS " FROM undo WHERE step = ? ORDER BY seq DESC LIMIT 1", step, NULL, ret);
}

struct error *journal_targets(struct state *s, const char *step, const char *verb, struct list *ret)
{
	sqlite3 *db = state_database(s);
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;
	bool row;

	TRY(database_prepare(db, "SELECT target FROM undo WHERE step = ? AND verb = ? ORDER BY seq", &statement));
	bind_text(statement, 1, step);
	bind_text(statement, 2, verb);
	for (;;) {
		TRY(database_step(db, statement, &row));
		if (!row)
			return NULL;
		list_add(ret, (const char *)sqlite3_column_text(statement, 0));
	}
}

struct error *journal_forget(struct state *s, int64_t seq)
{
	sqlite3 *db = state_database(s);
	CLEAN(sqlite3_finalize) sqlite3_stmt *statement = NULL;

	TRY(seam("commit-forget", "undo record"));
	TRY(database_prepare(db, "DELETE FROM undo WHERE seq = ?", &statement));
	sqlite3_bind_int64(statement, 1, seq);
	return database_finish(db, statement);
}
