/*
 * Errors: one opaque type, NULL is success.
 *
 * An error carries an exit code (the table of the README), an errno where there is one, a message for the
 * administrator, and the last lines that a failed program wrote. Library code never prints: it returns an
 * error, and the command line shows it.
 *
 *	struct error *load(const char *path)
 *	{
 *		if (open(...) < 0)
 *			return fail_errno(errno, "cannot open %s", path);
 *		TRY(parse(path));                        // returns the error to our caller
 *		return wrap(store(path), "loading %s", path);  // "loading X: ..." ; NULL stays NULL
 *	}
 *
 * A message says what happened, to which file or unit, and what to do next. Errors are owned by whoever
 * receives them: hand them on, or error_free(). Out of memory is not an error but the end of the process
 * (base/memory.h): every change that mailsetup makes can be resumed.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>

struct error;

/* Also the exit codes of the program. */
enum error_code {
	ERR_OK = 0,
	ERR_STOPPED = 1,    /* stopped and resumable; or a check failed */
	ERR_USAGE = 2,      /* the command line or a parameter is wrong */
	ERR_PRECHECK = 3,   /* the machine cannot take it; nothing was changed */
	ERR_CONFLICT = 4,   /* drift or conflict that wants a decision */
	ERR_BUSY = 5,       /* another mailsetup, or apt, is at work */
	ERR_INCOMPLETE = 6, /* a rollback could not put everything back */
};

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* With a message of its own. */
struct error *fail(enum error_code code, const char *format, ...) PRINTF_LIKE(2, 3) MUST_USE;
/* ERR_STOPPED with ": strerror(errno_value)" appended. */
struct error *fail_errno(int errno_value, const char *format, ...) PRINTF_LIKE(2, 3) MUST_USE;
/* Prefixes the message with "format: "; NULL stays NULL. Consumes e. */
struct error *wrap(struct error *e, const char *format, ...) PRINTF_LIKE(2, 3) MUST_USE;
/* The same error with another exit code; NULL stays NULL. Consumes e. */
struct error *recode(struct error *e, enum error_code code) MUST_USE;
/* Joins two errors, the first one leading; either may be NULL. Consumes both. */
struct error *join(struct error *first, struct error *second) MUST_USE;
/* Sets what a failed program wrote (copied); returns e. */
struct error *with_detail(struct error *e, const char *text) MUST_USE;

const char *error_message(const struct error *e);
/* What a failed program wrote, or "". May have several lines. */
const char *error_detail(const struct error *e);
enum error_code error_code(const struct error *e); /* ERR_OK for NULL */
int error_errno(const struct error *e);            /* 0 where there is none */
void error_free(struct error *e);

#define TRY(expression)                                                                                      \
	do {                                                                                                 \
		struct error *try_error_ = (expression);                                                     \
		if (try_error_)                                                                              \
			return try_error_;                                                                   \
	} while (0)
