/*
 * One mailsetup at a time: an open-file-description lock (fcntl F_OFD_SETLK) on /run/mailsetup.lock. The kernel
 * drops it with its holder, so a stale lock cannot exist; the pid in the file only serves the message.
 */
#pragma once

#include "host/host.h"

/* ERR_BUSY with the holder's pid when another has it. *ret_fd holds the lock until closed. */
struct error *lock_take(struct host *h, int *ret_fd) MUST_USE;
