#include "steps/steps.h"

const struct step *const all_steps[] = {
#define STEP(name) &step_##name,
#include "steps/steps.def"
#undef STEP
	NULL,
};
