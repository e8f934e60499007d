/*
 * A question over a Unix socket, asked as the user that asks it in earnest: a socket that root can reach proves
 * nothing about the daemon that needs it.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

/* Connects to path as user, sends request and reads until at least size bytes have come; ERR_BUSY where none
 * come for 5 s. */
struct error *local_socket_ask(const char *path, const char *user, const struct bytes *request, size_t size,
	struct bytes *ret_reply) MUST_USE;
