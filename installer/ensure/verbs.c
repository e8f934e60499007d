#include "ensure/verbs.h"

#include "ensure/ensure.h"

const struct verb all_verbs[] = {
#define VERB(name) { #name, undo_##name },
#include "ensure/verbs.def"
#undef VERB
	{ NULL, NULL },
};

struct error *ensure_taken_back(struct run *run, const char *verb, const char *target)
{
	CLEAN(undo_record) struct undo_record record = { 0 };

	if (run->state)
		TRY(journal_find(run->state, verb, target, &record));
	if (!record.seq)
		return NULL;
	if (!run_is_plan(run))
		return run_undo(run, &record);
	run_difference(run, verb, target, false, "to be taken back");
	return NULL;
}

struct error *ensure_no_other(struct run *run, const char *verb, const char *keep)
{
	CLEAN(list) struct list targets = { 0 };

	if (run->state)
		TRY(journal_targets(run->state, run->step->name, verb, &targets));
	for (size_t i = 0; i < targets.n; i++)
		if (!keep || strcmp(targets.v[i], keep) != 0)
			TRY(ensure_taken_back(run, verb, targets.v[i]));
	return NULL;
}
