#include "base/i18n.h"
#include "ensure/ensure.h"
#include "mail/layout.h"
#include "steps/steps.h"

static struct error *tmpfiles_apply(struct run *run)
{
	const char *const made[] = { SPAMD_RUN, NULL };

	TRY(ensure_asset(run, TMPFILES_CONF, NULL, ROOT_FILE));
	return ensure_tmpfiles(run, TMPFILES_CONF, made);
}

const struct step step_tmpfiles = {
	.name = "tmpfiles",
	.title = N_("Directory of spamd's socket"),
	.why = N_("/run is empty after a boot; systemd-tmpfiles makes the directory again"),
	.needs = NEEDS(&step_accounts),
	.revision = 1,
	.apply = tmpfiles_apply,
};
