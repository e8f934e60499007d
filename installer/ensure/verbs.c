#include "ensure/verbs.h"

const struct verb all_verbs[] = {
#define VERB(name) { #name, undo_##name },
#include "ensure/verbs.def"
#undef VERB
	{ NULL, NULL },
};
