#include "tests/crash/manifest.h"

#include "engine/database.h"
#include "engine/state.h"
#include "host/crypto.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SHOWN 5 /* differences of one machine */

static struct exception {
	char when[16], what[16], pattern[128];
} exceptions[32];
static size_t exception_count;

static struct {
	struct manifest *manifest;
	size_t skip; /* of each path: the root */
} taking;

static _Noreturn void give_up(const char *what, const char *path)
{
	fprintf(stderr, "crash test: %s: %s: %s\n", path, what, strerror(errno));
	_exit(98);
}

void manifest_exceptions(const char *file)
{
	CLEAN(fclose) FILE *f = fopen(file, "r");
	char line[512], reason[16];

	while (f && fgets(line, sizeof(line), f)) {
		struct exception *e = &exceptions[exception_count];

		if (*line == '#' || *line == '\n')
			continue;
		if (exception_count == 32 ||
			sscanf(line, "%15s %15s %127s # %15s", e->when, e->what, e->pattern, reason) != 4)
			give_up("a line is not WHEN WHAT PATTERN # REASON", file);
		exception_count++;
	}
	if (!f)
		give_up("cannot read", file);
}

size_t manifest_exception_count(void)
{
	return exception_count;
}

static bool may_differ(const char *when, const char *what, const char *path)
{
	for (size_t i = 0; i < exception_count; i++) {
		const struct exception *e = &exceptions[i];

		if ((strcmp(e->when, when) == 0 || strcmp(e->when, "always") == 0) &&
			(strcmp(e->what, what) == 0 || strcmp(e->what, "all") == 0) &&
			fnmatch(e->pattern, path, 0) == 0)
			return true;
	}
	return false;
}

static void dump_rows(sqlite3 *db, const char *sql, int first, struct bytes *ret)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK) {
		bytes_printf(ret, "unreadable: %s\n", sqlite3_errmsg(db));
		return;
	}
	while (sqlite3_step(s) == SQLITE_ROW) {
		for (int i = first; i < sqlite3_column_count(s); i++)
			bytes_printf(ret, "|%s",
				sqlite3_column_type(s, i) == SQLITE_NULL
					? "NULL"
					: (const char *)sqlite3_column_text(s, i));
		bytes_add_text(ret, "\n");
	}
}

/* Without the first column: a row that was taken back and put in again has another number. */
static void dump_tables(sqlite3 *db, struct bytes *ret)
{
	CLEAN(sqlite3_finalize) sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(db,
		    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY "
		    "name",
		    -1, &s, NULL) != SQLITE_OK)
		bytes_printf(ret, "unreadable: %s\n", sqlite3_errmsg(db));
	while (s && sqlite3_step(s) == SQLITE_ROW) {
		CLEAN(free)
		char *sql = text("SELECT * FROM \"%s\" ORDER BY 2", (const char *)sqlite3_column_text(s, 0));

		dump_rows(db, sql, 1, ret);
	}
}

/* Its times and sequence numbers are those of the run; its undo journal, and its listing of what the packages brought, are judged
 * by what a rollback makes of them. */
static void dump_state(sqlite3 *db, struct bytes *ret)
{
	dump_rows(db, "SELECT name, status, revision FROM step ORDER BY name", 0, ret);
	dump_rows(db, "SELECT name, position, value FROM param ORDER BY name, position", 0, ret);
	/* What a rollback has stopped and is to start again stays noted until one has come to its end. */
	dump_rows(db, "SELECT name, value FROM note WHERE name NOT LIKE 'restart:%' AND name <> 'listing' ORDER BY name", 0, ret);
}

static char *database_content(const char *path, const char *shown)
{
	CLEAN(free) char *uri = text("file:%s?immutable=1", path);
	CLEAN(bytes) struct bytes rows = { 0 };
	char hex[65];
	sqlite3 *db = NULL;

	bytes_add_text(&rows, "rows\n");
	if (sqlite3_open_v2(uri, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) != SQLITE_OK)
		bytes_printf(&rows, "cannot open: %s\n", sqlite3_errmsg(db));
	else if (strcmp(shown, STATE_PATH) == 0)
		dump_state(db, &rows);
	else
		dump_tables(db, &rows);
	sqlite3_close(db);
	sha256_hex(rows.data, rows.size, hex);
	return text_copy(hex);
}

/* Accounts that went and came again stand in another order. */
static char *table_content(const char *content)
{
	CLEAN(list) struct list lines = { 0 };
	CLEAN(bytes) struct bytes sorted = { 0 };
	char hex[65];

	list_split(&lines, content, "\n");
	list_sort(&lines);
	for (size_t i = 0; i < lines.n; i++)
		bytes_printf(&sorted, "%s\n", lines.v[i]);
	sha256_hex(bytes_text(&sorted), sorted.size, hex);
	return text_copy(hex);
}

static char *file_content(const char *path, const char *shown, off_t size)
{
	static const char magic[] = "SQLite format 3";
	CLEAN(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEAN(free) char *content = allocate((size_t)size + 1);
	char hex[65];

	if (fd < 0 || read(fd, content, (size_t)size) != size)
		give_up("cannot read", path);
	if (starts_with(content, magic))
		return database_content(path, shown);
	if (strcmp(shown, "/etc/passwd") == 0 || strcmp(shown, "/etc/group") == 0)
		return table_content(content);
	sha256_hex(content, (size_t)size, hex);
	return text_copy(hex);
}

static void add_attributes(const char *path, struct bytes *ret)
{
	char names[1024], value[1024];
	CLEAN(list) struct list all = { 0 };
	ssize_t size = llistxattr(path, names, sizeof(names));

	for (ssize_t at = 0; at < size; at += (ssize_t)strlen(names + at) + 1) {
		ssize_t n = lgetxattr(path, names + at, value, sizeof(value));
		list_addf(&all, " %s=%.*s", names + at, n < 0 ? 0 : (int)n, value);
	}
	list_sort(&all);
	for (size_t i = 0; i < all.n; i++)
		bytes_add_text(ret, all.v[i]);
}

static char *link_target(const char *path)
{
	char target[512] = "";

	if (readlink(path, target, sizeof(target) - 1) < 0)
		give_up("cannot read", path);
	return text_copy(target);
}

static int take_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	struct manifest *m = taking.manifest;
	CLEAN(bytes) struct bytes what = { 0 };
	const char *shown = path + taking.skip;

	(void)type;
	(void)ftw;
	bytes_printf(&what, "%o %u:%u", (unsigned)st->st_mode, (unsigned)st->st_uid, (unsigned)st->st_gid);
	add_attributes(path, &what);
	m->v = reallocate(m->v, m->n + 1, sizeof(*m->v));
	m->v[m->n++] = (struct entry){
		.path = text_copy(*shown ? shown : "/"),
		.what = TAKE(what.data),
		.content = S_ISREG(st->st_mode)	  ? file_content(path, shown, st->st_size)
			   : S_ISLNK(st->st_mode) ? link_target(path)
						  : text_copy(""),
		.mtime = S_ISREG(st->st_mode)
				 ? text("%lld.%09ld", (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec)
				 : text_copy(""),
	};
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

void manifest_take(const char *root, struct manifest *ret)
{
	*ret = (struct manifest){ 0 };
	taking.manifest = ret;
	taking.skip = strlen(root);
	if (nftw(root, take_one, 16, FTW_PHYS) != 0)
		give_up("cannot walk", root);
	qsort(ret->v, ret->n, sizeof(*ret->v), by_path);
}

void manifest_free(struct manifest *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->v[i].path);
		free(m->v[i].what);
		free(m->v[i].content);
		free(m->v[i].mtime);
	}
	free(m->v);
	*m = (struct manifest){ 0 };
}

const struct entry *manifest_find(const struct manifest *m, const char *path)
{
	return m->n ? bsearch(&(struct entry){ .path = (char *)path }, m->v, m->n, sizeof(*m->v), by_path)
		    : NULL;
}

static void compare(const struct entry *wanted, const struct entry *found, const char *when, struct list *ret)
{
	const char *path = wanted->path;

	if (strcmp(wanted->what, found->what) != 0 && !may_differ(when, "what", path))
		list_addf(ret, "%s is %s instead of %s", path, found->what, wanted->what);
	if (strcmp(wanted->content, found->content) != 0 && !may_differ(when, "content", path))
		list_addf(ret, "%s has another content", path);
	else if (strcmp(when, "before") == 0 && strcmp(wanted->mtime, found->mtime) != 0 &&
		 !may_differ(when, "mtime", path))
		list_addf(ret, "%s has another time", path);
}

char *manifest_differences(const struct manifest *wanted, const struct manifest *found, const char *when)
{
	CLEAN(list) struct list all = { 0 };
	CLEAN(bytes) struct bytes shown = { 0 };
	size_t w = 0, f = 0;

	while (w < wanted->n || f < found->n) {
		int order = w == wanted->n  ? 1
			    : f == found->n ? -1
					    : strcmp(wanted->v[w].path, found->v[f].path);

		if (order == 0)
			compare(&wanted->v[w], &found->v[f], when, &all);
		else if (order < 0 && !may_differ(when, "all", wanted->v[w].path))
			list_addf(&all, "%s is gone", wanted->v[w].path);
		else if (order > 0 && !may_differ(when, "all", found->v[f].path))
			list_addf(&all, "%s is too much", found->v[f].path);
		w += order <= 0;
		f += order >= 0;
	}
	for (size_t i = 0; i < all.n && i < SHOWN; i++)
		bytes_printf(&shown, "%s%s", i ? "; " : "", all.v[i]);
	if (all.n > SHOWN)
		bytes_printf(&shown, "; and %zu more", all.n - SHOWN);
	return all.n ? text("not as %s: %s", when, shown.data) : NULL;
}
