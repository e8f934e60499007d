/*
 * spamd, asked over its socket as the filter asks it.
 */
#pragma once

#include "host/host.h"

/* Does it answer to spamass-milter's user? ERR_BUSY where it does not within 5 s: with as many messages as it has children, it answers
 * nobody else. */
struct error *spamd_ask(void) MUST_USE;
/* Waits until a spamd that has just been started listens, or a signal comes. Since Debian 12 systemd calls it active before
 * that, and meanwhile mail passes it unjudged. */
void spamd_await(struct host *h, const char *unit);
