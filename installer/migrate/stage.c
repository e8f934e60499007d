#include "migrate/stage.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "mail/name.h"
#include "migrate/stage_folder.h"
#include "migrate/stage_message.h"
#include "migrate/tree.h"
#include "migrate/worker.h"

#include <fcntl.h>
#include <strings.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MEGABYTE      (1024ULL * 1024)
#define RESERVE	      (64 * MEGABYTE) /* stays free for the mail that arrives */
#define RESERVE_FILES 1000
#define BOMB_SIZE     (1024 * MEGABYTE)
#define BOMB_RATIO    500 /* deflate reaches 1000; mail, headers of the tar included, a tenth of that */
#define SMALL_FILE    (1 * MEGABYTE)
#define UIDLIST_MAX   (512 * MEGABYTE)
#define FOLDERS_MAX   20000U
#define LOOK_EVERY    256 /* members between two looks at the clock and the disk */

static const struct {
	enum maildir_kind kind;
	const char *name; /* in staging */
	uint64_t limit;
} files[] = {
	{ MAILDIR_UIDLIST, "dovecot-uidlist", UIDLIST_MAX },
	{ MAILDIR_KEYWORDS, "dovecot-keywords", SMALL_FILE },
	{ MAILDIR_SUBSCRIPTIONS, "subscriptions", SMALL_FILE },
	{ MAILDIR_COURIER_SUBSCRIPTIONS, "courierimapsubscribed", SMALL_FILE },
};

struct stager {
	struct import *im;
	struct unpack *u;
	struct target target;
	uint64_t members, messages;
	double told; /* when progress was last told */
};

static void leave_out(struct stager *s, const char *reason, const char *path)
{
	CLEAN(free) char *shown = printable(path);

	reason_count(&s->im->report.left_out, &s->im->report.n_left_out, reason, shown);
}

static void refuse(struct stager *s, const char *reason, const char *path)
{
	CLEAN(free) char *shown = printable(path);

	reason_count(&s->im->report.refused, &s->im->report.n_refused, reason, shown);
}

static struct error *same_account(const struct stager *s, const char *root, const char *address)
{
	for (size_t i = 0; address && i < s->im->report.n; i++) {
		const struct mailbox *m = &s->im->report.mailboxes[i];

		if (!m->address || strcmp(m->address, address) != 0)
			continue;
		CLEAN(free) char *first = printable(m->root), *second = printable(root);
		return fail(ERR_USAGE,
			"the archive holds more than one mailbox, “%s” and “%s” among them, and both would be %s's: name each with "
			"--map OLD=ADDRESS, or import them one after the other",
			first, second, address);
	}
	return NULL;
}

static struct error *name_user(void)
{
	return fail(ERR_USAGE, "the archive is one mailbox and does not say whose: add --user ADDRESS");
}

/* A Maildir, and the scripts beside it, are one mailbox: that of the address whose root is the other's parent. */
static struct mailbox *other_half(struct stager *s, const char *root, const char *address)
{
	for (size_t i = 0; address && i < s->im->report.n; i++) {
		struct mailbox *m = &s->im->report.mailboxes[i];
		const char *shorter = strlen(root) < strlen(m->root) ? root : m->root, *longer = shorter == root ? m->root : root;
		size_t n = strlen(shorter);

		if (m->address && strcmp(m->address, address) == 0 && strncmp(longer, shorter, n) == 0 &&
			strcasecmp(longer + n, n ? "/Maildir" : "Maildir") == 0)
			return m;
	}
	return NULL;
}

static bool has_messages(const struct mailbox *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->folders[i].archive)
			return true;
	return false;
}

/* Whether what will be written to is the mailboxes' user's, before hours of reading. */
static struct error *check_writable(const struct stager *s, const struct mailbox *m)
{
	CLEAN(free) char *domain = m->path ? text_copy_n(m->path, strcspn(m->path, "/")) : NULL;
	const char *const places[] = { m->path, domain, "." };

	for (size_t i = 0; m->path && i < sizeof(places) / sizeof(*places); i++) {
		if (faccessat(s->im->mail, places[i], R_OK | W_OK | X_OK, AT_EACCESS) == 0)
			return NULL;
		if (errno != ENOENT)
			return fail(ERR_PRECHECK, "%s/%s does not belong to the user of the mailboxes (%s): `chown -R %d:%d %s/%s`", MAILBOX_ROOT, places[i], strerror(errno), MAILBOX_ID, MAILBOX_ID, MAILBOX_ROOT, places[i]);
	}
	return NULL;
}

static struct error *mailbox_of(struct stager *s, const char *root, bool message, size_t *ret)
{
	struct mailbox *m = report_mailbox(&s->im->report, root);

	if (!m) {
		const char *address = assignment_of(&s->im->assignment, root);

		m = other_half(s, root, address);
		if (m && message && has_messages(m))
			m = NULL; /* two Maildirs */
		if (m && message) {
			free(m->root);
			m->root = text_copy(root);
		}
	}
	if (!m) {
		const char *address = assignment_of(&s->im->assignment, root);

		if (!address && (!*root || strcmp(root, "Maildir") == 0) && !s->im->assignment.maps.n)
			return name_user();
		if (s->im->report.n >= 10000)
			return fail(ERR_PRECHECK, "the archive holds more than 10000 mailboxes: it is refused");
		TRY(same_account(s, root, address));
		m = report_mailbox_add(&s->im->report, root, address);
		TRY(check_writable(s, m));
	}
	*ret = (size_t)(m - s->im->report.mailboxes);
	return NULL;
}

static struct error *turn_to(struct stager *s, const struct maildir_place *p)
{
	size_t mailbox = 0;

	TRY(mailbox_of(s, p->root, p->kind == MAILDIR_MESSAGE, &mailbox));
	if (s->im->report.folders > FOLDERS_MAX)
		return fail(ERR_PRECHECK, "the archive holds more than %u folders: it is refused", FOLDERS_MAX);
	return target_open(&s->target, mailbox, p->folder);
}

static struct error *take_message(struct stager *s, const struct member *m, const struct maildir_place *p)
{
	struct source source = { .u = s->u, .fd = -1 };
	const char *reason = NULL;

	s->messages++;
	TRY(turn_to(s, p));
	TRY(message_take(&s->target, m, p, &source, &reason));
	target_folder(&s->target)->archive++;
	if (reason) {
		target_folder(&s->target)->refused++;
		refuse(s, reason, m->path);
	}
	return NULL;
}

/* One of Dovecot's files, or a script, as it is. */
static struct error *take_file(struct stager *s, const struct member *m, const struct maildir_place *p, const char *name, uint64_t limit)
{
	const void *data;
	size_t size;

	TRY(turn_to(s, p));
	if (!s->im->report.mailboxes[s->target.mailbox].path || s->im->dry)
		return NULL;
	if (m->size > limit || !m->size) {
		leave_out(s, m->size ? N_("too large for what it is") : N_("empty"), m->path);
		return NULL;
	}
	CLEAN(free) char *directory = text("%zu/%s%s", s->target.mailbox, p->folder, strchr(name, '/') ? "/sieve" : "");
	CLEAN(fd) int at = -1;
	TRY(tree_make(s->im->staging, directory, &at));
	const char *slash = strrchr(name, '/');
	CLEAN(fd) int fd = tree_open(at, slash ? slash + 1 : name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		return fail_errno(errno, "cannot stage %s", name);
	for (;;) {
		TRY(unpack_data(s->u, &data, &size));
		if (!size)
			return NULL;
		TRY(write_all(fd, data, size, name));
	}
}

/* The script in use is a link to it, of which only the name is taken; or the script itself. */
static struct error *take_active(struct stager *s, const struct member *m, const struct maildir_place *p)
{
	const char *slash = strrchr(m->link, '/');
	CLEAN(free) char *name = text_copy(m->type == MEMBER_FILE ? "imported.sieve" : slash ? slash + 1 : m->link);
	CLEAN(free) char *path = text("sieve/%s", name);
	CLEAN(maildir_place) struct maildir_place script;

	maildir_judge(path, &script);
	if (script.kind != MAILDIR_SIEVE || (m->type != MEMBER_FILE && m->type != MEMBER_SYMLINK)) {
		leave_out(s, N_("no script of Sieve"), m->path);
		return NULL;
	}
	if (m->type == MEMBER_FILE)
		TRY(take_file(s, m, p, path, SMALL_FILE));
	else
		TRY(turn_to(s, p));
	if (!s->im->report.mailboxes[s->target.mailbox].path || s->im->dry)
		return NULL;
	CLEAN(free) char *active = text("%zu/active", s->target.mailbox);
	return tree_write(s->im->staging, active, name, strlen(name));
}

static struct error *hostile(const struct member *m, const struct maildir_place *p)
{
	CLEAN(free) char *shown = printable(m->path);

	return fail(ERR_PRECHECK, "the archive holds “%s”, %s: no archive of mail needs that, so it is refused whole", shown,
		translated(p->reason));
}

/* A folder without a message is a folder, too. */
static struct error *take_directory(struct stager *s, const struct member *m)
{
	CLEAN(free) char *inside = text("%s/1", m->path);
	CLEAN(maildir_place) struct maildir_place p;

	maildir_judge(inside, &p);
	if (p.kind == MAILDIR_HOSTILE)
		return hostile(m, &p);
	return p.kind == MAILDIR_MESSAGE && *p.folder ? turn_to(s, &p) : NULL;
}

static const char *why_left_out(enum maildir_kind kind, enum member_type type)
{
	if (type == MEMBER_SYMLINK || type == MEMBER_HARDLINK)
		return N_("a link");
	if (type == MEMBER_OTHER || type == MEMBER_SPARSE)
		return type == MEMBER_OTHER ? N_("a device, fifo or socket") : N_("a file with holes");
	return kind == MAILDIR_LEFTOVER ? N_("never delivered, in tmp/") :
	       kind == MAILDIR_CACHE	? N_("an index or a cache of the old server") :
					  N_("nothing of a Maildir");
}

static struct error *take_other(struct stager *s, const struct member *m, const struct maildir_place *p)
{
	CLEAN(free) char *script = NULL;

	if (m->type == MEMBER_FILE)
		for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
			if (files[i].kind == p->kind)
				return take_file(s, m, p, files[i].name, files[i].limit);
	if (m->type == MEMBER_FILE && p->kind == MAILDIR_SIEVE) {
		script = text("sieve/%s", p->name);
		return take_file(s, m, p, script, SMALL_FILE);
	}
	leave_out(s, why_left_out(p->kind, m->type), m->path);
	return NULL;
}

static struct error *take(struct stager *s, const struct member *m)
{
	CLEAN(maildir_place) struct maildir_place p;

	maildir_judge(m->path, &p);
	if (p.kind == MAILDIR_HOSTILE)
		return hostile(m, &p);
	if (m->type == MEMBER_DIRECTORY)
		return take_directory(s, m);
	if (p.kind == MAILDIR_MESSAGE)
		return take_message(s, m, &p);
	if (p.kind == MAILDIR_BAD_MESSAGE) {
		s->messages++;
		refuse(s, p.reason, m->path);
		return NULL;
	}
	if (p.kind == MAILDIR_SIEVE_ACTIVE)
		return take_active(s, m, &p);
	return take_other(s, m, &p);
}

static struct error *look_at_disk(const struct stager *s, uint64_t more)
{
	struct statvfs v;

	if (s->im->dry || fstatvfs(s->im->mail, &v) < 0)
		return NULL;
	if ((uint64_t)v.f_bavail * v.f_frsize < RESERVE + more)
		return fail(ERR_PRECHECK, "the archive does not fit: %s would have less than %llu MB free; make room", MAILBOX_ROOT, RESERVE / MEGABYTE);
	if (v.f_files && v.f_favail < RESERVE_FILES)
		return fail(ERR_PRECHECK, "the archive does not fit: %s would have less than %d inodes free", MAILBOX_ROOT, RESERVE_FILES);
	return NULL;
}

static struct error *look(struct stager *s)
{
	uint64_t produced = unpack_produced(s->u), consumed = unpack_consumed(s->u);

	if (produced > BOMB_SIZE && produced / BOMB_RATIO > consumed)
		return fail(ERR_PRECHECK, "the archive unpacks to more than %u times its size: no mail does, so it is refused", BOMB_RATIO);
	const double now = clock_now();
	if (now - s->told < 0.25)
		return NULL;
	s->told = now;
	TRY(look_at_disk(s, 0));
	return worker_tell(s->im, json_pack("{sI sI}", "consumed", (json_int_t)consumed, "messages", (json_int_t)s->messages));
}

static struct error *take_all(struct stager *s)
{
	struct member m;

	for (;;) {
		TRY(unpack_next(s->u, &m));
		if (m.type == MEMBER_END)
			return NULL;
		if (m.size > MEGABYTE)
			TRY(look_at_disk(s, m.size));
		TRY(take(s, &m));
		if (m.size > MEGABYTE || ++s->members % LOOK_EVERY == 0)
			TRY(look(s));
	}
}

struct error *stage(struct import *im, struct unpack *u)
{
	struct stager s = {
		.im = im,
		.u = u,
		.target = { .im = im, .index = index_new(), .staged = { -1, -1 }, .here = { -1, -1 } },
	};

	im->listed = im->list >= 0 ? fdopen(im->list, "w") : NULL;
	struct error *e = im->list >= 0 && !im->listed ? fail_errno(errno, "cannot write the list of the import") : look_at_disk(&s, 0);
	if (!e)
		e = take_all(&s);
	target_close(&s.target);
	TRY(e);
	if (im->listed && fclose(im->listed) != 0)
		return fail_errno(errno, "cannot write the list of the import");
	const struct report *r = &im->report;
	struct totals t = report_totals(r);
	if (!t.archive)
		return fail(ERR_PRECHECK, "the archive holds no message: a Maildir has them in cur/ and new/");
	if (r->n == 1 && !r->mailboxes[0].address && root_is_single(r->mailboxes[0].root))
		return name_user();
	return NULL;
}
