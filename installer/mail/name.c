#include "mail/name_parts.h"
#include "base/i18n.h"
#include "mail/utf8.h"

#include <ctype.h>
#include <stdarg.h>

#define LABEL_MAX     63
#define PRINTABLE_MAX 100 /* bytes of the source that are shown */

char *printable(const char *s)
{
	CLEAN(bytes) struct bytes out = { 0 };
	size_t size = strlen(s), length;

	bytes_add_text(&out, "");
	for (size_t i = 0; i < size; i += length) {
		uint32_t c;

		if (i >= PRINTABLE_MAX) {
			bytes_add_text(&out, "…");
			break;
		}
		length = utf8_character(s + i, size - i, &c);
		if (length && !utf8_is_control(c) && !utf8_is_invisible(c)) {
			bytes_add(&out, s + i, length);
			continue;
		}
		length = length ? length : 1;
		for (size_t j = 0; j < length; j++)
			bytes_printf(&out, "\\x%02X", (unsigned char)s[i + j]);
	}
	return TAKE(out.data);
}

struct error *name_refuse(const char *name, const char *reason, ...)
{
	CLEAN(free) char *shown = printable(name);
	va_list arguments;

	va_start(arguments, reason);
	CLEAN(free) char *why = translated_v(reason, arguments);
	va_end(arguments);
	return fail(ERR_USAGE, "“%s” %s", shown, why);
}

static struct error *refuse_character(const char *name, const char *at, size_t length, uint32_t c)
{
	CLEAN(free) char *character = text_copy_n(at, length ? length : 1);
	CLEAN(free) char *shown = printable(character);

	if (!length)
		return name_refuse(name, "holds the byte %s, which is not valid UTF-8", shown);
	if (c == ' ')
		return name_refuse(name, "holds a space, which cannot stand in a name");
	if (utf8_is_control(c) || utf8_is_invisible(c))
		return name_refuse(
			name, "holds the invisible character %s (U+%04X); type the name again", shown, c);
	return name_refuse(name, "holds %s, which cannot stand here", shown);
}

struct error *name_check_characters(const char *name, const char *also, bool unicode)
{
	size_t size = strlen(name), length;

	for (size_t i = 0; i < size; i += length) {
		uint32_t c = 0;

		length = utf8_character(name + i, size - i, &c);
		bool fits = c < 0x80 ? isalnum((int)c) || (c && strchr(also, (int)c))
				     : unicode && !utf8_is_control(c);
		if (!length || !fits || utf8_is_invisible(c))
			return refuse_character(name, name + i, length, c);
	}
	return NULL;
}

static struct error *check_label(const char *name, const char *kind, const char *label, size_t size)
{
	if (!size)
		return name_refuse(name,
			"has an empty label; a %s has one dot between two labels, none at the start", kind);
	if (size > LABEL_MAX)
		return name_refuse(name, "has a label of %zu bytes; the DNS allows 63", size);
	if (label[0] == '-' || label[size - 1] == '-')
		return name_refuse(name, "has a label that begins or ends with a hyphen");
	for (size_t i = 0; i < size; i++)
		if (!isalnum((unsigned char)label[i]) && label[i] != '-')
			return name_refuse(name, "holds %c, which cannot stand in a %s", label[i], kind);
	return NULL;
}

struct error *name_check_labels(const char *name, const char *kind, char *labels)
{
	for (char *p = labels; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	for (const char *label = labels;;) {
		size_t size = strcspn(label, ".");

		TRY(check_label(name, kind, label, size));
		if (!label[size])
			return NULL;
		label += size + 1;
	}
}

struct error *selector_normalise(const char *s, char **ret)
{
	CLEAN(free) char *labels = text_copy(s);

	if (!*s)
		return fail(ERR_USAGE, "the selector is empty; the usual one is mail");
	TRY(name_check_characters(s, "-.", false));
	TRY(name_check_labels(s, _("selector"), labels));
	*ret = TAKE(labels);
	return NULL;
}
