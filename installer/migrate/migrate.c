#include "migrate/migrate.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "host/file.h"
#include "host/seam.h"
#include "host/unpack.h"
#include "mail/accounts.h"
#include "migrate/import.h"
#include "migrate/prove.h"
#include "migrate/record.h"
#include "migrate/task.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEGABYTE  1e6
#define PROOFS	  10 /* mail may arrive between two counts */
#define PROOF_MS  500

DEFINE_CLEANUP(struct unpack *, unpack_free)

struct error *archive_open(const char *path, int *ret_fd)
{
	struct stat st;
	bool input = strcmp(path, "-") == 0;
	CLEAN(fd) int fd = input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(ERR_USAGE, "cannot open the archive %s: %s", path, strerror(errno));
	if (input && isatty(fd))
		return fail(ERR_USAGE, "standard input is a terminal: `ssh OLD tar cz -C /var/mail ... | mailsetup migrate-maildir -`");
	if (S_ISDIR(st.st_mode))
		return fail(ERR_USAGE, "%s is a directory; make an archive of it: `tar czf old.tar.gz -C %s .`", path, path);
	if (!input && !S_ISREG(st.st_mode))
		return fail(ERR_USAGE, "%s is no regular file; to read from a pipe, give - and use standard input", path);
	*ret_fd = fd;
	fd = -1;
	return NULL;
}

static struct error *take_report(struct migration *m, json_t *answer)
{
	struct report report = { 0 };
	struct error *e = report_read(json_object_get(answer, "report"), &report);

	json_decref(answer);
	report_free(&m->report);
	m->report = report;
	return e;
}

/* --- the parts of an import --- */

static struct import import_of(const struct migration *m)
{
	return (struct import){ .number = m->number, .dry = m->dry, .list = -1, .staging = -1, .report = m->report };
}

static struct error *sweep(const struct migration *m, unsigned number)
{
	struct import im = { .number = number, .list = -1, .staging = -1 };

	TRY(task_run(&im, task_sweep, NULL, &(struct watch){ .events = m->events }, NULL));
	return record_forget(m->host, m->state, number);
}

static struct error *load_accounts(const struct migration *m, struct assignment *a)
{
	CLEAN(accounts_close) struct accounts *accounts = NULL;

	TRY(accounts_open(m->host, true, &accounts));
	TRY(accounts_users(accounts, &a->accounts));
	for (size_t i = 0; m->maps && i < m->maps->n; i++)
		list_add(&a->maps, m->maps->v[i]);
	a->user = m->user;
	a->domain = m->params->domain;
	return assignment_check(a);
}

static struct error *check_space(const struct migration *m, uint64_t size)
{
	uint64_t bytes, inodes;
	bool read_only;

	TRY(file_space(m->host, MAILBOX_ROOT, &bytes, &inodes, &read_only));
	if (read_only)
		return fail(ERR_PRECHECK, "%s is on a file system that is mounted read-only; `mount -o remount,rw` it", MAILBOX_ROOT);
	if (!m->dry && bytes < size)
		return fail(ERR_PRECHECK, "the archive does not fit: it is %.0f MB, and %s has %.0f MB free; make room",
			(double)size / MEGABYTE, MAILBOX_ROOT, (double)bytes / MEGABYTE);
	return NULL;
}

static struct error *is_unchanged(const struct migration *m, const struct stat *before)
{
	struct stat now;

	if (fstat(m->fd, &now) < 0)
		return fail_errno(errno, "cannot look at the archive %s", m->archive);
	if (S_ISREG(now.st_mode) && (now.st_size != before->st_size || now.st_mtim.tv_sec != before->st_mtim.tv_sec ||
					    now.st_mtim.tv_nsec != before->st_mtim.tv_nsec))
		return fail(ERR_PRECHECK, "the archive %s was changed while it was read; nothing was imported", m->archive);
	return NULL;
}

static struct error *read_archive(struct migration *m, struct import *im)
{
	CLEAN(unpack_free) struct unpack *u = NULL;
	struct stat st;
	json_t *answer;

	if (fstat(m->fd, &st) < 0)
		return fail_errno(errno, "cannot look at the archive %s", m->archive);
	struct watch watch = { .events = m->events, .size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0, .began = clock_now() };
	TRY(check_space(m, watch.size));
	TRY(unpack_start(m->fd, watch.size, &u));
	TRY(task_run(im, task_stage, u, &watch, &answer));
	TRY(take_report(m, answer));
	return is_unchanged(m, &st);
}

static struct error *open_list(const struct migration *m, int *ret_fd)
{
	CLEAN(free) char *path = text(LIST_PATH, m->number);

	TRY(seam("list", path));
	return file_open(m->host, path, O_RDWR | O_CREAT | O_TRUNC, ret_fd);
}

/* The first half: nothing is visible to Dovecot. */
static struct error *judge_archive(struct migration *m)
{
	struct import im = import_of(m);
	CLEAN(fd) int list = -1;

	struct error *e = load_accounts(m, &im.assignment);
	if (!e && !m->dry)
		e = open_list(m, &list);
	im.list = list;
	if (!e)
		e = read_archive(m, &im);
	if (!e && list >= 0 && fsync(list) < 0)
		e = fail_errno(errno, "cannot write the list of the import");
	list_free(&im.assignment.accounts);
	list_free(&im.assignment.maps);
	return e;
}

/* Dovecot knows no user whose account is off: their mail is here, and cannot be counted before they are on again. */
static struct error *find_off(const struct migration *m, struct list *ret)
{
	CLEAN(accounts_close) struct accounts *accounts = NULL;

	TRY(accounts_open(m->host, true, &accounts));
	for (size_t i = 0; i < m->report.n; i++) {
		const char *address = m->report.mailboxes[i].address;
		bool active = true;

		if (address)
			TRY(accounts_user_is_active(accounts, address, &active));
		if (active)
			continue;
		list_add(ret, address);
		CLEAN(free) char *notice = text(_("%s is off: the mail is in its mailbox, but Dovecot does not count it before `mailsetup user "
						  "enable %s`"),
			address, address);
		events_emit(m->events, &(struct event){ .kind = EVENT_NOTICE, .text = notice });
	}
	return NULL;
}

static struct error *prove(struct migration *m)
{
	CLEAN(list) struct list off = { 0 };

	TRY(find_off(m, &off));
	for (unsigned i = 0; i < PROOFS && !m->proven; i++) {
		struct import im = import_of(m);
		json_t *answer;

		if (i) {
			nanosleep(&(struct timespec){ .tv_nsec = PROOF_MS * 1000000L }, NULL);
			TRY(task_run(&im, task_count, NULL, &(struct watch){ .events = m->events }, &answer));
			TRY(take_report(m, answer));
		}
		TRY(count_by_dovecot(m->host, &m->report, &off));
		m->proven = counts_add_up(&m->report, &off);
	}
	return NULL;
}

/* The second half: what was judged comes in. */
static struct error *place_all(struct migration *m)
{
	struct import im = import_of(m);
	struct watch watch = { .events = m->events };
	json_t *answer;

	connected_users(m->host, &im.sessions);
	struct error *e = task_run(&im, task_place, NULL, &watch, &answer);
	list_free(&im.sessions);
	TRY(e);
	TRY(take_report(m, answer));
	/* An import that brought nothing is nothing that could be taken back. */
	if (report_totals(&m->report).imported)
		TRY(record_write(m->state, m, PHASE_DONE));
	else
		TRY(record_forget(m->host, m->state, m->number));
	return NULL;
}

/* What Dovecot cannot be asked now is no error of the import: it is not proven, which is said. */
static struct error *place_and_prove(struct migration *m)
{
	TRY(place_all(m));
	struct error *e = prove(m);
	if (e)
		events_emit(m->events, &(struct event){ .kind = EVENT_WARNING, .text = error_message(e) });
	error_free(e);
	return NULL;
}

static struct error *import(struct migration *m)
{
	TRY(record_write(m->state, m, PHASE_READING));
	struct error *e = judge_archive(m);
	if (e) {
		report_free(&m->report);
		/* What was staged is of no use; where even that cannot be said, it is swept later. */
		error_free(sweep(m, m->number));
		m->number = 0;
		return e;
	}
	TRY(record_write(m->state, m, PHASE_PLACING));
	return place_and_prove(m);
}

static void show_begin(const struct migration *m)
{
	events_emit(m->events, &(struct event){ .kind = EVENT_STEP_BEGIN, .step = "import", .title = m->archive });
}

/* --- what is offered --- */

struct error *migration_unfinished(struct state *s, bool *ret)
{
	CLEAN(record) struct record r = { 0 };

	TRY(record_unfinished(s, &r));
	*ret = r.phase != PHASE_NONE;
	return NULL;
}

static struct error *finish(const struct migration *m, struct record *r)
{
	struct migration old = *m;

	old.number = r->number;
	old.archive = r->archive;
	old.user = r->user;
	old.maps = &r->maps;
	old.report = r->report;
	r->report = (struct report){ 0 };
	struct error *e = place_all(&old);
	if (!e) {
		CLEAN(free) char *notice = text(_("import %u of %s, which was unfinished, is complete: %llu messages"), r->number, old.archive,
			(unsigned long long)report_totals(&old.report).imported);

		events_emit(m->events, &(struct event){ .kind = EVENT_NOTICE, .text = notice });
	}
	report_free(&old.report);
	return wrap(e, "import %u, which was unfinished", r->number);
}

struct error *migration_settle(struct migration *m)
{
	CLEAN(record) struct record r = { 0 };

	TRY(record_unfinished(m->state, &r));
	if (r.phase == PHASE_NONE)
		return NULL;
	return r.phase == PHASE_PLACING ? finish(m, &r) : sweep(m, r.number);
}

struct error *migrate(struct migration *m)
{
	show_begin(m);
	if (m->dry)
		return judge_archive(m);
	TRY(migration_settle(m));
	TRY(record_next_number(m->state, &m->number));
	return import(m);
}

struct error *migration_resume(struct migration *m)
{
	CLEAN(record) struct record r = { 0 };
	CLEAN(fd) int fd = -1;

	TRY(record_unfinished(m->state, &r));
	m->number = r.number;
	m->archive = r.archive;
	m->user = r.user;
	m->maps = &r.maps;
	show_begin(m);
	if (r.phase == PHASE_PLACING) {
		m->report = r.report;
		r.report = (struct report){ 0 };
		return place_and_prove(m);
	}
	if (strcmp(m->archive, "-") == 0) {
		TRY(sweep(m, m->number));
		return fail(ERR_STOPPED, "the import was read from standard input and is not complete; nothing was imported: run the same command again");
	}
	struct error *e = archive_open(m->archive, &fd);
	if (e) {
		e = join(wrap(e, "import %u, which nothing has come of yet, is given up", m->number), sweep(m, m->number));
		m->number = 0;
		return e;
	}
	m->fd = fd;
	e = import(m);
	m->fd = -1;
	return e;
}

struct error *migration_undo(struct migration *m, unsigned number, struct undone *ret)
{
	CLEAN(record) struct record r = { 0 };
	CLEAN(free) char *path = text(LIST_PATH, number);
	CLEAN(fd) int list = -1;
	CLEAN(json_decref) json_t *answer = NULL;
	json_int_t removed, gone;

	TRY(record_read(m->state, number, &r));
	if (r.phase == PHASE_NONE)
		return fail(ERR_USAGE, "there is no import %u; `mailsetup migrate-maildir --list` shows those that can be taken back", number);
	if (r.phase != PHASE_DONE)
		return fail(ERR_CONFLICT, "import %u is not finished: run `mailsetup resume` first", number);
	struct error *e = file_open(m->host, path, O_RDONLY, &list);
	if (error_errno(e) == ENOENT) {
		/* An undo that was killed between its two last acts. */
		error_free(e);
		*ret = (struct undone){ 0 };
		return record_forget(m->host, m->state, number);
	}
	TRY(e);
	struct import im = { .number = number, .list = list, .staging = -1, .report = r.report };
	TRY(task_run(&im, task_undo, ret, &(struct watch){ .events = m->events }, &answer));
	if (json_unpack(answer, "{sI sI}", "removed", &removed, "gone", &gone) != 0)
		return fail(ERR_STOPPED, "the process of the import gave no report");
	*ret = (struct undone){ .removed = (uint64_t)removed, .gone = (uint64_t)gone };
	return record_forget(m->host, m->state, number);
}
