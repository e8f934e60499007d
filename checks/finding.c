#include "checks/check.h"

#include <stdarg.h>

/* What a server says may hold anything; a finding is one line. Bytes above 0x7f are the sinks' business. */
static char *one_line(const char *s)
{
	CLEAN(bytes) struct bytes b = { 0 };

	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '\n' || c == '\r' || c == '\t')
			bytes_add(&b, " ", 1);
		else if (c < 0x20 || c == 0x7f)
			bytes_printf(&b, "\\x%02x", c);
		else
			bytes_add(&b, s, 1);
	}
	return text_copy(bytes_text(&b));
}

static PRINTF_LIKE(4, 0) void answer(
	struct finding *f, enum check_state state, const char *remedy, const char *format, va_list arguments)
{
	CLEAN(free) char *evidence = translated_v(format, arguments);

	free(f->evidence);
	free(f->remedy);
	f->state = state;
	f->evidence = one_line(evidence);
	f->remedy = one_line(translated(remedy));
}

void finding_ok(struct finding *f, const char *evidence, ...)
{
	va_list arguments;

	va_start(arguments, evidence);
	answer(f, CHECK_OK, "", evidence, arguments);
	va_end(arguments);
}

void finding_failed(struct finding *f, const char *remedy, const char *evidence, ...)
{
	va_list arguments;

	va_start(arguments, evidence);
	answer(f, CHECK_FAILED, remedy, evidence, arguments);
	va_end(arguments);
}

void finding_unknown(struct finding *f, const char *remedy, const char *evidence, ...)
{
	va_list arguments;

	va_start(arguments, evidence);
	answer(f, CHECK_UNKNOWN, remedy, evidence, arguments);
	va_end(arguments);
}

bool finding_error(struct finding *f, struct error *e, const char *remedy)
{
	if (!e)
		return false;
	if (*error_detail(e))
		finding_failed(f, remedy, "%s (%s)", error_message(e), error_detail(e));
	else
		finding_failed(f, remedy, "%s", error_message(e));
	error_free(e);
	return true;
}
