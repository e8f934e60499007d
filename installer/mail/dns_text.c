#include "mail/dns_records.h"

#define STRING_MAX 255

static void add_string(struct bytes *ret, const char *s, size_t size)
{
	bytes_add_text(ret, "\"");
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\')
			bytes_printf(ret, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			bytes_printf(ret, "\\%03u", c);
		else
			bytes_add(ret, &c, 1);
	}
	bytes_add_text(ret, "\"");
}

void dns_txt_strings(const char *value, struct list *ret)
{
	size_t size = strlen(value), at = 0;

	do {
		size_t piece = size - at < STRING_MAX ? size - at : STRING_MAX;

		list_addf(ret, "%.*s", (int)piece, value + at);
		at += piece;
	} while (at < size);
}

void dns_zone_line(const struct dns_record *r, struct bytes *ret)
{
	CLEAN(list) struct list strings = { 0 };
	bool placeholder = dns_is_placeholder(r);

	bytes_printf(ret, "%s%s\tIN\t%s\t", placeholder ? "; " : "", r->owner, r->type);
	if (placeholder || strcmp(r->type, "TXT") != 0) {
		bytes_printf(ret, "%s\n", r->value);
		return;
	}
	dns_txt_strings(r->value, &strings);
	for (size_t i = 0; i < strings.n; i++) {
		bytes_add_text(ret, i ? " " : "");
		add_string(ret, strings.v[i], strlen(strings.v[i]));
	}
	bytes_add_text(ret, "\n");
}

/* "." is a name of its own. */
static int without_dot(const char *name)
{
	size_t n = strlen(name);

	return (int)(n > 1 && name[n - 1] == '.' && name[n - 2] != ' ' ? n - 1 : n);
}

void dns_form_line(const struct dns_record *r, struct bytes *ret)
{
	bool is_text = strcmp(r->type, "TXT") == 0;

	bytes_printf(ret, "%.*s\t%s\t%.*s\n", without_dot(r->owner), r->owner, r->type,
		is_text ? (int)strlen(r->value) : without_dot(r->value), r->value);
}

const char *dns_zone_of(const struct dns_record *r, const struct list *domains)
{
	const char *best = "";

	for (size_t i = 0; i < domains->n; i++) {
		CLEAN(free) char *end = text(".%s.", domains->v[i]);

		if ((ends_with(r->owner, end) || strcmp(r->owner, end + 1) == 0) && strlen(domains->v[i]) > strlen(best))
			best = domains->v[i];
	}
	return best;
}
