#include "ensure/ensure.h"
#include "steps/layout.h"
#include "steps/steps.h"

static struct error *learning_apply(struct run *run)
{
	if (run->params->no_learn)
		return NULL;
	TRY(ensure_asset(run, "/etc/systemd/system/mailsetup-learn.service", NULL, ROOT_FILE));
	return ensure_asset(run, "/etc/systemd/system/" LEARN_TIMER, NULL, ROOT_FILE);
}

const struct step step_learning = {
	.name = "learning",
	.title = "Daily Bayes learning",
	.why = "SpamAssassin learns from what the users keep and what they file as spam (--no-learn leaves it out)",
	.needs = NEEDS(&step_spamassassin),
	.revision = 1,
	.apply = learning_apply,
};
