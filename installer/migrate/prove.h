/*
 * What Dovecot says of mailboxes: who has one open, and how many messages it counts. Private to migrate/.
 */
#pragma once

#include "base/bytes.h"
#include "host/host.h"
#include "migrate/report.h"

/* Addresses that IMAP clients are connected as. Without a running Dovecot there is none. */
void connected_users(struct host *h, struct list *ret);
/* Sets folder.counted of each folder of each mailbox with an account. Those that are off have no mailbox for Dovecot: they are left out. */
struct error *count_by_dovecot(struct host *h, struct report *r, const struct list *off) MUST_USE;
/* Does Dovecot count in each folder what stands there? */
bool counts_add_up(const struct report *r, const struct list *off);
/* "INBOX", "Été.2019": as clients show it; owned by the caller. */
char *folder_title(const char *name);
