/*
 * The inverses of the verbs, one per name in the undo journal: verbs.def. A verb is never renamed: journals on servers hold it.
 */
#pragma once

#include "engine/run.h"

#define VERB(name) struct error *undo_##name(struct run *run, const struct undo_record *record) MUST_USE;
#include "ensure/verbs.def"
#undef VERB

extern const struct verb all_verbs[]; /* a NULL name ends them */
