/*
 * What the parts of an import share: private to migrate/.
 *
 * All that happens in the mail tree happens in a child that runs as the mailboxes' own user (worker.h). An import is staged whole, in
 * .mailsetup-import-N beside the domains, which no daemon looks into:
 *
 *	K/cur K/new K/.Sent/cur ...     messages of the report's mailbox K, under the names that they are to have
 *	K/dovecot-uidlist K/.Sent/...   Dovecot's files, as the archive has them
 *	K/subscriptions K/sieve K/active
 *
 * and moved in when the whole archive has been judged (stage.h, place.h). The list of the import names each message that it brings, one
 * a line, "MAILBOX FOLDER INODE BASE", for undo.h.
 */
#pragma once

#include "mail/mailbox.h"
#include "migrate/assign.h"
#include "migrate/index.h"
#include "migrate/report.h"
#include <sys/types.h>

#define STAGING_NAME  ".mailsetup-import-%u"
#define ACTIVE_SCRIPT ".dovecot.sieve"

struct import {
	unsigned number;
	bool dry;		 /* judges and counts only */
	struct list sessions;	 /* addresses that a client is connected as */
	struct assignment assignment;
	struct report report;
	int list;		 /* descriptor of the list, or -1 */
	/* of the worker: */
	int mail;		 /* MAILBOX_ROOT */
	int staging;		 /* or -1 */
	FILE *listed;		 /* list, buffered, while the archive is staged; or NULL */
	int control;		 /* to the parent */
};
