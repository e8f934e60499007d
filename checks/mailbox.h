/*
 * The test mailbox: an account mailsetup-verify-HEX@DOMAIN with a random password, that exists while the checks
 * run.
 *
 * A lock that the kernel drops with its holder lets one run at a time have one, so any other account of that
 * pattern is what a killed run left: it is swept away first. Removal takes the mail out of the queue, the
 * account, and the Maildir; the tree belongs to the mailboxes' user, so it is walked as that user.
 */
#pragma once

#include "host/host.h"

#define MAILBOX_PREFIX "mailsetup-verify-"

struct test_mailbox {
	char *address;
	struct bytes password;
	int lock;
};

/* ERR_BUSY when another run keeps the lock for half a minute. */
struct error *test_mailbox_make(struct host *h, const char *domain, struct test_mailbox *ret) MUST_USE;
struct error *test_mailbox_remove(struct host *h, struct test_mailbox *m) MUST_USE;
