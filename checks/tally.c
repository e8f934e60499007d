#include "checks/tally.h"

#include <stdarg.h>

static PRINTF_LIKE(2, 0) void add(struct bytes *b, const char *format, va_list arguments)
{
	CLEAN(free) char *s = translated_v(format, arguments);

	bytes_printf(b, "%s%s", b->size ? "; " : "", s);
}

static void keep_first(char **remedy, const char *new)
{
	if (!*remedy && new &&*new)
		*remedy = text_copy(translated(new));
}

void tally_ok(struct tally *t, const char *evidence, ...)
{
	va_list arguments;

	va_start(arguments, evidence);
	add(&t->ok, evidence, arguments);
	va_end(arguments);
}

void tally_failed(struct tally *t, const char *remedy, const char *evidence, ...)
{
	va_list arguments;

	va_start(arguments, evidence);
	add(&t->failed, evidence, arguments);
	va_end(arguments);
	keep_first(&t->failed_remedy, remedy);
}

void tally_unknown(struct tally *t, const char *remedy, const char *evidence, ...)
{
	va_list arguments;

	va_start(arguments, evidence);
	add(&t->unknown, evidence, arguments);
	va_end(arguments);
	keep_first(&t->unknown_remedy, remedy);
}

bool tally_error(struct tally *t, struct error *e, const char *remedy, const char *what, ...)
{
	va_list arguments;

	if (!e)
		return false;
	if (what) {
		va_start(arguments, what);
		add(&t->failed, what, arguments);
		va_end(arguments);
	}
	bytes_printf(&t->failed, "%s%s", what ? ": " : t->failed.size ? "; " : "", error_message(e));
	if (*error_detail(e))
		bytes_printf(&t->failed, " (%s)", error_detail(e));
	keep_first(&t->failed_remedy, remedy);
	error_free(e);
	return true;
}

void tally_finding(const struct tally *t, struct finding *f)
{
	if (t->failed.size)
		finding_failed(f, t->failed_remedy ? t->failed_remedy : "", "%s", t->failed.data);
	else if (t->unknown.size)
		finding_unknown(f, t->unknown_remedy ? t->unknown_remedy : "", "%s", t->unknown.data);
	else if (t->ok.size)
		finding_ok(f, "%s", t->ok.data);
}

void tally_cleanup(struct tally *t)
{
	bytes_free(&t->ok);
	bytes_free(&t->failed);
	bytes_free(&t->unknown);
	free(t->failed_remedy);
	free(t->unknown_remedy);
}
