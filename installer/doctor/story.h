/*
 * The story of one message, by the log: Postfix's lines by queue id, the filters' and Dovecot's by queue id or Message-ID,
 * followed to the bounce that it caused and the id that it got when it was queued anew.
 *
 * The log is read a few times over, since what belongs to a message is learned on the way. Memory is bounded.
 */
#pragma once

#include "host/mail_log.h"

#define STORIES_MAX	  20  /* of an address: the latest */
#define STORY_LINES_MAX 500

struct story_line {
	int64_t time; /* microseconds of the wall clock */
	char *program, *raw;
	char *words; /* plain; raw again where no words fit */
};

struct story {
	char *id;	    /* the queue id it was found by; "NOQUEUE" for mail that was refused */
	struct list ids, message_ids;
	struct story_line *v; /* oldest first */
	size_t n;
	bool cut; /* there were more lines */
};

struct stories {
	struct story *v; /* latest last */
	size_t n;
	bool more; /* of the address there were older ones */
};

/* subject: a queue id, or an address that is a sender or a recipient. None found is no error: ret->n is 0. ERR_USAGE where
 * the log is too long for a minute. */
struct error *stories_read(struct host *h, int64_t since, const char *subject, struct stories *ret) MUST_USE;
void stories_free(struct stories *s);
static inline void stories_cleanup(struct stories *s)
{
	stories_free(s);
}
/* What a line says, in plain words; owned by the caller. */
char *story_words(const struct log_line *line);
