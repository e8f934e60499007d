#include "host/compute.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "host/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define NICE	      10
#define TICK_MS	      250	 /* between two calls of progress */
#define LIMIT_SECONDS (6 * 3600) /* the slowest work, 8192-bit DH parameters, takes an hour or two */
#define RESULT_MAX    (1 << 20)
#define OUT	      3

struct job {
	char *name;
	pid_t pid;
	int fd;		    /* the result comes out of it */
	unsigned *progress; /* a page shared with the child: a pipe nobody reads yet would fill */
	struct job *next;
};

struct compute {
	struct job *jobs;
};

/* What the child writes first; then size bytes: the result, or the message of the error. */
struct answer {
	enum error_code code;
	size_t size;
};

static unsigned *reported; /* in the child: where its parent looks */

void compute_report(unsigned n)
{
	if (reported)
		__atomic_store_n(reported, n, __ATOMIC_RELAXED);
}

struct compute *compute_new(void)
{
	return allocate(sizeof(struct compute));
}

static void job_free(struct job *j)
{
	if (j->pid > 0)
		child_end(j->pid);
	if (j->fd >= 0)
		close(j->fd);
	if (j->progress)
		munmap(j->progress, sizeof(*j->progress));
	free(j->name);
	free(j);
}
DEFINE_CLEANUP(struct job *, job_free)

void compute_free(struct compute *c)
{
	while (c->jobs) {
		struct job *j = c->jobs;

		c->jobs = j->next;
		job_free(j);
	}
	free(c);
}

static struct job **find(const struct compute *c, const char *name)
{
	struct job **at = (struct job **)&c->jobs;

	while (*at && strcmp((*at)->name, name) != 0)
		at = &(*at)->next;
	return at;
}

bool compute_started(const struct compute *c, const char *name)
{
	return *find(c, name) != NULL;
}

static void write_all(int fd, const void *data, size_t size)
{
	const char *p = data;

	while (size) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(1); /* nobody waits any more */
		p += n;
		size -= (size_t)n;
	}
}

/* The result goes to descriptor OUT. */
static void become_background(pid_t parent, int out)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	/* Not in the terminal's group: an interrupt is the parent's to answer. */
	setpgid(0, 0);
	setpriority(PRIO_PROCESS, 0, NICE);
	child_reset_signals();
	/* The parent's locks and namespaces must not live on in a child. */
	if (dup2(out, OUT) < 0)
		_exit(1);
	child_close_from(OUT + 1);
}

static _Noreturn void run(compute_work *work, void *argument)
{
	struct bytes result = { 0 };
	struct error *e = work(argument, &result);
	const char *message = e ? error_message(e) : NULL;
	struct answer answer = { .code = error_code(e), .size = message ? strlen(message) : result.size };

	write_all(OUT, &answer, sizeof(answer));
	write_all(OUT, message ? message : bytes_text(&result), answer.size);
	bytes_wipe(&result);
	_exit(0);
}

struct error *compute_start(struct compute *c, const char *name, compute_work *work, void *argument)
{
	if (compute_started(c, name))
		return NULL;

	CLEAN(job_free) struct job *j = allocate(sizeof(*j));
	int ends[2];
	pid_t parent = getpid();

	j->name = text_copy(name);
	j->fd = -1;
	j->progress =
		mmap(NULL, sizeof(*j->progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (j->progress == MAP_FAILED) {
		j->progress = NULL;
		return fail_errno(errno, "cannot share memory with the computation of %s", name);
	}
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(errno, "cannot open a pipe to the computation of %s", name);
	j->fd = ends[0];
	CLEAN(fd) int its_end = ends[1];

	j->pid = fork();
	if (j->pid < 0)
		return fail_errno(errno, "cannot start a process to compute %s", name);
	if (j->pid == 0) {
		become_background(parent, its_end);
		reported = j->progress;
		run(work, argument);
	}
	j->next = c->jobs;
	c->jobs = TAKE(j);
	return NULL;
}

struct wait {
	struct job *job;
	void (*progress)(void *context, unsigned n);
	void *context;
	double deadline;
};

static struct error *wait_readable(struct wait *w)
{
	struct pollfd p = { .fd = w->job->fd, .events = POLLIN };

	while (clock_now() < w->deadline) {
		int n = poll(&p, 1, TICK_MS);

		if (interrupted())
			return fail(ERR_STOPPED, "interrupted while computing %s; run `mailsetup resume`",
				w->job->name);
		if (n > 0)
			return NULL;
		if (n < 0 && errno != EINTR)
			return fail_errno(errno, "cannot wait for the computation of %s", w->job->name);
		if (n == 0 && w->progress)
			w->progress(w->context, __atomic_load_n(w->job->progress, __ATOMIC_RELAXED));
	}
	return fail(ERR_STOPPED, "the computation of %s took more than %d hours; run `mailsetup resume`",
		w->job->name, LIMIT_SECONDS / 3600);
}

static struct error *died(struct job *j)
{
	int status = child_wait(j->pid);

	j->pid = 0;
	if (WIFSIGNALED(status))
		return fail(ERR_STOPPED,
			"the computation of %s was killed by signal %d; run `mailsetup resume`", j->name,
			WTERMSIG(status));
	return fail(
		ERR_STOPPED, "the computation of %s ended without a result; run `mailsetup resume`", j->name);
}

static struct error *read_all(struct wait *w, void *data, size_t size)
{
	char *p = data;

	while (size) {
		TRY(wait_readable(w));
		ssize_t n = read(w->job->fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(errno, "cannot read the result of computing %s", w->job->name);
		if (n == 0)
			return died(w->job);
		p += n;
		size -= (size_t)n;
	}
	return NULL;
}

struct error *compute_collect(struct compute *c, const char *name, void (*progress)(void *context, unsigned n),
	void *context, struct bytes *ret)
{
	struct job **at = find(c, name);
	struct answer answer;

	if (!*at)
		return fail(ERR_STOPPED, "the computation of %s was not started", name);

	CLEAN(job_free) struct job *j = *at;
	struct wait w = {
		.job = j, .progress = progress, .context = context, .deadline = clock_now() + LIMIT_SECONDS
	};

	*at = j->next;
	TRY(read_all(&w, &answer, sizeof(answer)));
	if (answer.size > RESULT_MAX)
		return fail(ERR_STOPPED, "the result of computing %s is too large", name);

	/* Read in place: a growing buffer would leave copies of a private key behind. */
	CLEAN(secret) struct bytes result = { .data = allocate(answer.size + 1), .size = answer.size, .space = answer.size + 1 };

	TRY(read_all(&w, result.data, result.size));
	if (answer.code != ERR_OK)
		return fail(answer.code, "%s", result.data);
	bytes_add(ret, result.data, result.size);
	return NULL;
}
