#include "checks/tally.h"
#include "host/unit.h"
#include "mail/layout.h"

static void run(const struct check_context *c, struct finding *f)
{
	struct unit_status timer = { 0 }, job = { 0 };

	if (c->params->no_learn) {
		finding_ok(f, "not wanted (--no-learn)");
		return;
	}
	if (finding_error(f, unit_status(c->host, LEARN_TIMER, &timer), "") ||
		finding_error(f, unit_status(c->host, LEARN_JOB, &job), ""))
		return;
	if (!timer.exists || !job.exists)
		finding_failed(f, "mailsetup install", "there is no unit %s", timer.exists ? LEARN_JOB : LEARN_TIMER);
	else if (!timer.enabled || !timer.active)
		finding_failed(f, "systemctl enable --now " LEARN_TIMER, "%s is %s and %s", LEARN_TIMER, timer.file_state, timer.active_state);
	else if (job.failed)
		finding_failed(f, "journalctl -b -n 50 -u " LEARN_JOB "; systemctl start " LEARN_JOB, "the last %s has failed", LEARN_JOB);
	else
		finding_ok(f, "%s is enabled and waits for its time", LEARN_TIMER);
}

const struct check check_learning = {
	.name = "learning",
	.title = N_("The spam filter learns every day"),
	.run = run,
};
