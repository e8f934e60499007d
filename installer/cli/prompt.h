/*
 * Questions to the administrator, and secrets from standard input.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

/* One line of fd without its newline, wiped by the caller. More than size_max bytes are an ERR_USAGE. An
 * interrupt ends it with ERR_STOPPED. */
struct error *line_read(int fd, size_t size_max, struct bytes *ret) MUST_USE;
/* Asks for a new password, twice and without echo, on /dev/tty. ERR_USAGE where there is no terminal. */
struct error *password_ask(const char *account, struct bytes *ret) MUST_USE;
/* A yes-or-no question on talk, answered on standard input; no answer is no. */
struct error *confirm(FILE *talk, const char *question, bool *ret) MUST_USE;
