#include "migrate/worker.h"
#include "base/i18n.h"
#include "base/json_text.h"
#include "host/child.h"
#include "host/seam.h"
#include "migrate/tree.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_MAX_SIZE (256U << 20)

struct worker {
	pid_t pid;
	int fd;
	struct bytes pending; /* read, not yet a line */
	bool ended;
};

static struct error *become_mailbox_user(pid_t parent)
{
	if (geteuid() == 0 && child_become(MAILBOX_ID) < 0)
		return fail_errno(errno, "cannot become the user of the mailboxes");
	if (child_confine() < 0 || getppid() != parent)
		return fail(ERR_STOPPED, "cannot give up privileges");
	umask(077);
	return NULL;
}

static void calm_signals(void)
{
	/* Not in the terminal's group: an interrupt is the parent's to answer. */
	setpgid(0, 0);
	child_reset_signals();
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

static struct error *run_task(struct import *im, worker_task *task, void *argument, pid_t parent)
{
	TRY(become_mailbox_user(parent));
	im->mail = open(MAILBOX_ROOT, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (im->mail < 0)
		return fail_errno(errno, "cannot open %s", MAILBOX_ROOT);
	return task(im, argument);
}

static _Noreturn void child(struct import *im, worker_task *task, void *argument, pid_t parent)
{
	calm_signals();
	seam_inherit();
	struct error *e = run_task(im, task, argument, parent);
	json_t *last = e ? json_pack("{si so}", "code", (int)error_code(e), "error", json_text(error_message(e))) :
			   json_pack("{sb}", "end", 1);
	_exit(worker_tell(im, last) != NULL);
}

struct error *worker_start(struct import *im, worker_task *task, void *argument, struct worker **ret)
{
	int ends[2];
	pid_t parent = getpid();

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(errno, "cannot open a pipe");
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0) {
		struct error *e = fail_errno(errno, "cannot start a process");

		close(ends[0]);
		close(ends[1]);
		return e;
	}
	if (pid == 0) {
		close(ends[0]);
		im->control = ends[1];
		child(im, task, argument, parent);
	}
	close(ends[1]);
	struct worker *w = allocate(sizeof(*w));
	*w = (struct worker){ .pid = pid, .fd = ends[0] };
	*ret = w;
	return NULL;
}

struct error *worker_tell(struct import *im, json_t *value)
{
	CLEAN(free) char *line = value ? json_dumps(value, JSON_COMPACT) : NULL;

	json_decref(value);
	if (!line)
		return fail(ERR_STOPPED, "cannot tell how the import goes");
	TRY(write_all(im->control, line, strlen(line), _("to the parent")));
	return write_all(im->control, "\n", 1, _("to the parent"));
}

static struct error *understand(struct worker *w, const char *line, json_t **ret)
{
	CLEAN(json_decref) json_t *json = json_loads(line, 0, NULL);
	const char *message;
	int code;

	if (!json)
		return fail(ERR_STOPPED, "the process of the import said what cannot be understood");
	w->ended = json_object_get(json, "end") || json_object_get(json, "error");
	/* It comes from a child that has less to say than root. */
	if (json_unpack(json, "{si ss}", "code", &code, "error", &message) == 0)
		return fail(code > ERR_OK && code <= ERR_INCOMPLETE ? (enum error_code)code : ERR_STOPPED, "%s", message);
	*ret = w->ended ? NULL : TAKE(json);
	return NULL;
}

static struct error *died(struct worker *w)
{
	int status = child_wait(w->pid);

	w->ended = true;
	w->pid = -1;
	seam_follow();
	return WIFSIGNALED(status) ? fail(ERR_STOPPED, "the process of the import was killed (signal %d)", WTERMSIG(status)) :
				     fail(ERR_STOPPED, "the process of the import ended too early");
}

/* A whole line that is pending, owned by the caller, or NULL. */
static char *pending_line(struct worker *w)
{
	char *end = w->pending.size ? memchr(w->pending.data, '\n', w->pending.size) : NULL;

	if (!end)
		return NULL;
	size_t n = (size_t)(end - w->pending.data);
	char *line = text_copy_n(w->pending.data, n);
	memmove(w->pending.data, end + 1, w->pending.size - n - 1);
	w->pending.size -= n + 1;
	return line;
}

struct error *worker_hear(struct worker *w, int timeout, json_t **ret)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN };
	char buffer[65536];

	*ret = NULL;
	for (;;) {
		CLEAN(free) char *line = pending_line(w);
		if (line)
			return understand(w, line, ret);
		int ready = poll(&p, 1, timeout);
		if (ready <= 0) {
			*ret = json_object();
			return NULL;
		}
		ssize_t n = read(w->fd, buffer, sizeof(buffer));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return died(w);
		if (w->pending.size + (size_t)n > LINE_MAX_SIZE)
			return fail(ERR_STOPPED, "the process of the import says too much");
		bytes_add(&w->pending, buffer, (size_t)n);
	}
}

void worker_free(struct worker *w)
{
	close(w->fd);
	if (w->pid > 0 && w->ended)
		child_wait(w->pid);
	else if (w->pid > 0)
		child_end(w->pid);
	bytes_free(&w->pending);
	free(w);
}
