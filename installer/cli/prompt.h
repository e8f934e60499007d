/*
 * Questions to the administrator, and secrets from standard input.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

/* One line of fd without its newline, wiped by the caller. More than size_max bytes are an ERR_USAGE. An
 * interrupt ends it with ERR_STOPPED. */
struct error *line_read(int fd, size_t size_max, struct bytes *ret) MUST_USE;
/* A password that password_check() takes: a line of standard input, or asked for twice and without echo on /dev/tty. ERR_USAGE where
 * there is neither; whose says in it what the password is for, as the command line has it: "user passwd ADDRESS". */
struct error *password_obtain(bool from_stdin, const char *question, const char *whose, struct bytes *ret) MUST_USE;
/* The passphrase of a file, in the same ways (--passphrase-stdin). A new one has 12 bytes at least, and is asked for twice; of one that
 * is not new, only that it is there is known. option comes before the file's name in an error: "--from". */
struct error *passphrase_obtain(bool from_stdin, bool is_new, const char *option, const char *file, struct bytes *ret) MUST_USE;
/* A yes-or-no question on talk, answered on standard input; no answer is no. */
struct error *confirm(FILE *talk, const char *question, bool *ret) MUST_USE;
