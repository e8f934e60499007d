/*
 * Where things stand on the mail server, on every release of Debian: the paths and names that more than one step speaks of. What
 * differs with the release is in engine/release.def.
 */
#pragma once

#include "mail/mailbox.h"

#define MAILBOX_USER     "vmail"
#define SPAMD_USER       "spamassassin"
#define SPAMD_HOME       "/var/lib/spamd"
#define TLS_DIRECTORY    "/etc/postfix/tls"
#define TLS_CERTIFICATE  TLS_DIRECTORY "/courriel.pem"
#define TLS_KEY          TLS_DIRECTORY "/courriel.key"
#define TLS_DH           TLS_DIRECTORY "/dh4096.pem"
#define DATABASE_FOLDER  "/etc/postfix/bdd"
#define DKIM_DIRECTORY   "/etc/dkimkeys"
#define SIEVE_DIRECTORY  "/var/mail/sieve"
#define SIEVE_RULE       SIEVE_DIRECTORY "/before/spam.sieve"
#define SIEVE_COMPILED   SIEVE_DIRECTORY "/before/spam.svbin"
#define TMPFILES_CONF    "/etc/tmpfiles.d/spamassassin.conf"
#define LEARN_TIMER      "mailsetup-learn.timer"
