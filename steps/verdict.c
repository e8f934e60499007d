#include "checks/check.h"
#include "steps/steps.h"

static struct error *verdict_postcheck(struct run *run)
{
	struct check_summary summary = { 0 };

	TRY(checks_run(run->host, run->params, &(struct check_options){ 0 }, run->events, &summary));
	/* What the DNS says wrongly (it may still point to an older server) is reported, but an install cannot mend it. */
	unsigned failed = summary.failed - summary.dns_failed;
	if (failed)
		return fail(ERR_STOPPED, "%u of %u checks failed; each says what to do", failed,
			summary.ok + summary.failed + summary.unknown);
	if (!summary.mail_ok)
		return fail(ERR_STOPPED, "no real mail could be sent through the server; each check says why");
	return NULL;
}

const struct step step_verdict = {
	.name = "verdict",
	.title = N_("Real mail through the server"),
	.why = N_("a server is done when mail has gone through it and strangers were refused"),
	.needs = NEEDS(&step_services),
	.revision = 1,
	.always = true,
	.postcheck = verdict_postcheck,
};
