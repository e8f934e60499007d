/*
 * Postfix's queue, as far as the checks are concerned: nothing of theirs stays in it.
 */
#pragma once

#include "host/host.h"

/* Why a queued message to address has not been delivered yet: the reason that Postfix notes. *ret is NULL when
 * none waits with a reason. */
struct error *queue_reason(struct host *h, const char *address, char **ret) MUST_USE;
/* Deletes every queued message whose sender or one of whose recipients is address. */
struct error *queue_remove(struct host *h, const char *address) MUST_USE;
