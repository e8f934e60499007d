#include "checks/runner.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "host/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT 20
#define ANSWER_LIMIT	(1 << 20)
#define POLL_MS		200

struct job {
	const struct check *check;
	pid_t pid; /* 0: not started, or ended */
	int fd;
	struct bytes answer;
	double started;
	unsigned timeout;
	bool begun, done;
	struct finding finding;
};

struct jobs {
	struct job *v;
	size_t n, running, running_mail, emitted;
	const struct check *broken;  /* of the base ones, the first that failed */
	const struct check *unable;  /* the first that found no test mailbox */
};

static unsigned timeout_of(const struct check *check, const struct check_context *context)
{
	unsigned patience = context->patience && !check->base ? context->patience : 1;

	return patience * (check->timeout ? check->timeout : DEFAULT_TIMEOUT);
}

static void add_text(struct bytes *b, const char *s)
{
	uint32_t size = (uint32_t)strlen(s);

	bytes_add(b, &size, sizeof(size));
	bytes_add(b, s, size);
}

static bool take_text(const struct bytes *b, size_t *at, char **ret)
{
	uint32_t size;

	if (b->size - *at < sizeof(size))
		return false;
	memcpy(&size, b->data + *at, sizeof(size));
	*at += sizeof(size);
	if (b->size - *at < size)
		return false;
	*ret = text_copy_n(b->data + *at, size);
	*at += size;
	return true;
}

static bool decode(const struct bytes *b, struct finding *f)
{
	size_t at = 2;

	if (b->size < at)
		return false;
	f->state = (enum check_state)b->data[0];
	f->unasked = b->data[1];
	return take_text(b, &at, &f->evidence) && take_text(b, &at, &f->remedy) && at == b->size;
}

static void send_finding(int fd, const struct finding *f)
{
	CLEAN(bytes) struct bytes b = { 0 };
	const char head[] = { (char)f->state, f->unasked };

	bytes_add(&b, head, sizeof(head));
	add_text(&b, f->evidence ? f->evidence : _("the check gave no answer"));
	add_text(&b, f->remedy ? f->remedy : "");
	for (size_t at = 0; at < b.size;) {
		ssize_t n = write(fd, b.data + at, b.size - at);

		if (n < 0 && errno != EINTR)
			return;
		at += n > 0 ? (size_t)n : 0;
	}
}

/* A process group of its own: Ctrl-C reaches the parent only, which then ends the children. */
static void become_child(pid_t parent)
{
	setpgid(0, 0);
	child_reset_signals();
	signal(SIGPIPE, SIG_IGN);
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
}

static void run_child(const struct check *check, const struct check_context *context, int fd)
{
	struct finding f = { .check = check->name, .title = check->title, .state = CHECK_UNKNOWN };
	struct check_context own = *context;
	struct error *e = check->outside ? outside_enter(context->outside) : NULL;

	if (check->base)
		own.patience = 1;
	f.unasked = e != NULL;
	if (e)
		finding_unknown(&f, "", "cannot ask from outside of the machine: %s", error_message(e));
	else
		check->run(&own, &f);
	send_finding(fd, &f);
	_exit(0);
}

static void finish(struct jobs *jobs, struct job *job)
{
	job->done = true;
	job->finding.check = job->check->name;
	job->finding.title = job->check->title;
	if (job->check->base && job->finding.state == CHECK_FAILED && !jobs->broken)
		jobs->broken = job->check;
	if (!job->pid)
		return;
	job->finding.seconds = clock_now() - job->started;
	job->pid = 0;
	close(job->fd);
	bytes_free(&job->answer);
	jobs->running--;
	jobs->running_mail -= job->check->mail;
}

static void start(struct jobs *jobs, struct job *job, const struct check_context *context)
{
	pid_t parent = getpid();
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0) {
		finding_failed(&job->finding, "", "cannot make a pipe: %s", strerror(errno));
		finish(jobs, job);
		return;
	}
	pid_t pid = fork();
	if (pid == 0) {
		become_child(parent);
		close(ends[0]);
		run_child(job->check, context, ends[1]);
	}
	close(ends[1]);
	if (pid < 0) {
		finding_failed(&job->finding, "", "cannot start a process: %s", strerror(errno));
		close(ends[0]);
		finish(jobs, job);
		return;
	}
	setpgid(pid, pid); /* here too: whoever comes first, before a kill of the group */
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	job->pid = pid;
	job->fd = ends[0];
	job->started = clock_now();
	job->timeout = timeout_of(job->check, context);
	jobs->running++;
	jobs->running_mail += job->check->mail;
}

/* One fault is one failure: the others that need the mailbox point to the first. */
static void no_mailbox(struct jobs *jobs, struct job *job, const struct check_context *context)
{
	if (jobs->unable) {
		finding_unknown(&job->finding, "", "there is no test mailbox, as the check %s says", jobs->unable->name);
		return;
	}
	jobs->unable = job->check;
	finding_failed(&job->finding, "", "there is no test mailbox: %s",
		context->mailbox_reason ? context->mailbox_reason : _("none was made"));
}

/* What the check would need and the context lacks. */
static bool impossible(struct jobs *jobs, struct job *job, const struct check_context *context)
{
	if (job->check->outside && !context->outside)
		finding_unknown(&job->finding, "", "cannot ask from outside of the machine: %s",
			context->outside_reason ? context->outside_reason : _("no network namespace"));
	else if (job->check->mail && !context->mailbox)
		no_mailbox(jobs, job, context);
	else
		return false;
	job->finding.unasked = true;
	return true;
}

static void end_child(const struct job *job)
{
	kill(-job->pid, SIGKILL);
	child_end(job->pid);
}

/* The pipe is closed without an answer: the child has died, or it has closed what it should not and goes on. */
static void explain_end(struct job *job)
{
	struct finding *f = &job->finding;
	int status = 0;

	while (waitpid(job->pid, &status, WNOHANG) <= 0) {
		if (clock_now() > job->started + job->timeout) {
			end_child(job);
			finding_failed(f, "", "no answer within %u s", job->timeout);
			return;
		}
		poll(NULL, 0, 5);
	}
	if (WIFSIGNALED(status))
		finding_failed(f, "", "the check itself was killed by signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else
		finding_failed(
			f, "", "the check itself ended with status %d and no answer", WEXITSTATUS(status));
}

static void reap(struct jobs *jobs, struct job *job)
{
	if (decode(&job->answer, &job->finding)) {
		end_child(job);
	} else {
		free(TAKE(job->finding.evidence));
		free(TAKE(job->finding.remedy));
		explain_end(job);
	}
	finish(jobs, job);
}

/* Reads what there is; at the end of the pipe the child is done. */
static void receive(struct jobs *jobs, struct job *job)
{
	char buffer[4096];
	ssize_t n;

	while ((n = read(job->fd, buffer, sizeof(buffer))) > 0 && job->answer.size < ANSWER_LIMIT)
		bytes_add(&job->answer, buffer, (size_t)n);
	if (n > 0) {
		end_child(job);
		finding_failed(&job->finding, "", "the check gave an endless answer");
		finish(jobs, job);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		reap(jobs, job);
	}
}

static void wait_for_some(struct jobs *jobs)
{
	struct pollfd polls[RUNNER_WAITING];
	struct job *polled[RUNNER_WAITING];
	nfds_t n = 0;

	for (size_t i = jobs->emitted; i < jobs->n; i++)
		if (jobs->v[i].pid) {
			polled[n] = &jobs->v[i];
			polls[n++] = (struct pollfd){ .fd = jobs->v[i].fd, .events = POLLIN };
		}
	if (poll(polls, n, POLL_MS) < 0)
		return;
	for (nfds_t i = 0; i < n; i++) {
		struct job *job = polled[i];

		if (polls[i].revents)
			receive(jobs, job);
		if (job->pid && clock_now() > job->started + job->timeout) {
			end_child(job);
			finding_failed(&job->finding, "", "no answer within %u s", job->timeout);
			finish(jobs, job);
		}
	}
}

static void emit_done(struct jobs *jobs, const struct events *events, struct check_summary *summary)
{
	for (; jobs->emitted < jobs->n && jobs->v[jobs->emitted].done; jobs->emitted++) {
		const struct check *check = jobs->v[jobs->emitted].check;
		const struct finding *f = &jobs->v[jobs->emitted].finding;
		struct event event = {
			.kind = EVENT_FINDING,
			.title = f->title,
			.index = (unsigned)jobs->emitted + 1,
			.count = (unsigned)jobs->n,
			.text = f->evidence,
			.seconds = f->seconds,
			.finding = f,
		};

		summary->ok += f->state == CHECK_OK;
		summary->failed += f->state == CHECK_FAILED;
		summary->unknown += f->state == CHECK_UNKNOWN;
		summary->unasked += f->state == CHECK_UNKNOWN && f->unasked;
		summary->dns_failed += f->state == CHECK_FAILED && check->dns;
		summary->mail_ok += f->state == CHECK_OK && check->mail;
		events_emit(events, &event);
	}
}

/* Those with mail first: they mostly wait, for the filter and for the delivery. But they do not take all the
 * places, so that the report begins at once. Then those that ask nobody but the machine itself: they are quick. */
static struct job *next_job(struct jobs *jobs)
{
	struct job *quick = NULL, *other = NULL;

	for (size_t i = jobs->emitted; i < jobs->n; i++) {
		struct job *job = &jobs->v[i];
		const struct check *check = job->check;

		if (job->begun)
			continue;
		if (check->mail && jobs->running_mail < RUNNER_MAIL)
			return job;
		if (!quick && !check->mail && !check->outside && !check->dns)
			quick = job;
		if (!other)
			other = job;
	}
	return quick ? quick : other;
}

static void start_some(struct jobs *jobs, const struct check_context *context)
{
	size_t places = context->patience > 1 || jobs->broken ? RUNNER_WAITING : RUNNER_CHILDREN;
	struct job *job;

	while (jobs->running < places && (job = next_job(jobs))) {
		job->begun = true;
		if (impossible(jobs, job, context))
			finish(jobs, job);
		else
			start(jobs, job, context);
	}
}

static void leave_open(struct jobs *jobs, struct job *job)
{
	CLEAN(free) char *remedy = text("mailsetup verify --only %s", job->check->name);

	if (job->pid)
		end_child(job);
	job->begun = job->finding.unasked = true;
	if (jobs->broken)
		finding_unknown(&job->finding, remedy, "not waited for, since the check %s has failed", jobs->broken->name);
	else
		finding_unknown(&job->finding, remedy, "not waited for, since no resolver answers, for which Postfix waits at each step");
	finish(jobs, job);
}

static void give_up(struct jobs *jobs, const struct check_context *context)
{
	if (!context->give_up || clock_now() < context->give_up || (!jobs->broken && context->patience <= 1))
		return;
	for (size_t i = jobs->emitted; i < jobs->n; i++)
		if (!jobs->v[i].done)
			leave_open(jobs, &jobs->v[i]);
}

static struct error *run_jobs(struct jobs *jobs, const struct check_context *context,
	const struct events *events, struct check_summary *summary)
{
	while (jobs->emitted < jobs->n) {
		if (interrupted())
			return fail(ERR_STOPPED, "interrupted before all checks had answered");
		start_some(jobs, context);
		give_up(jobs, context);
		emit_done(jobs, events, summary);
		if (jobs->running)
			wait_for_some(jobs);
	}
	return NULL;
}

struct error *runner_run(const struct check *const *checks, const struct check_context *context,
	const struct events *events, struct check_summary *summary)
{
	struct jobs jobs = { 0 };

	while (checks[jobs.n])
		jobs.n++;
	jobs.v = allocate((jobs.n + 1) * sizeof(*jobs.v));
	for (size_t i = 0; i < jobs.n; i++)
		jobs.v[i].check = checks[i];

	struct error *e = run_jobs(&jobs, context, events, summary);

	for (size_t i = 0; i < jobs.n; i++) {
		if (jobs.v[i].pid) {
			end_child(&jobs.v[i]);
			finish(&jobs, &jobs.v[i]);
		}
		free(jobs.v[i].finding.evidence);
		free(jobs.v[i].finding.remedy);
	}
	free(jobs.v);
	return e;
}
