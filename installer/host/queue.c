#include "host/queue.h"
#include "host/process.h"

#include <jansson.h>
#include <poll.h>

#define LINE_LIMIT    ((size_t)16 << 20) /* of postqueue's answer for one message */
#define QUEUE_TIMEOUT 300		 /* seconds */

static void entry_free(struct queue_entry *e)
{
	free(e->id);
	free(e->queue);
	free(e->sender);
	list_free(&e->recipients);
	list_free(&e->reasons);
}

void queue_free(struct queue *q)
{
	for (size_t i = 0; i < q->n; i++)
		entry_free(&q->v[i]);
	free(q->v);
	*q = (struct queue){ 0 };
}

const struct queue_entry *queue_find(const struct queue *q, const char *id)
{
	for (size_t i = 0; i < q->n; i++)
		if (strcmp(q->v[i].id, id) == 0)
			return &q->v[i];
	return NULL;
}

/* --- reading --- */

static char *member(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return text_copy(s ? s : "");
}

static struct queue_entry entry_of(const json_t *object)
{
	const json_t *recipient;
	size_t i;
	struct queue_entry e = {
		.id = member(object, "queue_id"),
		.queue = member(object, "queue_name"),
		.sender = member(object, "sender"),
		.arrival = json_integer_value(json_object_get(object, "arrival_time")),
		.size = (uint64_t)json_integer_value(json_object_get(object, "message_size")),
		.forced_expire = json_is_true(json_object_get(object, "forced_expire")),
	};

	json_array_foreach(json_object_get(object, "recipients"), i, recipient)
	{
		CLEAN(free) char *address = member(recipient, "address"), *reason = member(recipient, "delay_reason");

		list_add(&e.recipients, address);
		list_add(&e.reasons, reason);
	}
	return e;
}

struct reading {
	struct bytes line;
	bool overflow;
	void (*take)(void *context, const struct queue_entry *entry);
	void *context;
};

static void line_taken(struct reading *r)
{
	/* Addresses are what a stranger sent: bytes that are no UTF-8 would cost the whole message. */
	json_t *object = json_loadb(bytes_text(&r->line), r->line.size, JSON_ALLOW_NUL, NULL);

	for (size_t i = 0; !object && i < r->line.size; i++)
		if (r->line.data[i] & 0x80)
			r->line.data[i] = '?';
	if (!object)
		object = json_loadb(bytes_text(&r->line), r->line.size, JSON_ALLOW_NUL, NULL);
	struct queue_entry e = entry_of(object);
	if (queue_id_valid(e.id))
		r->take(r->context, &e);
	entry_free(&e);
	json_decref(object);
	r->line.size = 0;
}

static void piece_taken(void *context, const char *data, size_t size)
{
	struct reading *r = context;
	const char *newline;

	while ((newline = memchr(data, '\n', size))) {
		bytes_add(&r->line, data, (size_t)(newline - data));
		line_taken(r);
		size -= (size_t)(newline + 1 - data);
		data = newline + 1;
	}
	r->overflow |= r->line.size + size > LINE_LIMIT;
	if (!r->overflow)
		bytes_add(&r->line, data, size);
}

static struct error *require(struct host *h)
{
	return process_available(h, "postqueue")
		       ? NULL
		       : fail(ERR_PRECHECK, "Postfix is not on this machine: `mailsetup install` brings it");
}

struct error *queue_each(struct host *h, void (*take)(void *context, const struct queue_entry *entry), void *context)
{
	struct reading r = { .take = take, .context = context };

	TRY(require(h));
	struct error *e = process_run(h,
		&(struct process){ .argv = (const char *const[]){ "postqueue", "-j", NULL },
			.on_output = piece_taken, .context = &r, .timeout = QUEUE_TIMEOUT }, NULL, NULL);
	bytes_free(&r.line);
	if (!e && r.overflow)
		e = fail(ERR_STOPPED, "postqueue wrote a line of more than %zu bytes", LINE_LIMIT);
	return wrap(e, "reading the queue");
}

static void entry_kept(void *context, const struct queue_entry *e)
{
	struct queue *q = context;
	struct queue_entry copy = *e;

	copy.id = text_copy(e->id);
	copy.queue = text_copy(e->queue);
	copy.sender = text_copy(e->sender);
	copy.recipients = copy.reasons = (struct list){ 0 };
	for (size_t i = 0; i < e->recipients.n; i++) {
		list_add(&copy.recipients, e->recipients.v[i]);
		list_add(&copy.reasons, e->reasons.v[i]);
	}
	if ((q->n & (q->n - 1)) == 0)
		q->v = reallocate(q->v, q->n ? 2 * q->n : 1, sizeof(*q->v));
	q->v[q->n++] = copy;
}

struct error *queue_read(struct host *h, struct queue *ret)
{
	*ret = (struct queue){ 0 };
	/* Postfix that starts or stops meanwhile cuts the answer short. */
	struct error *e = queue_each(h, entry_kept, ret);
	if (error_code(e) != ERR_STOPPED)
		return e;
	error_free(e);
	queue_free(ret);
	poll(NULL, 0, 500);
	return queue_each(h, entry_kept, ret);
}

/* --- ids --- */

#define BASE52	   "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
#define SHORT_MIN  6  /* 5 digits of microseconds, 1 of inode */
#define LONG_CLOCK 10 /* at least 6 of seconds, 4 of microseconds */
#define ID_MAX	   40

bool queue_id_valid(const char *id)
{
	size_t n = strlen(id);
	const char *separator = strrchr(id, 'z');

	if (n > ID_MAX)
		return false;
	if (n >= SHORT_MIN && strspn(id, "0123456789ABCDEF") == n)
		return true;
	return strspn(id, BASE52) == n && separator && separator - id >= LONG_CLOCK && separator[1];
}

static struct error *id_check(const char *id)
{
	return queue_id_valid(id) ? NULL : fail(ERR_USAGE, "'%.40s' is no queue id; `mailsetup queue list` shows them", id);
}

/* --- changing --- */

struct counting {
	struct bytes line;
	const char *verb;
	size_t count;
};

/* "postsuper: Placed on hold: 2 messages" comes last; of "ALL" no message is named. */
static void change_counted(void *context, const char *data, size_t size)
{
	struct counting *c = context;

	for (size_t i = 0; i < size; i++) {
		if (data[i] != '\n') {
			if (c->line.size < 256)
				bytes_add(&c->line, data + i, 1);
			continue;
		}
		bytes_add(&c->line, "", 0);
		if (starts_with(c->line.data, c->verb))
			c->count = strtoull(c->line.data + strlen(c->verb), NULL, 10);
		c->line.size = 0;
	}
}

struct error *queue_change(struct host *h, enum queue_change change, const struct list *ids, size_t *ret_count)
{
	static const struct {
		const char *option, *said;
	} changes[] = {
		[QUEUE_HOLD] = { "-h", "postsuper: Placed on hold: " },
		[QUEUE_RELEASE] = { "-H", "postsuper: Released from hold: " },
		[QUEUE_REQUEUE] = { "-r", "postsuper: Requeued: " },
		[QUEUE_DELETE] = { "-d", "postsuper: Deleted: " },
	};
	const char *argv[] = { "postsuper", changes[change].option, ids ? "-" : "ALL", "incoming", "active", "deferred", NULL, NULL,
		NULL };
	struct counting c = { .verb = changes[change].said };
	CLEAN(bytes) struct bytes input = { 0 };

	TRY(require(h));
	/* What is on hold stays so until it is named: requeued, it would go out. */
	if (change == QUEUE_RELEASE)
		argv[3] = NULL;
	else if (change == QUEUE_DELETE || (change == QUEUE_REQUEUE && ids))
		argv[6] = "hold";
	/* A requeued message waits in maildrop until pickup looks. */
	if (change == QUEUE_DELETE)
		argv[7] = "maildrop";
	for (size_t i = 0; ids && i < ids->n; i++) {
		TRY(id_check(ids->v[i]));
		bytes_printf(&input, "%s\n", ids->v[i]);
	}
	struct error *e = process_run(h,
		&(struct process){ .argv = argv, .input = ids ? &input : NULL, .merge = true, .on_output = change_counted,
			.context = &c, .timeout = QUEUE_TIMEOUT }, NULL, NULL);
	bytes_free(&c.line);
	*ret_count = c.count;
	return e;
}

struct error *queue_flush(struct host *h, const char *id)
{
	static const int unavailable = 69; /* EX_UNAVAILABLE of sysexits.h */
	const char *argv[] = { "postqueue", id ? "-i" : "-f", id, NULL };
	int status;

	TRY(require(h));
	if (id)
		TRY(id_check(id));
	TRY(process_run(h, &(struct process){ .argv = argv, .accept = unavailable }, NULL, &status));
	return status == unavailable
		       ? fail(ERR_PRECHECK, "Postfix does not run, so nothing can be delivered: `systemctl start postfix`")
		       : NULL;
}

struct error *queue_show(struct host *h, const char *id, bool headers_only,
	void (*take)(void *context, const char *data, size_t size), void *context)
{
	const char *whole[] = { "postcat", "-q", id, NULL }, *headers[] = { "postcat", "-e", "-h", "-q", id, NULL };

	TRY(require(h));
	TRY(id_check(id));
	return process_run(h,
		&(struct process){ .argv = headers_only ? headers : whole, .on_output = take, .context = context,
			.timeout = QUEUE_TIMEOUT }, NULL, NULL);
}
