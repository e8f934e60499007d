#include "migrate/task.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "base/interrupt.h"
#include "host/seam.h"
#include "migrate/place.h"
#include "migrate/prove.h"
#include "migrate/stage.h"
#include "migrate/tree.h"

#include <unistd.h>

#define TICK_MS	 250
#define MEGABYTE 1e6

static char *rest_of_time(const struct watch *w, double done, double spent)
{
	if (!w->size || done < 1 || spent < 1)
		return text_copy("");
	double left = spent * ((double)w->size - done) / done;
	return left < 90 ? text(_(", %.0f s left"), left) : text(_(", %.0f min left"), left / 60);
}

static void show_progress(const struct watch *w, json_int_t consumed, json_int_t messages)
{
	double spent = clock_now() - w->began, done = (double)consumed, rate = spent > 0 ? done / spent : 0;
	CLEAN(free) char *left = rest_of_time(w, done, spent);
	CLEAN(free) char *of = w->size ? text(_(" of %.0f"), (double)w->size / MEGABYTE) : text_copy("");
	CLEAN(free) char *line = text(_("%.0f%s MB, messages: %lld, %.1f MB/s%s"), done / MEGABYTE, of, (long long)messages, rate / MEGABYTE, left);

	events_emit(w->events, &(struct event){
					  .kind = EVENT_PROGRESS,
					  .text = line,
					  .percent = w->size ? 100 * done / (double)w->size : -1,
				  });
}

/* Hears the process out. *ret is the last object that it told, or NULL. stoppable: an interrupt ends it. */
static struct error *follow(struct worker *worker, const struct watch *w, bool stoppable, json_t **ret)
{
	CLEAN(json_decref) json_t *answer = NULL;
	json_int_t consumed, messages;

	for (;;) {
		CLEAN(json_decref) json_t *said = NULL;

		TRY(worker_hear(worker, TICK_MS, &said));
		if (!said)
			break;
		if (json_unpack(said, "{sI sI}", "consumed", &consumed, "messages", &messages) == 0)
			show_progress(w, consumed, messages);
		if (json_object_get(said, "report") || json_object_get(said, "removed")) {
			json_decref(answer);
			answer = json_incref(said);
		}
		if (stoppable && interrupted())
			return fail(ERR_STOPPED, "stopped; nothing was imported");
	}
	*ret = TAKE(answer);
	return NULL;
}

/* --- the tasks of that process --- */

static struct error *tell_report(struct import *im)
{
	return worker_tell(im, json_pack("{so}", "report", report_json(&im->report)));
}

struct error *task_sweep(struct import *im, void *argument)
{
	CLEAN(free) char *name = text(STAGING_NAME, im->number);

	(void)argument;
	TRY(seam("sweep", name));
	return tree_remove(im->mail, name);
}

struct error *task_stage(struct import *im, void *argument)
{
	CLEAN(free) char *name = text(STAGING_NAME, im->number);

	im->staging = -1;
	if (!im->dry) {
		TRY(task_sweep(im, NULL));
		TRY(seam("mkdir", name));
		TRY(tree_make(im->mail, name, &im->staging));
	}
	struct error *e = stage(im, argument);
	/* An archive that does not fit is refused like any other: nothing of it is here. */
	TRY(error_errno(e) == ENOSPC || error_errno(e) == EDQUOT ? recode(e, ERR_PRECHECK) : e);
	/* What the record will call judged must be there after a power cut. */
	if (!im->dry && syncfs(im->mail) < 0)
		return fail_errno(errno, "cannot write %s to disk", MAILBOX_ROOT);
	return tell_report(im);
}

struct error *task_place(struct import *im, void *argument)
{
	(void)argument;
	TRY(place(im));
	return tell_report(im);
}

struct error *task_count(struct import *im, void *argument)
{
	(void)argument;
	TRY(count_files(im));
	return tell_report(im);
}

struct error *task_undo(struct import *im, void *argument)
{
	struct undone *undone = argument;

	TRY(undo_import(im, undone));
	return worker_tell(im, json_pack("{sI sI}", "removed", (json_int_t)undone->removed, "gone", (json_int_t)undone->gone));
}

struct error *task_run(struct import *im, worker_task *task, void *argument, const struct watch *w,
	json_t **ret_answer)
{
	CLEAN(worker_free) struct worker *worker = NULL;
	CLEAN(json_decref) json_t *answer = NULL;

	TRY(worker_start(im, task, argument, &worker));
	TRY(follow(worker, w, task == task_stage, &answer));
	if (!ret_answer)
		return NULL;
	*ret_answer = TAKE(answer);
	return *ret_answer ? NULL : fail(ERR_STOPPED, "the process of the import gave no report");
}
