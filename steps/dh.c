#include "base/i18n.h"
#include "ensure/ensure.h"
#include "steps/layout.h"
#include "steps/steps.h"

static struct error *dh_apply(struct run *run)
{
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
