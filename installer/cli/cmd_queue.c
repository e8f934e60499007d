#include "base/i18n.h"
#include "cli/json.h"
#include "cli/prompt.h"
#include "cli/queue_view.h"

#include <limits.h>
#include <unistd.h>

static bool all, yes;

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
	TRY(queue_open(cli, &h, &q, &ids));
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

	TRY(queue_open(cli, &h, &q, &ids));
	for (size_t i = 0; i < ids.n; i++)
		if (strcmp(queue_find(&q, ids.v[i])->queue, "hold") == 0)
			return fail(ERR_CONFLICT, "queue flush: %s is on hold: `mailsetup queue release %s` comes first", ids.v[i], ids.v[i]);
	for (size_t i = 0; i < ids.n; i++)
		TRY(queue_flush(h, ids.v[i]));
	if (!ids.n)
		TRY(queue_flush(h, NULL));
	size_t n = ids.n ? ids.n : q.n - queue_count_in(&q, "hold");
	CLEAN(free) char *done = text(ngettext("%zu message tried again now; `mailsetup queue list` shows what stays",
					      "%zu messages tried again now; `mailsetup queue list` shows what stays", n), n);
	tell_done(cli, n, done);
	return NULL;
}

/* --- tables --- */

#define ALL_OPTION { "all", 0, NULL, N_("every message that is in the queue"), &all, NULL, NULL }

static const struct option_spec all_options[] = { ALL_OPTION, { 0 } };
static const struct option_spec delete_options[] = {
	ALL_OPTION,
	{ "yes", 'y', NULL, N_("do not ask before --all"), &yes, NULL, NULL },
	{ 0 },
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

static const struct command *const actions[] = { &action_queue_list, &action_queue_show, &hold, &release, &requeue, &delete, &flush, NULL };

const struct command command_queue = {
	.name = "queue",
	.summary = N_("the mail that waits: list, show, hold, release, requeue, delete, flush"),
	.help = PARAGRAPHS(
		N_("Acts on Postfix's queue. A message is named by its queue id, as `mailsetup queue list` and the log "
		   "show it; several may be given. One that is not in the queue is refused, with exit status 2.")),
	.actions = actions,
};
