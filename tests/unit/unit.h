/*
 * What the unit tests share: cmocka with what it needs before it, errors as assertions, and files beneath a root. What only some of them
 * need lies beside: archive.h, cli.h, nameserver.h, peer.h, root.h.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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

/* A folder beneath a root of the test's own, with those above it. */
static inline void put_folder(const char *root, const char *path)
{
	for (const char *end = path; *end;) {
		end += 1 + strcspn(end + 1, "/");

		CLEAN(free) char *folder = text("%s%.*s", root, (int)(end - path), path);

		assert_true(mkdir(folder, 0755) == 0 || errno == EEXIST);
	}
}

/* A file there, in such a folder. */
static inline void put(const char *root, const char *path, const char *content, mode_t mode)
{
	CLEAN(free) char *full = text("%s%s", root, path), *folder = text("%.*s", (int)(strrchr(path, '/') - path), path);

	put_folder(root, folder);
	FILE *f = fopen(full, "w");
	assert_non_null(f);
	assert_true(fputs(content, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(full, mode), 0);
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
