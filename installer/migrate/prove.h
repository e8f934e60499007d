/*
 * What Dovecot says of mailboxes: who has one open, and how many messages it counts. Private to migrate/.
 */
#pragma once

#include "host/host.h"
#include "migrate/report.h"

/* Addresses that IMAP clients are connected as. Without a running Dovecot there is none. */
void connected_users(struct host *h, struct list *ret);
/* Sets folder.counted of each folder of each mailbox with an account. */
struct error *count_by_dovecot(struct host *h, struct report *r) MUST_USE;
/* "INBOX", "Été.2019": as clients show it; owned by the caller. */
char *folder_title(const char *name);
