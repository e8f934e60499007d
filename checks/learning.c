#include "checks/tally.h"
#include "host/unit.h"

#define TIMER "mailsetup-learn.timer"
#define JOB   "mailsetup-learn.service"

static void run(const struct check_context *c, struct finding *f)
{
	struct unit_status timer = { 0 }, job = { 0 };

	if (c->params->no_learn) {
		finding_ok(f, "not wanted (--no-learn)");
		return;
	}
	if (finding_error(f, unit_status(c->host, TIMER, &timer), "") ||
		finding_error(f, unit_status(c->host, JOB, &job), ""))
		return;
	if (!timer.exists || !job.exists)
		finding_failed(f, "mailsetup install", "there is no unit %s", timer.exists ? JOB : TIMER);
	else if (!timer.enabled || !timer.active)
		finding_failed(f, "systemctl enable --now " TIMER, "%s is %s and %s", TIMER, timer.file_state, timer.active_state);
	else if (job.failed)
		finding_failed(f, "journalctl -b -n 50 -u " JOB "; systemctl start " JOB, "the last %s has failed", JOB);
	else
		finding_ok(f, "%s is enabled and waits for its time", TIMER);
}

const struct check check_learning = {
	.name = "learning",
	.title = N_("The spam filter learns every day"),
	.run = run,
};
