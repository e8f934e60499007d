/*
 * Two small files that Dovecot keeps in a Maildir: dovecot-keywords and subscriptions. Read from bytes of any origin, merged, written as
 * Dovecot 2.3 writes them. Pure: no file is touched. Formats: maildir-keywords.c and subscription-file.c of Dovecot.
 *
 * Whoever writes one holds its lock (NAME.lock, made with O_EXCL in the control directory) and renames the lock over it.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include <stdint.h>

/* Which letter is which keyword: "0 $Forwarded\n1 NonJunk\n". A line that is none is left out, and a keyword that
 * has a letter already. */
struct keywords {
	char *v[26]; /* owned; NULL where the letter has no keyword */
};
void keywords_read(const struct bytes *content, struct keywords *ret);
void keywords_write(const struct keywords *k, struct bytes *ret);
/* Adds the keywords of `there` to `here`, as far as letters are free; map[i] is the letter here of letter i there, or -1. A letter that
 * has no keyword on either side is mapped to itself. */
void keywords_merge(struct keywords *here, const struct keywords *there, int map[26]);
void keywords_free(struct keywords *k);
static inline void keywords_cleanup(struct keywords *k)
{
	keywords_free(k);
}

/* Both formats of Dovecot ("V\t2\n\n" and tabs between the parts of a name, each part tab-escaped; or one name a line, parts joined
 * by '.'), and Courier's ("INBOX.Sent") where courier is set. The names are added to ret as Maildir++ has them, "Sent", "Archives.2019";
 * a line that cannot be a folder is left out. Then ret is sorted, and each name is in it once. */
void subscriptions_read(const struct bytes *content, bool courier, struct list *ret);
/* In the second format of Dovecot. */
void subscriptions_write(const struct list *names, struct bytes *ret);
