#include "base/i18n.h"
#include "ensure/ensure.h"
#include "steps/steps.h"

static struct error *spamass_milter_apply(struct run *run)
{
	return ensure_asset(run, "/etc/default/spamass-milter", NULL, ROOT_FILE);
}

const struct step step_spamass_milter = {
	.name = "spamass-milter",
	.title = N_("Milter between Postfix and spamd"),
	.why = N_("Postfix shows each message to spamd through this milter"),
	.needs = NEEDS(&step_spamassassin),
	.revision = 1,
	.apply = spamass_milter_apply,
};
