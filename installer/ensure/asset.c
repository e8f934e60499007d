#include "ensure/asset.h"

#define MARK "@@"
#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"

const struct asset *asset_find(const char *path)
{
	for (const struct asset *a = assets; a->path; a++)
		if (strcmp(a->path, path) == 0)
			return a;
	return NULL;
}

const struct asset *asset_of(const char *tree, const char *path)
{
	CLEAN(free) char *own = text("%s%s", tree, path);
	const struct asset *a = asset_find(own);

	return a ? a : asset_find(path);
}

static size_t variable_index(const struct variable *variables, const char *name, size_t length)
{
	size_t i = 0;

	while (variables && variables[i].name &&
		(strlen(variables[i].name) != length || memcmp(variables[i].name, name, length) != 0))
		i++;
	return i;
}

static struct error *check_used(const char *name, const struct variable *variables, const bool *used)
{
	for (size_t i = 0; variables && variables[i].name; i++)
		if (!used[i])
			return fail(ERR_STOPPED, "template %s does not use the variable %s", name, variables[i].name);
	return NULL;
}

struct error *template_render(const char *name, const char *source, size_t size, const struct variable *variables,
	struct bytes *ret)
{
	size_t count = 0;
	const char *at = source, *end = source + size;

	while (variables && variables[count].name)
		count++;
	CLEAN(free) bool *used = allocate(count + 1);
	for (;;) {
		const char *mark = memmem(at, (size_t)(end - at), MARK, 2);

		bytes_add(ret, at, (size_t)((mark ? mark : end) - at));
		if (!mark)
			return check_used(name, variables, used);
		size_t length = strspn(mark + 2, NAME_CHARACTERS);
		size_t i = variable_index(variables, mark + 2, length);
		if (i == count || mark + 2 + length + 2 > end || memcmp(mark + 2 + length, MARK, 2) != 0)
			return fail(ERR_STOPPED, "template %s has an unknown variable: %.*s", name, (int)length + 4, mark);
		bytes_add_text(ret, variables[i].value);
		used[i] = true;
		at = mark + 2 + length + 2;
	}
}

struct error *asset_render(const char *tree, const char *path, const struct variable *variables, struct bytes *ret)
{
	const struct asset *a = asset_of(tree, path);

	if (!a)
		return fail(ERR_STOPPED, "no asset for %s", path);
	size_t size = (size_t)(a->end - a->data);
	if (a->is_template)
		return template_render(a->path, a->data, size, variables, ret);
	bytes_add(ret, a->data, size);
	return NULL;
}
