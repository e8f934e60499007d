/*
 * The filters that Postfix shows each message.
 */
#pragma once

#include "host/host.h"

/* Waits until a spamd that has just been started listens, or a signal comes. Since Debian 12 systemd calls it active before
 * that, and meanwhile mail passes it unjudged. */
void milters_await(struct host *h, const char *spamd_unit);
