#include "base/i18n.h"
#include "cli/json.h"
#include "cli/prompt.h"
#include "cli/session.h"
#include "host/queue.h"

#include <limits.h>
#include <time.h>
#include <unistd.h>

#define SHOWN 3 /* recipients, and reasons, of one message; all with --verbose */

static bool all, yes, headers_only;

static struct error *check_ids(const struct cli *cli)
{
	for (size_t i = 0; i < cli->operands.n; i++) {
		CLEAN(free) char *shown = text_fit(cli->operands.v[i], 40);

		if (!queue_id_valid(cli->operands.v[i]))
			return fail(ERR_USAGE, "%s: '%s' is no queue id; `mailsetup queue list` shows them", cli->command->name, shown);
	}
	return NULL;
}

/* The ids that were named, each once; each is in the queue. */
static struct error *find_all(const struct cli *cli, const struct queue *q, struct list *ret)
{
	for (size_t i = 0; i < cli->operands.n; i++) {
		if (!queue_find(q, cli->operands.v[i]))
			return fail(ERR_USAGE, "%s: %s is not in the queue; it may have been delivered: `mailsetup doctor --mail %s` tells",
				cli->command->name, cli->operands.v[i], cli->operands.v[i]);
		if (!list_has(ret, cli->operands.v[i]))
			list_add(ret, cli->operands.v[i]);
	}
	return NULL;
}

/* --- list --- */

static char *age_text(int64_t seconds)
{
	if (seconds < 0)
		seconds = 0;
	return seconds < 120	   ? text(_("%d s"), (int)seconds)
	       : seconds < 2 * 3600  ? text(_("%d min"), (int)(seconds / 60))
	       : seconds < 2 * 86400 ? text(_("%d h"), (int)(seconds / 3600))
				     : text(_("%d d"), (int)(seconds / 86400));
}

static char *size_text(uint64_t bytes)
{
	return bytes < 10000	     ? text(_("%u B"), (unsigned)bytes)
	       : bytes < 10000 << 10 ? text(_("%u KB"), (unsigned)(bytes >> 10))
				     : text(_("%u MB"), (unsigned)(bytes >> 20));
}

static int by_arrival(const void *a, const void *b)
{
	const struct queue_entry *x = a, *y = b;

	return x->arrival != y->arrival ? (x->arrival < y->arrival ? -1 : 1) : strcmp(x->id, y->id);
}

/* Each text once, and no empty one. */
static void distinct(const struct list *from, size_t limit, struct list *ret)
{
	for (size_t i = 0; i < from->n && ret->n < limit; i++)
		if (*from->v[i] && !list_has(ret, from->v[i]))
			list_add(ret, from->v[i]);
}

static void entry_show(const struct screen *s, const struct queue_entry *e, int64_t now)
{
	CLEAN(free) char *age = age_text(now - e->arrival), *size = size_text(e->size);
	CLEAN(bytes) struct bytes way = { 0 };
	CLEAN(list) struct list reasons = { 0 };
	size_t shown = s->verbose || e->recipients.n <= SHOWN ? e->recipients.n : SHOWN;
	bool hold = strcmp(e->queue, "hold") == 0;

	bytes_printf(&way, "%s ->", e->sender);
	for (size_t i = 0; i < shown; i++)
		bytes_printf(&way, "%s %s", i ? "," : "", e->recipients.v[i]);
	if (shown < e->recipients.n)
		bytes_printf(&way, _(" and %zu more"), e->recipients.n - shown);
	put_padded(s->out, e->id, 13);
	fprintf(s->out, " %7s %7s  %s", age, size, style(s->out_color, hold ? YELLOW : PLAIN));
	put_padded(s->out, e->queue, 8);
	fprintf(s->out, "%s  ", style(s->out_color, PLAIN));
	put_flow(s, s->out, bytes_text(&way), 41, 14);
	distinct(&e->reasons, s->verbose ? SIZE_MAX : SHOWN, &reasons);
	for (size_t i = 0; i < reasons.n; i++) {
		fprintf(s->out, "%14s%s", "", style(s->out_color, DIM));
		put_flow(s, s->out, reasons.v[i], 14, 14);
		fputs(style(s->out_color, PLAIN), s->out);
	}
}

static size_t count_in(const struct queue *q, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < q->n; i++)
		n += strcmp(q->v[i].queue, name) == 0;
	return n;
}

static uint64_t bytes_in(const struct queue *q)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < q->n; i++)
		sum += q->v[i].size;
	return sum;
}

static void list_text(const struct screen *s, const struct queue *q)
{
	CLEAN(free) char *size = size_text(bytes_in(q));

	for (size_t i = 0; i < q->n; i++)
		entry_show(s, &q->v[i], time(NULL));
	if (q->n)
		fprintf(s->out, _("%zu in the queue (%zu deferred, %zu on hold), %s\n"), q->n, count_in(q, "deferred"),
			count_in(q, "hold"), size);
	else
		fputs(_("the queue is empty\n"), s->out);
}

static json_t *entry_json(const struct queue_entry *e)
{
	json_t *object = json_object(), *recipients = json_array();

	json_set_text(object, "id", e->id);
	json_set_text(object, "queue", e->queue);
	json_set_time(object, "arrival", e->arrival);
	json_object_set_new(object, "size", json_integer((json_int_t)e->size));
	json_object_set_new(object, "forced_expire", json_boolean(e->forced_expire));
	json_set_text(object, "sender", e->sender);
	for (size_t i = 0; i < e->recipients.n; i++) {
		json_t *recipient = json_object();

		json_set_text(recipient, "address", e->recipients.v[i]);
		json_set_text(recipient, "reason", e->reasons.v[i]);
		json_array_append_new(recipients, recipient);
	}
	json_object_set_new(object, "recipients", recipients);
	return object;
}

static void list_json(FILE *f, const struct queue *q)
{
	json_t *document = json_object(), *messages = json_array();

	for (size_t i = 0; i < q->n; i++)
		json_array_append_new(messages, entry_json(&q->v[i]));
	json_object_set_new(document, "messages", messages);
	json_object_set_new(document, "count", json_integer((json_int_t)q->n));
	json_object_set_new(document, "size", json_integer((json_int_t)bytes_in(q)));
	json_write(f, document);
}

static struct error *run_list(struct cli *cli)
{
	CLEAN(host_close) struct host *h = NULL;
	CLEAN(queue) struct queue q = { 0 };

	TRY(host_open("/", &h));
	TRY(queue_read(h, &q));
	if (q.n)
		qsort(q.v, q.n, sizeof(*q.v), by_arrival);
	if (cli->json)
		list_json(cli->screen.out, &q);
	else
		list_text(&cli->screen, &q);
	return NULL;
}

/* --- hold, release, requeue, delete --- */

static char *sentence(enum queue_change what, size_t n)
{
	switch (what) {
	case QUEUE_HOLD:
		return text(ngettext("%zu message put on hold", "%zu messages put on hold", n), n);
	case QUEUE_RELEASE:
		return text(ngettext("%zu message released", "%zu messages released", n), n);
	case QUEUE_REQUEUE:
		return text(ngettext("%zu message requeued", "%zu messages requeued", n), n);
	default:
		return text(ngettext("%zu message deleted", "%zu messages deleted", n), n);
	}
}

static void tell_done(struct cli *cli, size_t count, const char *done)
{
	if (cli->json) {
		json_t *object = json_event("done");

		json_object_set_new(object, "changed", json_boolean(count));
		json_object_set_new(object, "count", json_integer((json_int_t)count));
		json_write(cli->screen.out, object);
	} else if (!cli->quiet) {
		fprintf(cli->screen.out, "%s\n", done);
	}
}

static struct error *ask_first(struct cli *cli, const struct queue *q, bool *ret)
{
	CLEAN(free) char *question = text(_("Delete all %zu in the queue, for good? [y/N]"), q->n);

	*ret = yes;
	if (yes)
		return NULL;
	if (!isatty(STDIN_FILENO))
		return fail(ERR_USAGE, "queue delete --all: %zu in the queue would be lost; add --yes; nothing was changed", q->n);
	return confirm(cli->screen.talk, question, ret);
}

/* Those that are not on hold yet. One that is being requeued has a new id when it is. */
static struct error *count_to_hold(const struct queue *q, const struct list *ids, size_t *ret)
{
	for (size_t i = 0; i < ids->n; i++) {
		const char *in = queue_find(q, ids->v[i])->queue;

		if (strcmp(in, "maildrop") == 0)
			return fail(ERR_CONFLICT,
				"queue hold: %s is being requeued; nothing was changed. After `mailsetup queue flush`, or within a minute, it has "
				"a new id, which `mailsetup queue list` shows",
				ids->v[i]);
		*ret += strcmp(in, "hold") != 0;
	}
	return NULL;
}

static struct error *change(struct cli *cli, enum queue_change what)
{
	CLEAN(host_close) struct host *h = NULL;
	CLEAN(queue) struct queue q = { 0 };
	CLEAN(list) struct list ids = { 0 };
	size_t count = 0, wanted = 0;
	bool sure = true;

	if (all == (cli->operands.n > 0))
		return fail(ERR_USAGE, "%s wants either queue ids or --all", cli->command->name);
	TRY(check_ids(cli));
	TRY(host_open("/", &h));
	TRY(queue_read(h, &q));
	TRY(find_all(cli, &q, &ids));
	if (all && q.n && what == QUEUE_DELETE)
		TRY(ask_first(cli, &q, &sure));
	if (!sure)
		return fail(ERR_STOPPED, "nothing was deleted");
	if (what == QUEUE_HOLD)
		TRY(count_to_hold(&q, &ids, &wanted));
	if (q.n)
		TRY(queue_change(h, what, all ? NULL : &ids, &count));
	if (!all && count < wanted && !cli->quiet)
		fputs(_("note: what is not counted has left the queue meanwhile\n"), cli->screen.talk);
	CLEAN(free) char *done = sentence(what, count);
	tell_done(cli, count, done);
	return NULL;
}

static struct error *run_hold(struct cli *cli)
{
	return change(cli, QUEUE_HOLD);
}

static struct error *run_release(struct cli *cli)
{
	return change(cli, QUEUE_RELEASE);
}

static struct error *run_requeue(struct cli *cli)
{
	return change(cli, QUEUE_REQUEUE);
}

static struct error *run_delete(struct cli *cli)
{
	return change(cli, QUEUE_DELETE);
}

/* --- flush --- */

static struct error *run_flush(struct cli *cli)
{
	CLEAN(host_close) struct host *h = NULL;
	CLEAN(queue) struct queue q = { 0 };
	CLEAN(list) struct list ids = { 0 };

	TRY(check_ids(cli));
	TRY(host_open("/", &h));
	TRY(queue_read(h, &q));
	TRY(find_all(cli, &q, &ids));
	for (size_t i = 0; i < ids.n; i++)
		if (strcmp(queue_find(&q, ids.v[i])->queue, "hold") == 0)
			return fail(ERR_CONFLICT, "queue flush: %s is on hold: `mailsetup queue release %s` comes first", ids.v[i], ids.v[i]);
	for (size_t i = 0; i < ids.n; i++)
		TRY(queue_flush(h, ids.v[i]));
	if (!ids.n)
		TRY(queue_flush(h, NULL));
	size_t n = ids.n ? ids.n : q.n - count_in(&q, "hold");
	CLEAN(free) char *done = text(ngettext("%zu message tried again now; `mailsetup queue list` shows what stays",
					      "%zu messages tried again now; `mailsetup queue list` shows what stays", n), n);
	tell_done(cli, n, done);
	return NULL;
}

/* --- show --- */

static void piece_raw(void *context, const char *data, size_t size)
{
	const struct screen *s = context;

	fwrite(data, 1, size, s->out);
}

static void piece_kept(void *context, const char *data, size_t size)
{
	bytes_add(context, data, size);
}

struct shown {
	const struct screen *screen;
	struct bytes line;
};

/* A stranger wrote the message: nothing of it steers the terminal. */
static void piece_shown(void *context, const char *data, size_t size)
{
	struct shown *shown = context;

	for (size_t i = 0; i < size; i++) {
		if (data[i] != '\n') {
			bytes_add(&shown->line, data[i] ? data + i : "?", 1);
			continue;
		}
		bytes_add(&shown->line, "", 0);
		put_text(shown->screen->out, shown->line.data);
		fputc('\n', shown->screen->out);
		shown->line.size = 0;
	}
}

static struct error *show_json(struct cli *cli, struct host *h, const struct queue_entry *e)
{
	CLEAN(bytes) struct bytes content = { 0 };
	json_t *object;

	TRY(queue_show(h, e->id, headers_only, piece_kept, &content));
	object = entry_json(e);
	json_set_text(object, "content", bytes_text(&content));
	json_write(cli->screen.out, object);
	return NULL;
}

static struct error *run_show(struct cli *cli)
{
	CLEAN(host_close) struct host *h = NULL;
	CLEAN(queue) struct queue q = { 0 };
	CLEAN(list) struct list ids = { 0 };
	struct shown shown = { .screen = &cli->screen };

	TRY(check_ids(cli));
	TRY(host_open("/", &h));
	TRY(queue_read(h, &q));
	TRY(find_all(cli, &q, &ids));
	if (cli->json)
		return show_json(cli, h, queue_find(&q, ids.v[0]));
	if (!cli->screen.out_terminal)
		return queue_show(h, ids.v[0], headers_only, piece_raw, &cli->screen);
	struct error *e = queue_show(h, ids.v[0], headers_only, piece_shown, &shown);
	bytes_free(&shown.line);
	return e;
}

/* --- tables --- */

#define ALL_OPTION { "all", 0, NULL, N_("every message that is in the queue"), &all, NULL, NULL }

static const struct option_spec all_options[] = { ALL_OPTION, { 0 } };
static const struct option_spec delete_options[] = {
	ALL_OPTION,
	{ "yes", 'y', NULL, N_("do not ask before --all"), &yes, NULL, NULL },
	{ 0 },
};
static const struct option_spec show_options[] = {
	{ "headers", 0, NULL, N_("the envelope and the header alone, without the body"), &headers_only, NULL, NULL },
	{ 0 },
};

static const struct command list = {
	.name = "queue list",
	.summary = N_("what waits, since when, and why"),
	.help = PARAGRAPHS(
		N_("Oldest first: id, age, size, which queue, sender and recipients, and below it why they are not "
		   "delivered yet. Works while Postfix is stopped, too.")),
	.examples = "mailsetup queue list\nmailsetup queue list --json",
	.flags = NEEDS_ROOT,
	.run = run_list,
};

static const struct command hold = {
	.name = "queue hold",
	.operands = N_("ID..."),
	.operands_max = UINT_MAX,
	.summary = N_("keep messages from being delivered until they are released"),
	.help = PARAGRAPHS(
		N_("A message on hold is not tried, does not expire, and stays until it is released or deleted.")),
	.examples = "mailsetup queue hold B6B4E3A2333",
	.flags = NEEDS_ROOT | CHANGES,
	.options = all_options,
	.run = run_hold,
};

static const struct command release = {
	.name = "queue release",
	.operands = N_("ID..."),
	.operands_max = UINT_MAX,
	.summary = N_("let messages that are on hold be delivered"),
	.help = PARAGRAPHS(
		N_("What is not on hold is left as it is, which is no error.")),
	.examples = "mailsetup queue release B6B4E3A2333",
	.flags = NEEDS_ROOT | CHANGES,
	.options = all_options,
	.run = run_release,
};

static const struct command requeue = {
	.name = "queue requeue",
	.operands = N_("ID..."),
	.operands_max = UINT_MAX,
	.summary = N_("queue messages anew, as the configuration is now"),
	.help = PARAGRAPHS(
		N_("The message goes through the rewriting of addresses and the choice of its way once more: for after "
		   "a change of the configuration. It gets a new id when pickup(8) takes it up, within a minute, or at "
		   "`mailsetup queue flush`. One that is on hold is released by it when it is named; --all leaves those "
		   "alone.")),
	.examples = "mailsetup queue requeue --all",
	.flags = NEEDS_ROOT | CHANGES,
	.options = all_options,
	.run = run_requeue,
};

static const struct command delete = {
	.name = "queue delete",
	.operands = N_("ID..."),
	.operands_max = UINT_MAX,
	.summary = N_("delete messages for good"),
	.help = PARAGRAPHS(
		N_("Nobody is told: neither the sender nor the recipients. --all asks first; where there is no terminal "
		   "to ask on, it wants --yes.")),
	.examples = "mailsetup queue delete B6B4E3A2333\nmailsetup queue delete --all",
	.flags = NEEDS_ROOT | CHANGES,
	.options = delete_options,
	.run = run_delete,
};

static const struct command show = {
	.name = "queue show",
	.operands = N_("ID"),
	.operands_min = 1,
	.operands_max = 1,
	.summary = N_("show a message: envelope, header and body"),
	.help = PARAGRAPHS(
		N_("Shows what postcat(1) does. On a terminal, control characters become `?`; into a file or a pipe go "
		   "the bytes as they are.")),
	.examples = "mailsetup queue show B6B4E3A2333 --headers",
	.flags = NEEDS_ROOT,
	.options = show_options,
	.run = run_show,
};

static const struct command flush = {
	.name = "queue flush",
	.operands = N_("[ID...]"),
	.operands_max = UINT_MAX,
	.summary = N_("try to deliver now"),
	.help = PARAGRAPHS(
		N_("Asks Postfix to try the named messages, or all that is not on hold, at once instead of when their "
		   "time comes.")),
	.examples = "mailsetup queue flush",
	.flags = NEEDS_ROOT | CHANGES,
	.run = run_flush,
};

static const struct command *const actions[] = { &list, &show, &hold, &release, &requeue, &delete, &flush, NULL };

const struct command command_queue = {
	.name = "queue",
	.summary = N_("the mail that waits: list, show, hold, release, requeue, delete, flush"),
	.help = PARAGRAPHS(
		N_("Acts on Postfix's queue. A message is named by its queue id, as `mailsetup queue list` and the log "
		   "show it; several may be given. One that is not in the queue is refused, with exit status 2.")),
	.actions = actions,
};
