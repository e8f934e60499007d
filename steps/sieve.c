#include "base/i18n.h"
#include "ensure/ensure.h"
#include "mail/layout.h"
#include "steps/steps.h"

static struct error *sieve_apply(struct run *run)
{
	struct owner directory = OWNED("dovecot", "dovecot", 0755), file = OWNED("dovecot", "dovecot", 0644);
	const char *const sources[] = { SIEVE_RULE, NULL };
	const char *const argv[] = { "sievec", SIEVE_RULE, NULL };

	TRY(ensure_directory(run, SIEVE_DIRECTORY, directory));
	TRY(ensure_directory(run, SIEVE_DIRECTORY "/before", directory));
	TRY(ensure_asset(run, SIEVE_RULE, NULL, file));
	/* Compiled here: at delivery the mailboxes' user could not write beside the source. */
	return ensure_compiled(run, SIEVE_COMPILED, run->release.dovecot_tree, sources, argv, file);
}

const struct step step_sieve = {
	.name = "sieve",
	.title = N_("Rule that files spam into Spam"),
	.why = N_("what SpamAssassin marks is filed before the users' own filters run"),
	.needs = NEEDS(&step_dovecot),
	.revision = 1,
	.apply = sieve_apply,
};
