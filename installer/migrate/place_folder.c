#include "migrate/place_folder.h"
#include "host/seam.h"
#include "mail/dovecot_files.h"
#include "mail/uidlist.h"
#include "mail/maildir.h"
#include "migrate/place_lock.h"
#include "migrate/tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define KEYWORDS_MAX (1U << 20)
#define NEXT_LIST	 "uidlist.next"

static const char *const halves[] = { "cur", "new" };

static FILE *stream(int at, const char *name)
{
	int fd = tree_open(at, name, O_RDONLY | O_NONBLOCK, 0);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");

	if (fd >= 0 && !f)
		close(fd);
	return f;
}

/* --- a folder that is new here: its files are made final in staging --- */

/* Writes NEXT_LIST: what the folder's list is to be, empty where it has to stay as it is. */
static struct error *join_lists(int staged, FILE *here, bool wanted)
{
	CLEAN(fclose) FILE *there = wanted ? stream(staged, "dovecot-uidlist") : NULL;
	CLEAN(fclose) FILE *out = NULL;
	size_t kept = 0;
	int fd = tree_open(staged, "uidlist.part", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out)
		return fail_errno(errno, "cannot write a list of UIDs");
	/* One that Dovecot could not read either is no loss. */
	error_free(there ? uidlist_join(here, there, out, &kept) : NULL);
	if (fflush(out) != 0 || (!kept && ftruncate(fd, 0) < 0) || fsync(fd) < 0 ||
		renameat(staged, "uidlist.part", staged, NEXT_LIST) < 0)
		return fail_errno(errno, "cannot write a list of UIDs");
	return NULL;
}

static bool holds_something(int at, const char *name)
{
	struct stat st;

	return fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size > 0;
}

static struct error *finish_uidlist(int staged)
{
	if (!holds_something(staged, NEXT_LIST) && !holds_something(staged, "dovecot-uidlist"))
		return NULL;
	TRY(join_lists(staged, NULL, true));
	if (!holds_something(staged, NEXT_LIST)) {
		TRY(tree_remove(staged, NEXT_LIST));
		return tree_remove(staged, "dovecot-uidlist");
	}
	if (renameat(staged, NEXT_LIST, staged, "dovecot-uidlist") < 0)
		return fail_errno(errno, "cannot write a list of UIDs");
	return NULL;
}

static struct error *read_keywords(int at, struct keywords *ret)
{
	CLEAN(bytes) struct bytes content = { 0 };
	bool exists;

	TRY(tree_read(at, "dovecot-keywords", KEYWORDS_MAX, &content, &exists));
	keywords_read(&content, ret);
	return NULL;
}

static struct error *finish_keywords(int staged)
{
	CLEAN(keywords) struct keywords k = { 0 };
	CLEAN(bytes) struct bytes content = { 0 };

	TRY(read_keywords(staged, &k));
	keywords_write(&k, &content);
	return content.size ? tree_write(staged, "dovecot-keywords", content.data, content.size) :
			      tree_remove(staged, "dovecot-keywords");
}

struct error *folder_finish(int staged)
{
	TRY(finish_uidlist(staged));
	return finish_keywords(staged);
}

static struct error *place_whole(const struct placing *p, const char *folder, int staged, bool *ret_placed)
{
	TRY(folder_finish(staged));
	TRY(tree_write(staged, "maildirfolder", "", 0));
	TRY(seam("rename-folder", folder));
	*ret_placed = renameat2(p->staged, folder, p->here, folder, RENAME_NOREPLACE) == 0;
	return *ret_placed || errno == EEXIST ? NULL : fail_errno(errno, "cannot move the folder %s in", folder);
}

/* --- a folder that is there --- */

struct merging {
	int staged, here;	 /* the folder */
	int from, to;		 /* the half */
	int map[26];		 /* letters of keywords */
	bool mapped;		 /* some letter changes */
	uint64_t moved;
};

static struct error *merge_keywords(struct merging *m)
{
	CLEAN(keywords) struct keywords here = { 0 }, there = { 0 };
	CLEAN(bytes) struct bytes before = { 0 }, after = { 0 };
	CLEAN(dotlock) struct dotlock lock = DOTLOCK_NONE;
	bool any = false;

	TRY(read_keywords(m->staged, &there));
	for (int i = 0; i < 26; i++)
		any |= there.v[i] != NULL;
	if (any)
		TRY(dotlock_take(m->here, "dovecot-keywords", m->staged, &lock));
	TRY(read_keywords(m->here, &here));
	keywords_write(&here, &before);
	keywords_merge(&here, &there, m->map);
	keywords_write(&here, &after);
	for (int i = 0; i < 26; i++)
		m->mapped |= m->map[i] != i;
	if (!any || bytes_equal(&before, &after))
		return NULL;
	return dotlock_publish_bytes(&lock, after.data, after.size);
}

static uint32_t mapped_flags(const struct merging *m, uint32_t flags)
{
	uint32_t result = flags & ~((1U << 26) - 1);

	for (int i = 0; i < 26; i++)
		if (flags >> i & 1 && m->map[i] >= 0)
			result |= 1U << m->map[i];
	return result;
}

static struct error *move_one(void *context, const char *name, ino_t inode)
{
	struct merging *m = context;
	CLEAN(bytes) struct bytes wanted = { 0 };
	struct maildir_name n;

	if (maildir_name_read(name, &n))
		return tree_remove(m->from, name);
	maildir_name_make(&wanted, name, n.base, n.info, m->mapped ? mapped_flags(m, n.flags) : n.flags);
	for (unsigned i = 0; i < 100; i++) {
		TRY(seam("move", wanted.data));
		if (renameat2(m->from, name, m->to, wanted.data, RENAME_NOREPLACE) == 0) {
			m->moved++;
			return NULL;
		}
		if (errno != EEXIST)
			return fail_errno(errno, "cannot move the message %s in", wanted.data);
		/* It has come in since it was looked for. */
		CLEAN(free) char *base = text("%lld.I%llu_%u.import", (long long)time(NULL), (unsigned long long)inode, i);
		bytes_free(&wanted);
		maildir_name_make(&wanted, base, strlen(base), n.info, m->mapped ? mapped_flags(m, n.flags) : n.flags);
	}
	return fail(ERR_STOPPED, "cannot find a free name for the message %s", name);
}

/* The whole directory in one rename, where nothing is in the way and nobody watches the old one. */
static struct error *swap_half(const struct placing *p, const struct merging *m, const char *half, bool *ret_swapped)
{
	*ret_swapped = false;
	if (p->connected || m->mapped)
		return NULL;
	TRY(seam("rename-half", half));
	*ret_swapped = renameat(m->staged, half, m->here, half) == 0;
	return NULL;
}

static struct error *move_half(const struct placing *p, struct merging *m, const char *half)
{
	CLEAN(fd) int from = tree_open(m->staged, half, O_RDONLY | O_DIRECTORY, 0);
	CLEAN(fd) int to = -1;
	bool swapped;

	if (from < 0)
		return errno == ENOENT ? NULL : fail_errno(errno, "cannot open the staged %s", half);
	if (tree_is_empty(m->staged, half))
		return NULL;
	TRY(swap_half(p, m, half, &swapped));
	if (swapped)
		return NULL;
	TRY(tree_make(m->here, half, &to));
	m->from = from;
	m->to = to;
	/* A directory that changes while it is read may pass names over. */
	for (unsigned i = 0; i < 1000 && !tree_is_empty(m->staged, half); i++)
		TRY(tree_each(from, move_one, m));
	/* What stays in staging would go with it. */
	return tree_is_empty(m->staged, half) ? NULL : fail(ERR_STOPPED, "some of the staged messages could not be moved in");
}

static bool has_messages(int folder)
{
	return !tree_is_empty(folder, "cur") || !tree_is_empty(folder, "new");
}

/* What the list is to be is settled once, before the first message moves, and stays so for who goes on after a kill; unless Dovecot
 * has had the folder in between. */
static struct error *settle_uidlist(const struct placing *p, const struct merging *m, const struct dotlock *lock)
{
	CLEAN(fclose) FILE *here = NULL;
	struct stat st;

	if (lock->again && fstatat(m->staged, NEXT_LIST, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return NULL;
	bool empty = !has_messages(m->here);
	if (!empty || p->connected)
		here = stream(m->here, "dovecot-uidlist");
	/* Messages without a list get theirs from Dovecot. */
	return join_lists(m->staged, here, here || empty);
}

static struct error *merge(const struct placing *p, int staged, int here)
{
	struct merging m = { .staged = staged, .here = here, .from = -1, .to = -1 };
	CLEAN(dotlock) struct dotlock lock = DOTLOCK_NONE;

	for (size_t i = 0; i < 26; i++)
		m.map[i] = (int)i;
	TRY(merge_keywords(&m));
	TRY(dotlock_take(here, "dovecot-uidlist", staged, &lock));
	TRY(settle_uidlist(p, &m, &lock));
	for (size_t i = 0; i < 2; i++) {
		struct error *e = move_half(p, &m, halves[i]);

		/* As after a kill: who goes on finds the lock, and the list that was settled. */
		if (e)
			dotlock_leave(&lock);
		TRY(e);
	}
	if (!holds_something(staged, NEXT_LIST))
		return NULL;
	CLEAN(fd) int next = tree_open(staged, NEXT_LIST, O_RDONLY, 0);
	return next < 0 ? fail_errno(errno, "cannot read a list of UIDs") : dotlock_publish(&lock, next);
}

struct error *place_folder(struct placing *p, const struct folder *f)
{
	CLEAN(fd) int staged = tree_open(p->staged, *f->name ? f->name : ".", O_RDONLY | O_DIRECTORY, 0);
	CLEAN(fd) int here = -1;
	bool placed = false;
	struct stat st;

	if (staged < 0)
		return errno == ENOENT ? NULL : fail_errno(errno, "cannot open the staged folder %s", f->name);
	if (*f->name && fstatat(p->here, f->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		TRY(place_whole(p, f->name, staged, &placed));
	if (placed)
		return NULL;
	TRY(tree_make(p->here, *f->name ? f->name : ".", &here));
	return f->imported ? merge(p, staged, here) : NULL;
}
