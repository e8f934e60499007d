/*
 * What the unit tests share: cmocka with what it needs before it, and errors as assertions.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* cmocka's fail(), which its fail_msg() calls, has the name of ours. */
#undef fail
#undef fail_msg
#define fail_msg(message, ...)                                                  \
	do {                                                                    \
		print_error("ERROR: " message "\n", ##__VA_ARGS__);             \
		_fail(__FILE__, __LINE__);                                      \
	} while (0)

static inline void must(struct error *e)
{
	if (e)
		fail_msg("%s (%s)", error_message(e), error_detail(e));
}

/* There is an error, and part is in its message; it is consumed. */
static inline void says(struct error *e, const char *part)
{
	assert_non_null(e);
	if (!strstr(error_message(e), part))
		fail_msg("\"%s\" does not say \"%s\"", error_message(e), part);
	error_free(e);
}

static inline void fails_with(struct error *e, enum error_code code, const char *part)
{
	assert_int_equal(error_code(e), code);
	says(e, part);
}

static inline struct bytes of(const char *s)
{
	struct bytes b = { 0 };

	bytes_add_text(&b, s);
	return b;
}

static inline struct list list_of(const char *words)
{
	struct list l = { 0 };

	list_split(&l, words, " ");
	return l;
}

/* A folder of the test's own, with all that is in it. */
static inline void remove_tree(const char *path)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/rm", "rm", "-rf", "--", path, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}
