/*
 * Text for people: marked where it stands, translated where it is shown. _() does both at once; N_() only
 * marks, for tables of constants, whose text goes through translated() when it is printed. English is the
 * source; what machines read
 * (--json, journal fields, exit codes) is never translated. LC_NUMERIC stays "C", or numbers in files would
 * change.
 */
#pragma once

#include <libintl.h>

#define _(s)  gettext(s)
#define N_(s) s

/* gettext("") is the header of the catalogue, and a table may hold NULL. */
static inline const char *translated(const char *s)
{
	return s && *s ? gettext(s) : "";
}
