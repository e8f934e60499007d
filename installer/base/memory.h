/*
 * Memory: allocation that cannot fail, and resources freed by leaving the scope.
 *
 * Out of memory ends the process with exit code 1 and one line on stderr: a killed run resumes, so this is
 * the same case as SIGKILL. TAKE hands a pointer over: the variable becomes NULL, its cleanup does nothing.
 *
 *	CLEAN(free) char *path = text("%s/%s", dir, name);
 *	...
 *	*ret_path = TAKE(path);
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void *allocate(size_t size);                 /* zeroed */
void *reallocate(void *p, size_t count, size_t size);
char *text_copy(const char *s);              /* NULL gives NULL */
char *text_copy_n(const char *s, size_t n);
char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *text_v(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

#define TAKE(p)                                                                                              \
	({                                                                                                   \
		__typeof__(p) taken_ = (p);                                                                  \
		(p) = NULL;                                                                                  \
		taken_;                                                                                      \
	})

/* CLEAN(x): calls x_cleanup(&variable) at the end of the scope. DEFINE_CLEANUP(type, function) makes one. */
#define CLEAN(function) __attribute__((cleanup(function##_cleanup)))
#define DEFINE_CLEANUP(type, function)                                                                       \
	static inline __attribute__((unused)) void function##_cleanup(type *p)                               \
	{                                                                                                    \
		if (*p)                                                                                      \
			function(*p);                                                                        \
	}

static inline void free_cleanup(void *p)
{
	free(*(void **)p);
}
/* CLEAN(fd) int f = -1; */
void fd_cleanup(int *fd);
DEFINE_CLEANUP(FILE *, fclose)
