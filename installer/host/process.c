#include "host/process.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "host/process_child.h"
#include "host/process_stream.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEARCH_PATH     "/usr/sbin:/usr/bin:/sbin:/bin"
#define DEFAULT_TIMEOUT 60
#define GRACE           5 /* seconds from SIGTERM to SIGKILL, and from there to giving up */
#define DETAIL_SIZE     4096
#define OUTPUT_LIMIT    ((size_t)16 << 20)
#define LINE_LIMIT      ((size_t)64 << 10)
#define LONGEST_TICK    50 /* milliseconds between two looks at the child */
#define DRAIN_ROUNDS    4096

struct child {
	const struct process *process;
	pid_t pid;
	int input;
	struct stream output, error, status;
	bool ended;
	int wait_status;
	unsigned signals; /* sent at the time limit */
	bool interrupted;
	double deadline;
};

static void child_cleanup(struct child *c)
{
	fd_cleanup(&c->input);
	stream_close(&c->output);
	stream_close(&c->error);
	stream_close(&c->status);
}

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* NULL when there is none. */
static char *program_find(struct host *h, const char *program)
{
	const char *root = host_is_real(h) ? "" : host_root(h);
	CLEAN(list) struct list places = { 0 };

	if (strchr(program, '/'))
		list_addf(&places, "%s%s", root, program);
	else
		list_split(&places, SEARCH_PATH, ":");
	for (size_t i = 0; i < places.n; i++) {
		CLEAN(free) char *path = strchr(program, '/') ? text_copy(places.v[i])
							      : text("%s%s/%s", root, places.v[i], program);
		if (is_program(path))
			return TAKE(path);
	}
	return NULL;
}

bool process_available(struct host *h, const char *program)
{
	CLEAN(free) char *path = program_find(h, program);

	return path != NULL;
}

static void environment_make(struct host *h, const struct process *p, struct list *ret)
{
	list_add(ret, "PATH=" SEARCH_PATH);
	list_add(ret, "HOME=/root");
	list_add(ret, "LC_ALL=C.UTF-8");
	if (!host_is_real(h))
		list_addf(ret, "MAILSETUP_ROOT=%s", host_root(h));
	for (size_t i = 0; p->environment && p->environment[i]; i++)
		list_add(ret, p->environment[i]);
}

/* Waits up to tick milliseconds for something to read; true when something was. A signal wakes it early. */
static bool child_listen(struct child *c, unsigned tick)
{
	struct stream *streams[] = { &c->output, &c->error, &c->status };
	struct pollfd polls[3];
	bool any = false;

	for (size_t i = 0; i < 3; i++)
		polls[i] = (struct pollfd){ .fd = streams[i]->ours, .events = POLLIN };
	if (poll(polls, 3, (int)tick) <= 0)
		return false;
	for (size_t i = 0; i < 3; i++)
		if (polls[i].fd >= 0 && polls[i].revents)
			any |= stream_read(streams[i]) || streams[i]->ours < 0;
	if (c->process->on_output && c->output.data.size) {
		c->process->on_output(c->process->context, c->output.data.data, c->output.data.size);
		c->output.data.size = 0;
	}
	if (c->process->on_status)
		stream_lines(&c->status, false, c->process->on_status, c->process->context);
	return any;
}

static struct error *child_start(struct child *c, struct host *h)
{
	const struct process *p = c->process;
	CLEAN(list) struct list environment = { 0 };
	CLEAN(free) char *path = program_find(h, p->argv[0]);

	if (!path)
		return fail(ERR_STOPPED,
			"the program %s is not on this machine; install the package that brings it", p->argv[0]);
	environment_make(h, p, &environment);
	TRY(input_open(p->input, &c->input));
	/* What must outlive us must not get SIGPIPE when we die: it writes into memory. */
	TRY(stream_open(&c->output, p->keep_interrupts));
	TRY(stream_open(&c->error, p->keep_interrupts));
	if (p->on_status)
		TRY(stream_open(&c->status, false));
	const struct launch launch = {
		.path = path,
		.argv = p->argv,
		.environment = environment.v,
		.descriptors = { c->input, c->output.theirs, p->merge ? c->output.theirs : c->error.theirs, c->status.theirs },
	};
	TRY(child_launch(&launch, &c->pid));
	struct stream *streams[] = { &c->output, &c->error, &c->status };
	for (size_t i = 0; i < 3; i++) {
		if (streams[i]->in_memory)
			continue;
		fd_cleanup(&streams[i]->theirs);
		streams[i]->theirs = -1;
	}
	return NULL;
}

static struct error *child_look(struct child *c)
{
	if (c->ended)
		return NULL;
	pid_t pid = waitpid(c->pid, &c->wait_status, WNOHANG);
	if (pid < 0 && errno != EINTR)
		return fail_errno(errno, "cannot learn how %s ended", c->process->argv[0]);
	c->ended = pid == c->pid;
	return NULL;
}

/* After the time limit the others of its group must be gone too. */
static bool child_is_over(const struct child *c)
{
	static const unsigned all_signals = 2;

	if (!c->signals)
		return c->ended;
	return c->signals > all_signals || (c->ended && kill(-c->pid, 0) < 0);
}

static void child_hurry(struct child *c)
{
	static const int signals[] = { SIGTERM, SIGKILL };

	c->interrupted |= !c->signals && c->process->until_interrupted && interrupted();
	if (clock_now() < c->deadline && (c->signals || !c->interrupted))
		return;
	if (c->signals < sizeof(signals) / sizeof(*signals))
		kill(-c->pid, signals[c->signals]);
	c->signals++;
	c->deadline = clock_now() + GRACE;
}

static unsigned timeout_of(const struct process *p)
{
	return p->timeout ? p->timeout : DEFAULT_TIMEOUT;
}

static struct error *child_watch(struct child *c)
{
	unsigned tick = 1;

	c->deadline = clock_now() + timeout_of(c->process);
	for (;;) {
		TRY(child_look(c));
		if (child_is_over(c))
			break;
		if (child_listen(c, tick))
			tick = 1;
		else if (tick < LONGEST_TICK)
			tick *= 2;
		child_hurry(c);
	}
	/* What it left in the pipes; a daemon that it started may keep them open, and write. */
	for (unsigned i = 0; i < DRAIN_ROUNDS && child_listen(c, 0); i++)
		;
	stream_collect(&c->output);
	stream_collect(&c->error);
	if (c->process->on_status)
		stream_lines(&c->status, true, c->process->on_status, c->process->context);
	return NULL;
}

static struct error *add_detail(struct child *c, struct error *e)
{
	const struct bytes *said = c->error.data.size ? &c->error.data : &c->output.data;
	size_t size = said->size < DETAIL_SIZE ? said->size : DETAIL_SIZE;

	if (!size)
		return e;
	const char *start = said->data + said->size - size;
	/* Not the end of a line whose beginning is lost. */
	const char *newline = size == DETAIL_SIZE ? strchr(start, '\n') : NULL;
	return with_detail(e, newline && newline[1] ? newline + 1 : start);
}

static struct error *child_verdict(struct child *c, int *ret_status)
{
	const struct process *p = c->process;
	const char *program = p->argv[0];

	*ret_status = c->ended && WIFEXITED(c->wait_status) ? WEXITSTATUS(c->wait_status) : -1;
	if (c->interrupted)
		return fail(ERR_STOPPED, "interrupted while %s ran", program);
	if (c->signals)
		return add_detail(c,
			fail(ERR_STOPPED, "%s did not finish within %u s", program, timeout_of(p)));
	if (WIFSIGNALED(c->wait_status)) {
		CLEAN(free) char *name = signal_name(WTERMSIG(c->wait_status));
		return add_detail(c, fail(ERR_STOPPED, "%s failed: killed by signal %s", program, name));
	}
	if (*ret_status && *ret_status != p->accept)
		return add_detail(c, fail(ERR_STOPPED, "%s failed: exit status %d", program, *ret_status));
	if (c->output.overflow && !c->output.keep_end)
		return fail(ERR_STOPPED, "%s wrote more than %zu bytes", program, OUTPUT_LIMIT);
	return NULL;
}

static struct error *child_run(struct child *c, struct host *h)
{
	sigset_t interrupts, before;

	sigemptyset(&interrupts);
	if (c->process->keep_interrupts) {
		sigaddset(&interrupts, SIGINT);
		sigaddset(&interrupts, SIGTERM);
	}
	sigprocmask(SIG_BLOCK, &interrupts, &before);
	struct error *e = child_start(c, h);
	if (!e)
		e = child_watch(c);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return e;
}

struct error *process_run(struct host *h, const struct process *p, struct bytes *ret_output, int *ret_status)
{
	const struct stream closed = { .ours = -1, .theirs = -1, .limit = 2 * DETAIL_SIZE, .keep_end = true };
	CLEAN(child) struct child c = {
		.process = p, .input = -1, .output = closed, .error = closed, .status = closed
	};
	int status;

	c.status.limit = LINE_LIMIT;
	if (ret_output) {
		c.output.limit = OUTPUT_LIMIT;
		c.output.keep_end = false;
	}
	TRY(child_run(&c, h));
	struct error *e = child_verdict(&c, &status);
	if (ret_status)
		*ret_status = status;
	if (e || !ret_output)
		return e;
	bytes_add(ret_output, bytes_text(&c.output.data), c.output.data.size);
	return NULL;
}

struct error *process_simple(struct host *h, struct bytes *ret_output, const char *program, ...)
{
	CLEAN(list) struct list argv = { 0 };
	va_list arguments;

	va_start(arguments, program);
	for (const char *s = program; s; s = va_arg(arguments, const char *))
		list_add(&argv, s);
	va_end(arguments);
	return process_run(h, &(struct process){ .argv = (const char *const *)argv.v }, ret_output, NULL);
}
