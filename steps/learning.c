#include "base/i18n.h"
#include "ensure/ensure.h"
#include "mail/layout.h"
#include "steps/steps.h"

/* After an install that has learned. */
static struct error *stop_learning(struct run *run)
{
	TRY(ensure_taken_back(run, "running", LEARN_TIMER));
	TRY(ensure_taken_back(run, "enabled", LEARN_TIMER));
	TRY(ensure_taken_back(run, "file", "/etc/systemd/system/" LEARN_TIMER));
	return ensure_taken_back(run, "file", "/etc/systemd/system/" LEARN_JOB);
}

static struct error *learning_apply(struct run *run)
{
	const struct variable variables[] = { { "SPAMD_UNIT", run->release.spamd_unit }, { NULL, NULL } };

	if (run->params->no_learn)
		return stop_learning(run);
	TRY(ensure_asset(run, "/etc/systemd/system/" LEARN_JOB, variables, ROOT_FILE));
	return ensure_asset(run, "/etc/systemd/system/" LEARN_TIMER, NULL, ROOT_FILE);
}

const struct step step_learning = {
	.name = "learning",
	.title = N_("Daily Bayes learning"),
	.why = N_("SpamAssassin learns from what the users keep and what they file as spam (--no-learn leaves it out)"),
	.needs = NEEDS(&step_spamassassin),
	.revision = 1,
	.apply = learning_apply,
};
