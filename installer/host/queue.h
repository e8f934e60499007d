/*
 * Postfix's queue: read with postqueue(1), changed with postsuper(1).
 *
 * Reading does not stop the mail: what is listed may be gone a moment later. Root reads it, and changes it, while
 * Postfix is stopped, too; only queue_flush() needs it running.
 *
 * A queue id goes into a command line only after queue_id_valid(): postsuper reads "ALL" and "-" as more than one
 * message.
 */
#pragma once

#include "host/host.h"

struct queue_entry {
	char *id;
	char *queue;   /* "active", "deferred", "hold", "incoming", "maildrop" */
	char *sender;  /* "MAILER-DAEMON" for the empty sender of a bounce */
	int64_t arrival; /* seconds of the wall clock */
	uint64_t size; /* bytes */
	bool forced_expire;
	struct list recipients; /* not yet delivered */
	struct list reasons;	/* in their order: why not; "" before the first try */
};

struct queue {
	struct queue_entry *v; /* in Postfix's order */
	size_t n;
};

/* Calls take for each message, which lives only during the call; memory does not grow with the queue. */
struct error *queue_each(struct host *h, void (*take)(void *context, const struct queue_entry *entry), void *context) MUST_USE;
/* Reads all of it; a queue of 10,000 messages takes about 5 MB. */
struct error *queue_read(struct host *h, struct queue *ret) MUST_USE;
void queue_free(struct queue *q);
static inline void queue_cleanup(struct queue *q)
{
	queue_free(q);
}
const struct queue_entry *queue_find(const struct queue *q, const char *id); /* or NULL */

/* An id as Postfix makes them: 5 or more digits of microseconds and an inode in hexadecimal, or with
 * enable_long_queue_ids seconds and microseconds in base 52, "z", an inode in base 51 (postconf(5)). */
bool queue_id_valid(const char *id);

enum queue_change {
	QUEUE_HOLD,
	QUEUE_RELEASE,
	QUEUE_REQUEUE,
	QUEUE_DELETE,
};
/* Changes those messages, all of them where ids is NULL, but QUEUE_REQUEUE leaves those on hold there then. *ret_count is how many were changed: fewer where some are
 * delivered, or as wanted, already. A requeued message gets a new id when pickup takes it. Invalid ids are ERR_USAGE, and nothing is changed. */
struct error *queue_change(struct host *h, enum queue_change change, const struct list *ids, size_t *ret_count) MUST_USE;
/* Asks for a delivery now: of that message, or of all that is deferred where id is NULL. ERR_PRECHECK when Postfix
 * does not run. */
struct error *queue_flush(struct host *h, const char *id) MUST_USE;
/* Hands over the message piece by piece as postcat(1) writes it: envelope, header, and body unless headers_only. */
struct error *queue_show(struct host *h, const char *id, bool headers_only,
	void (*take)(void *context, const char *data, size_t size), void *context) MUST_USE;
