#include "base/bytes.h"

static void bytes_reserve(struct bytes *b, size_t more)
{
	if (b->space - b->size > more)
		return;
	size_t space = b->space ? b->space : 64;
	while (space - b->size <= more)
		space *= 2;
	/* realloc() would leave what it moves away from, which may be a secret, where bytes_wipe() cannot find it. */
	char *data = allocate(space);
	if (b->data) {
		memcpy(data, b->data, b->size);
		explicit_bzero(b->data, b->space);
		free(b->data);
	}
	b->data = data;
	b->space = space;
}

void bytes_add(struct bytes *b, const void *data, size_t size)
{
	bytes_reserve(b, size);
	if (size)
		memcpy(b->data + b->size, data, size);
	b->size += size;
	b->data[b->size] = '\0';
}

void bytes_add_text(struct bytes *b, const char *s)
{
	bytes_add(b, s, strlen(s));
}

void bytes_printf(struct bytes *b, const char *format, ...)
{
	va_list arguments;
	CLEAN(secret) struct bytes s = { 0 };

	va_start(arguments, format);
	bytes_take(&s, text_v(format, arguments));
	va_end(arguments);
	bytes_add(b, s.data, s.size);
}

void bytes_take(struct bytes *b, char *s)
{
	if (s)
		*b = (struct bytes){ .data = s, .size = strlen(s), .space = strlen(s) + 1 };
}

void bytes_free(struct bytes *b)
{
	free(b->data);
	*b = (struct bytes){ 0 };
}

void bytes_wipe(struct bytes *b)
{
	if (b->data)
		explicit_bzero(b->data, b->space);
	bytes_free(b);
}

static void list_take(struct list *l, char *s)
{
	l->v = reallocate(l->v, l->n + 2, sizeof(*l->v));
	l->v[l->n++] = s;
	l->v[l->n] = NULL;
}

void list_add(struct list *l, const char *s)
{
	list_take(l, text_copy(s));
}

void list_addf(struct list *l, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	char *s = text_v(format, arguments);
	va_end(arguments);
	list_take(l, s);
}

bool list_has(const struct list *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], s) == 0)
			return true;
	return false;
}

void list_free(struct list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct list){ 0 };
}

void list_split(struct list *l, const char *s, const char *separators)
{
	while (*(s += strspn(s, separators))) {
		size_t n = strcspn(s, separators);

		list_take(l, text_copy_n(s, n));
		s += n;
	}
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void list_sort(struct list *l)
{
	if (l->n > 1)
		qsort(l->v, l->n, sizeof(*l->v), compare);
}

bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && strcmp(s + n - m, suffix) == 0;
}

char *list_join(const struct list *l, const char *between)
{
	struct bytes b = { 0 };

	bytes_add_text(&b, "");
	for (size_t i = 0; i < l->n; i++)
		bytes_printf(&b, "%s%s", i ? between : "", l->v[i]);
	return b.data;
}
