/*
 * SIGINT, SIGTERM and SIGHUP only raise a flag; the engine looks at it between two changes, so a change is never cut
 * in half.
 */
#pragma once

#include <stdbool.h>

void interrupt_install(void);
bool interrupted(void);
