/*
 * Text for people: marked where it stands, translated where it is shown. _() does both at once; N_() only
 * marks, for tables of constants, whose text goes through translated() when it is printed. The functions that take
 * a message to tell (fail, wrap, run_notice, finding_failed, ...) translate their format themselves: a call of them is
 * the mark. English is the source; what machines read (--json, journal fields, exit codes) is never translated.
 * LC_NUMERIC stays "C", or numbers in files would change.
 *
 * xgettext sees one whole literal: of `a ? "x" : "y"` only the first, so each is marked then, and no macro may stand in the middle.
 * A count is ngettext(). Libraries' own messages, and strerror(), stay as they are: English, unless the system has them translated.
 * `make po` brings po/ up to date; tests/i18n.sh names what was forgotten.
 */
#pragma once

#include "base/memory.h"

#include <libintl.h>

#define _(s)  gettext(s)
#define N_(s) s

/* At the start, before any thread: the language that LANGUAGE, LC_ALL, LC_MESSAGES and LANG ask for, in this order as gettext(3)
 * has it, whether or not such a locale was generated on this machine. Catalogues: locale/ beside the program, or
 * ../share/locale from there. Sets LANGUAGE in the environment. */
void language_choose(void);
/* From here on, for machines. */
void language_is_english(void);

/* text_v() of the format's translation. */
static inline char *translated_v(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));
static inline char *translated_v(const char *format, va_list arguments)
{
	return text_v(*format ? gettext(format) : "", arguments);
}

/* gettext("") is the header of the catalogue, and a table may hold NULL. */
static inline const char *translated(const char *s)
{
	return s && *s ? gettext(s) : "";
}
