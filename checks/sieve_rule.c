#include "checks/check.h"
#include "host/become.h"
#include "host/file.h"
#include "host/process.h"
#include "mail/layout.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define COMPILE "sievec " SIEVE_RULE "; chown dovecot:dovecot " SIEVE_COMPILED
#define FILED	"store message in folder: Spam"

static bool older(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

/* At delivery it runs as the mailboxes' user, who cannot compile it anew beside the source. */
static bool judge_compiled(const struct check_context *c, struct finding *f)
{
	struct file_info rule, compiled;

	if (finding_error(f, file_stat(c->host, SIEVE_RULE, &rule), "") ||
		finding_error(f, file_stat(c->host, SIEVE_COMPILED, &compiled), ""))
		return false;
	if (!rule.exists)
		finding_failed(f, "mailsetup install", "there is no %s", SIEVE_RULE);
	else if (!compiled.exists || !compiled.size)
		finding_failed(f, COMPILE, "%s is not compiled", SIEVE_RULE);
	else if (older(&compiled.mtime, &rule.mtime))
		finding_failed(f, COMPILE, "%s is older than its source: the changed rule is not in force", SIEVE_COMPILED);
	else
		return true;
	return false;
}

/* A marked message, in memory alone; sieve-test finds it as a file of ours. */
static struct error *write_message(int *ret)
{
	static const char message[] = "X-Spam-Flag: YES\r\nSubject: marked\r\n\r\nspam\r\n";

	prctl(PR_SET_DUMPABLE, 1);
	*ret = memfd_create("message", MFD_CLOEXEC);
	if (*ret < 0 || write(*ret, message, sizeof(message) - 1) != (ssize_t)sizeof(message) - 1)
		return fail_errno(errno, "cannot make a message in memory");
	return NULL;
}

static void judge_rule(const struct check_context *c, struct finding *f)
{
	CLEAN(fd) int fd = -1;
	CLEAN(bytes) struct bytes output = { 0 };

	if (finding_error(f, become_user(MAILBOX_USER), "mailsetup install") || finding_error(f, write_message(&fd), ""))
		return;
	CLEAN(free) char *path = text("/proc/%d/fd/%d", (int)getpid(), fd);
	if (finding_error(f, process_simple(c->host, &output, "sieve-test", SIEVE_RULE, path, NULL),
		    "sievec " SIEVE_RULE "; mailsetup status"))
		return;
	if (strstr(bytes_text(&output), FILED))
		finding_ok(f, "%s is compiled, and files what is marked into Spam", SIEVE_RULE);
	else
		finding_failed(f, "cat " SIEVE_RULE "; mailsetup status", "%s does not file what is marked into Spam", SIEVE_RULE);
}

static void run(const struct check_context *c, struct finding *f)
{
	if (judge_compiled(c, f))
		judge_rule(c, f);
}

const struct check check_sieve_rule = {
	.name = "sieve-rule",
	.title = N_("The rule that files spam is compiled and right"),
	.run = run,
};
