#include "checks/check.h"
#include "steps/steps.h"

static struct error *verdict_postcheck(struct run *run)
{
	struct check_summary summary = { 0 };

	TRY(checks_run(run->host, run->params, &(struct check_options){ 0 }, run->events, &summary));
	if (summary.failed)
		return fail(ERR_STOPPED, "%u of %u checks failed; each says what to do", summary.failed,
			summary.ok + summary.failed + summary.unknown);
	return NULL;
}

const struct step step_verdict = {
	.name = "verdict",
	.title = "Real mail through the server",
	.why = "a server is done when mail has gone through it and strangers were refused",
	.needs = NEEDS(&step_services),
	.revision = 1,
	.always = true,
	.postcheck = verdict_postcheck,
};
