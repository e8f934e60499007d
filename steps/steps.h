/*
 * All steps, from steps.def. A step is one file of this folder; it speaks to the machine through ensure verbs, and looks at
 * it through the read-only functions of host/ and mail/.
 */
#pragma once

#include "engine/run.h"
#include "engine/step.h"

#define STEP(name) extern const struct step step_##name;
#include "steps/steps.def"
#undef STEP

extern const struct step *const all_steps[]; /* NULL after the last */
