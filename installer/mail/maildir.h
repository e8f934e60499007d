/*
 * The names of a Maildir: what a path of an archive stands for, and what a message's file name says. Pure: no file is touched, and
 * any bytes may come in.
 *
 * A path ends as one of
 *	cur/NAME  new/NAME  tmp/NAME              of INBOX
 *	.FOLDER/cur/NAME ...                      of a Maildir++ folder
 *	dovecot-uidlist  dovecot-keywords         of either
 *	subscriptions  courierimapsubscribed      beside cur/
 *	.dovecot.sieve  sieve/NAME.sieve  sieve/.dovecot.sieve
 * and what stands before that is the root of the mailbox: "", "Maildir", "exemple.fr/jean", "home/jean/Maildir". Leading and inner
 * "./" and doubled slashes count as nothing.
 *
 * A message's name is BASE or BASE:2,FLAGS (cr.yp.to/proto/maildir.html, Dovecot's keywords a to z); the separators "!2," and ";2,"
 * of other file systems are read as ":2,". Dovecot believes ",S=SIZE" in BASE.
 */
#pragma once

#include "base/bytes.h"
#include <stdint.h>

enum maildir_kind {
	MAILDIR_OTHER,	   /* nothing of a Maildir: left out */
	MAILDIR_HOSTILE,   /* absolute, or with a ".." in it: no honest tar has it */
	MAILDIR_DIRECTORY, /* cur, new, tmp, a folder or a root: nothing to take */
	MAILDIR_MESSAGE,
	MAILDIR_BAD_MESSAGE, /* in cur/ or new/ of a Maildir, under a name that no message, folder or root may have: refused */
	MAILDIR_LEFTOVER,    /* in tmp/: never delivered */
	MAILDIR_UIDLIST,
	MAILDIR_KEYWORDS,
	MAILDIR_SUBSCRIPTIONS,
	MAILDIR_COURIER_SUBSCRIPTIONS,
	MAILDIR_SIEVE,	      /* a script */
	MAILDIR_SIEVE_ACTIVE, /* .dovecot.sieve: the script in use, or a link to it */
	MAILDIR_CACHE,	      /* indexes and caches of the old server, compiled scripts: not wanted */
};

struct maildir_place {
	enum maildir_kind kind;
	char *root;	    /* of the mailbox; "" for the top of the archive; NULL for OTHER and HOSTILE. Owned (maildir_place_free) */
	char *folder;	    /* ".Sent", or "" for INBOX */
	char *name;	    /* of the message or script, its separator made ':' */
	bool is_new;	    /* of a message: in new/ */
	const char *reason; /* of BAD_MESSAGE and HOSTILE: static text */
};

void maildir_judge(const char *path, struct maildir_place *ret);
void maildir_place_free(struct maildir_place *p);
static inline void maildir_place_cleanup(struct maildir_place *p)
{
	maildir_place_free(p);
}

/* NULL where name may be a folder of Dovecot's Maildir++ ("." and parts joined by dots: none empty, modified UTF-7, no control
 * character, no '/', at most 255 bytes; not ".INBOX", and no '~' at the start: Dovecot opens neither), else why not. */
const char *maildir_folder_fault(const char *name);

#define MAILDIR_KEYWORDS_MAX 26

struct maildir_name {
	size_t base;	  /* length of BASE */
	bool info;	  /* ":2," stands there */
	uint32_t flags;	  /* bit 0 to 25: keywords a to z; bit 26 to 31: D F P R S T. Up to a comma, as Dovecot reads them */
	bool odd;	  /* maildir_name_make() would not give this very name: other letters, another order */
	bool sized;	  /* ",S=" stands in BASE */
	uint64_t size;	  /* its number */
};

/* NULL, or why this can be no message: empty, hidden, longer than 255 bytes, a byte that is not visible ASCII, '/'. */
const char *maildir_name_read(const char *name, struct maildir_name *ret);
/* BASE[:2,FLAGS] in Dovecot's order: D F P R S T, then a to z. */
void maildir_name_make(struct bytes *ret, const char *base, size_t base_size, bool info, uint32_t flags);
/* A BASE without its ,S= and ,W= fields, which are wrong. What is left is neither empty nor hidden. */
void maildir_base_without_sizes(struct bytes *ret, const char *base, size_t base_size);
