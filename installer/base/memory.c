#include "base/memory.h"

#include <string.h>
#include <unistd.h>

static void *must(void *p)
{
	if (!p) {
		static const char message[] = "mailsetup: out of memory; nothing is lost: run the same command again\n";

		if (write(STDERR_FILENO, message, sizeof(message) - 1) < 0)
			_exit(1);
		_exit(1);
	}
	return p;
}

void *allocate(size_t size)
{
	return must(calloc(1, size ? size : 1));
}

void *reallocate(void *p, size_t count, size_t size)
{
	return must(reallocarray(p, count ? count : 1, size));
}

char *text_copy(const char *s)
{
	return s ? must(strdup(s)) : NULL;
}

char *text_copy_n(const char *s, size_t n)
{
	return must(strndup(s, n));
}

char *text_v(const char *format, va_list arguments)
{
	char *s;

	return vasprintf(&s, format, arguments) < 0 ? must(NULL) : s;
}

char *text(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	char *s = text_v(format, arguments);
	va_end(arguments);
	return s;
}

void fd_cleanup(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
