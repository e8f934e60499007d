#include "mail/mailbox.h"
#include "base/i18n.h"
#include "host/child.h"
#include "host/file.h"
#include "mail/name.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRIES	   10
#define REASON_MAX 1024

char *mailbox_directory(const char *address)
{
	const char *domain = address_domain(address);

	return text(MAILBOX_ROOT "/%s/%.*s", domain, (int)(domain - 1 - address), address);
}

/* In a child, which becomes the owner. */
static struct error *remove_as_owner(struct host *h, const char *address, const char *directory)
{
	CLEAN(free) char *parent = text(MAILBOX_ROOT "/%s", address_domain(address));

	if (child_become(MAILBOX_ID) < 0)
		return fail_errno(errno, "cannot become the mailboxes' user");
	TRY(directory_remove_tree(h, directory));
	error_free(directory_remove(h, parent)); /* a full one stays */
	return NULL;
}

/* What stopped the child comes through a pipe, cut at REASON_MAX bytes, which fit in it. */
static void run_child(struct host *h, const char *address, const char *directory, int reason)
{
	struct error *e = remove_as_owner(h, address, directory);
	size_t size = e ? strlen(error_message(e)) : 0;

	if (size && write(reason, error_message(e), size < REASON_MAX ? size : REASON_MAX) < 0)
		_exit(2);
	_exit(e ? 1 : 0);
}

/* One attempt. ret_reason: why the mail may still be there, the caller's. */
static struct error *attempt(struct host *h, const char *address, const char *directory, char **ret_reason)
{
	char reason[REASON_MAX];
	int ends[2], status;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(errno, "cannot start a process to remove %s", directory);
	CLEAN(fd) int ours = ends[0];
	pid_t pid = fork();
	if (pid == 0)
		run_child(h, address, directory, ends[1]);
	close(ends[1]);
	if (pid < 0)
		return fail_errno(errno, "cannot start a process to remove %s", directory);
	status = child_wait(pid);
	ssize_t n = read(ours, reason, sizeof(reason));
	free(*ret_reason);
	if (n > 0)
		*ret_reason = text_copy_n(reason, (size_t)n);
	else
		*ret_reason = text_copy(WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : _("it was made again"));
	return NULL;
}

struct error *mailbox_remove(struct host *h, const char *address)
{
	CLEAN(free) char *directory = mailbox_directory(address);
	CLEAN(free) char *reason = NULL;
	struct file_info info;

	TRY(file_stat(h, directory, &info));
	/* Dovecot may still write an index while its session ends. */
	for (unsigned tries = 0; info.exists && tries < TRIES; tries++) {
		if (tries)
			poll(NULL, 0, 100);
		TRY(attempt(h, address, directory, &reason));
		TRY(file_stat(h, directory, &info));
	}
	return info.exists ? fail(ERR_STOPPED, "cannot remove the mail in %s as its owner (%s); remove that directory", directory, reason)
			   : NULL;
}
