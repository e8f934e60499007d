/*
 * The test mailbox: an account mailsetup-verify-HEX@DOMAIN with a random password, that exists while the checks
 * run. Beside it four rows, named after it: a virtual alias and a local alias that lead to it, an address on the
 * blocklist of recipients, and one on that of senders.
 *
 * A lock that the kernel drops with its holder lets one run at a time have one, so any other account of that
 * pattern is what a killed run left: it is swept away first, with the rows that its name tells. Removal takes the
 * mail out of the queue, the rows, the Maildir, and the account; the tree belongs to the mailboxes' user, so it is
 * walked as that user. The account comes first and goes last: nothing stays without it, and what could not be removed
 * keeps it, switched off.
 */
#pragma once

#include "host/host.h"

#define MAILBOX_PREFIX "mailsetup-verify-"

struct test_mailbox {
	char *address;
	struct bytes password;
	int lock;
};

#define TEST_ALIAS   "alias"   /* virtual alias; without its domain, local alias */
#define TEST_REFUSED "refused" /* recipient on the blocklist */
#define TEST_BANNED  "banned"  /* sender on the blocklist */

/* mailsetup-verify-HEX-WORD@DOMAIN of that mailbox: an address beside it. The caller's. */
char *test_address(const char *mailbox, const char *word);
/* What the blocklists say to those two: a word that nobody else says. The caller's. */
char *test_refusal(const char *mailbox);
/* Why a message to the mailbox, or to an address beside it, waits in the queue; NULL where none does. */
struct error *test_mailbox_stuck(struct host *h, const char *mailbox, char **ret_reason) MUST_USE;

/* ERR_BUSY when another run keeps the lock for half a minute. */
struct error *test_mailbox_make(struct host *h, const char *domain, struct test_mailbox *ret) MUST_USE;
struct error *test_mailbox_remove(struct host *h, struct test_mailbox *m) MUST_USE;
