#include "base/error.h"
#include "base/i18n.h"

#include <string.h>

struct error {
	enum error_code code;
	int errno_value;
	char *message;
	char *detail;
};

static struct error *error_new(enum error_code code, int errno_value, char *message)
{
	struct error *e = allocate(sizeof(*e));

	*e = (struct error){ .code = code, .errno_value = errno_value, .message = message };
	return e;
}

struct error *fail(enum error_code code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	char *message = translated_v(format, arguments);
	va_end(arguments);
	return error_new(code, 0, message);
}

struct error *fail_errno(int errno_value, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	CLEAN(free) char *message = translated_v(format, arguments);
	va_end(arguments);
	return error_new(ERR_STOPPED, errno_value, text(_("%s: %s"), message, strerror(errno_value)));
}

struct error *wrap(struct error *e, const char *format, ...)
{
	va_list arguments;

	if (!e)
		return NULL;
	va_start(arguments, format);
	CLEAN(free) char *prefix = translated_v(format, arguments);
	va_end(arguments);
	CLEAN(free) char *old = e->message;
	e->message = text(_("%s: %s"), prefix, old);
	return e;
}

struct error *recode(struct error *e, enum error_code code)
{
	if (e)
		e->code = code;
	return e;
}

struct error *join(struct error *first, struct error *second)
{
	if (!first)
		return second;
	if (!second)
		return first;
	CLEAN(free) char *old = first->message;
	first->message = text("%s\n%s", old, second->message);
	error_free(second);
	return first;
}

struct error *with_detail(struct error *e, const char *detail)
{
	free(e->detail);
	e->detail = text_copy(detail);
	return e;
}

const char *error_message(const struct error *e)
{
	return e->message;
}

const char *error_detail(const struct error *e)
{
	return e->detail ? e->detail : "";
}

enum error_code error_code(const struct error *e)
{
	return e ? e->code : ERR_OK;
}

int error_errno(const struct error *e)
{
	return e ? e->errno_value : 0;
}

void error_free(struct error *e)
{
	if (!e)
		return;
	free(e->message);
	free(e->detail);
	free(e);
}
