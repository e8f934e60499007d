#include "cli/queue_view.h"
#include "base/i18n.h"
#include "cli/json.h"

#include <time.h>

#define SHOWN 3 /* recipients, and reasons, of one message; all with --verbose */

static bool headers_only;

static struct error *check_ids(const struct cli *cli)
{
	for (size_t i = 0; i < cli->operands.n; i++) {
		CLEAN(free) char *shown = text_fit(cli->operands.v[i], 40);

		if (!queue_id_valid(cli->operands.v[i]))
			return fail(ERR_USAGE, "%s: “%s” is no queue id; `mailsetup queue list` shows them", cli->command->name, shown);
	}
	return NULL;
}

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

struct error *queue_open(struct cli *cli, struct host **ret_host, struct queue *ret, struct list *ret_ids)
{
	TRY(check_ids(cli));
	TRY(host_open("/", ret_host));
	TRY(queue_read(*ret_host, ret));
	return find_all(cli, ret, ret_ids);
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
		bytes_printf(&way, ngettext(" and %zu more", " and %zu more", e->recipients.n - shown), e->recipients.n - shown);
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

size_t queue_count_in(const struct queue *q, const char *name)
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
		fprintf(s->out, _("%zu in the queue (%zu deferred, %zu on hold), %s\n"), q->n, queue_count_in(q, "deferred"),
			queue_count_in(q, "hold"), size);
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

const struct command action_queue_list = {
	.name = "queue list",
	.summary = N_("what waits, since when, and why"),
	.help = PARAGRAPHS(
		N_("Oldest first: id, age, size, which queue, sender and recipients, and below it why they are not "
		   "delivered yet. Works while Postfix is stopped, too.")),
	.examples = "mailsetup queue list\nmailsetup queue list --json",
	.flags = NEEDS_ROOT,
	.run = run_list,
};

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

	TRY(queue_open(cli, &h, &q, &ids));
	if (cli->json)
		return show_json(cli, h, queue_find(&q, ids.v[0]));
	if (!cli->screen.out_terminal)
		return queue_show(h, ids.v[0], headers_only, piece_raw, &cli->screen);
	struct error *e = queue_show(h, ids.v[0], headers_only, piece_shown, &shown);
	bytes_free(&shown.line);
	return e;
}

static const struct option_spec show_options[] = {
	{ "headers", 0, NULL, N_("the envelope and the header alone, without the body"), &headers_only, NULL, NULL },
	{ 0 },
};

const struct command action_queue_show = {
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
