#include "mail/mailbox.h"
#include "host/child.h"
#include "host/file.h"
#include "mail/name.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRIES 10

char *mailbox_directory(const char *address)
{
	const char *domain = address_domain(address);

	return text(MAILBOX_ROOT "/%s/%.*s", domain, (int)(domain - 1 - address), address);
}

/* In a child, which becomes the owner. What stopped it, by errno(3), is its exit status. */
static int remove_as_owner(struct host *h, const char *address, const char *directory)
{
	CLEAN(free) char *parent = text(MAILBOX_ROOT "/%s", address_domain(address));

	if (child_become(MAILBOX_ID) < 0)
		return errno;
	struct error *e = directory_remove_tree(h, directory);
	if (e)
		return error_errno(e) ? error_errno(e) : EIO;
	error_free(directory_remove(h, parent)); /* a full one stays */
	return 0;
}

struct error *mailbox_remove(struct host *h, const char *address)
{
	CLEAN(free) char *directory = mailbox_directory(address);
	struct file_info info;
	int status = 0;

	TRY(file_stat(h, directory, &info));
	/* Dovecot may still write an index while its session ends. */
	for (unsigned tries = 0; info.exists && tries < TRIES; tries++) {
		if (tries)
			poll(NULL, 0, 100);
		pid_t pid = fork();
		if (pid < 0)
			return fail_errno(errno, "cannot start a process to remove %s", directory);
		if (pid == 0)
			_exit(remove_as_owner(h, address, directory));
		status = child_wait(pid);
		TRY(file_stat(h, directory, &info));
	}
	return info.exists ? fail(ERR_STOPPED, "cannot remove the mail in %s as its owner (%s); remove that directory", directory,
				     WIFEXITED(status) ? strerror(WEXITSTATUS(status)) : strsignal(WTERMSIG(status)))
			   : NULL;
}
