#include "base/i18n.h"
#include "ensure/ensure.h"
#include "mail/layout.h"
#include "steps/steps.h"

static struct error *dh_apply(struct run *run)
{
	if (!*run->release.dh_parameter) {
		if (run->params->dh_generate && !run_is_plan(run))
			run_notice(run, "--dh generate has no effect here: OpenSSL 3 takes the groups of RFC 7919 by itself");
		return ensure_taken_back(run, "file", TLS_DH);
	}
	return ensure_dh(run, TLS_DH, run->params->dh_bits, run->params->dh_generate, ROOT_FILE);
}

const struct step step_dh = {
	.name = "dh",
	.title = N_("Diffie-Hellman parameters"),
	.why = N_("old servers without elliptic curves still exchange keys"),
	.needs = NEEDS(&step_tls),
	.revision = 1,
	.apply = dh_apply,
};
