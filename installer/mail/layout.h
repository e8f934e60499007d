/*
 * Where things stand on the mail server, on every release of Debian: the paths and names that more than one part of the program speaks
 * of, as constants alone. What differs with the release is in engine/release.def.
 */
#pragma once

#define MAILBOX_USER       "vmail"
#define MAILBOX_ID         3000 /* of that user and its group; the guide's tables and queries name the number */
#define MAILBOX_ROOT       "/var/mail/utilisateurs"
#define SPAMD_USER         "spamassassin"
#define SPAMD_HOME         "/var/lib/spamd"
#define SPAMD_RUN          "/run/spamassassin"
#define POSTFIX_CHROOT     "/var/spool/postfix"
#define TLS_DIRECTORY      "/etc/postfix/tls"
#define TLS_CERTIFICATE    TLS_DIRECTORY "/courriel.pem"
#define TLS_KEY            TLS_DIRECTORY "/courriel.key"
#define TLS_DH             TLS_DIRECTORY "/dh4096.pem"
#define DATABASE_FOLDER    "/etc/postfix/bdd"
#define ACCOUNTS_PATH      DATABASE_FOLDER "/postfix.sqlite"
#define DKIM_DIRECTORY     "/etc/dkimkeys"
#define DKIM_KEYS          DKIM_DIRECTORY "/clefs" /* DOMAIN/SELECTOR.private and .txt in it */
#define DKIM_KEY_TABLE     DKIM_DIRECTORY "/TableClefs"
#define DKIM_SIGNING_TABLE DKIM_DIRECTORY "/TableSignatures"
#define SIEVE_DIRECTORY    "/var/mail/sieve"
#define SIEVE_RULE         SIEVE_DIRECTORY "/before/spam.sieve"
#define SIEVE_COMPILED     SIEVE_DIRECTORY "/before/spam.svbin"
#define TMPFILES_CONF      "/etc/tmpfiles.d/spamassassin.conf"
#define LEARN_TIMER        "mailsetup-learn.timer"
#define LEARN_JOB          "mailsetup-learn.service"
