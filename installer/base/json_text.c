#include "base/json_text.h"

/* The longest prefix that is UTF-8, then '?' for the byte that is not, and so on. */
static json_t *repaired(const char *s)
{
	CLEAN(bytes) struct bytes b = { 0 };

	while (*s) {
		size_t n = 0;

		for (size_t k = 4; k > 0 && !n; k--) {
			json_t *whole = strnlen(s, k) == k ? json_stringn(s, k) : NULL;

			n = whole ? k : 0;
			json_decref(whole);
		}
		bytes_add(&b, n ? s : "?", n ? n : 1);
		s += n ? n : 1;
	}
	return json_string(bytes_text(&b));
}

json_t *json_text(const char *s)
{
	json_t *string = json_string(s);

	return string ? string : repaired(s);
}

json_t *json_list(const struct list *l)
{
	json_t *array = json_array();

	for (size_t i = 0; i < l->n; i++)
		json_array_append_new(array, json_text(l->v[i]));
	return array;
}
