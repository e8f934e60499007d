/*
 * Where a mailbox lies, and how it goes: /var/mail/utilisateurs/DOMAIN/NAME, a Maildir that belongs to the mailboxes' user. Others
 * than root write there, so the tree is walked as that user: nothing that they planted in it can lead root astray.
 */
#pragma once

#include "host/host.h"
#include "mail/layout.h"

/* Of a normalised address; owned by the caller. */
char *mailbox_directory(const char *address);
/* Removes it, and its domain's directory where nothing else is in that. Absence is success. */
struct error *mailbox_remove(struct host *h, const char *address) MUST_USE;
