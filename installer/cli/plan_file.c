#include "cli/plan_file.h"
#include "base/i18n.h"
#include "cli/differences.h"

#include <fcntl.h>
#include <unistd.h>

#define FORMAT "mailsetup-plan-1"

struct plan_file {
	char *path;
	json_t *document;
};

static json_t *parameters_json(const struct params *p)
{
	json_t *all = json_object();

	for (size_t i = 0; i < param_count; i++) {
		CLEAN(list) struct list values = { 0 };

		if (param_specs[i].hidden)
			continue;
		params_get(p, param_specs[i].name, &values);
		if (values.n)
			json_object_set_new(all, param_specs[i].name, json_list(&values));
	}
	return all;
}

static json_t *changes_json(const struct run *run)
{
	json_t *all = json_array();

	for (size_t i = 0; i < run->difference_count; i++)
		json_array_append_new(all, difference_json(&run->differences[i]));
	return all;
}

struct error *plan_file_write(const char *path, const struct params *params, const struct run *run)
{
	CLEAN(json_decref) json_t *document = json_pack("{s:s, s:s, s:o, s:o}", "format", FORMAT, "version", MAILSETUP_VERSION,
		"parameters", parameters_json(params), "changes", changes_json(run));
	CLEAN(fd) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 && errno == EEXIST)
		return fail(ERR_CONFLICT, "--out %s: the file exists; remove it first, or give another name", path);
	if (fd < 0)
		return fail_errno(errno, "--out %s: cannot make it", path);
	CLEAN(free) char *s = json_dumps(document, JSON_INDENT(1) | JSON_SORT_KEYS);
	FILE *f = s ? fdopen(fd, "w") : NULL;
	if (!f)
		return fail_errno(errno, "--out %s: cannot write it", path);
	fd = -1;
	fprintf(f, "%s\n", s);
	bool bad = fflush(f) != 0 || fsync(fileno(f)) < 0;
	int reason = errno;
	if (fclose(f) == 0 && !bad)
		return NULL;
	unlink(path);
	return fail_errno(reason, "--out %s: cannot write it", path);
}

static struct error *take_parameters(const struct plan_file *f, struct params *params)
{
	const char *name;
	json_t *values, *value;
	size_t i;

	json_object_foreach(json_object_get(f->document, "parameters"), name, values)
		json_array_foreach(values, i, value)
			TRY(wrap(params_set(params, name, json_string_value(value) ? json_string_value(value) : ""),
				"--plan %s", f->path));
	return NULL;
}

struct error *plan_file_read(const char *path, struct params *params, struct plan_file **ret)
{
	struct plan_file *f = allocate(sizeof(*f));
	json_error_t why;
	struct error *e = NULL;

	f->path = text_copy(path);
	f->document = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
	int reason = errno;
	const char *format = json_string_value(json_object_get(f->document, "format"));
	const char *version = json_string_value(json_object_get(f->document, "version"));
	if (!f->document && json_error_code(&why) == json_error_cannot_open_file)
		e = recode(fail_errno(reason, "--plan %s: cannot be read", path), ERR_USAGE);
	else if (!f->document)
		e = fail(ERR_USAGE, "--plan %s: no plan of mailsetup's (%s)", path, why.text);
	else if (!format || strcmp(format, FORMAT) != 0 || !json_is_array(json_object_get(f->document, "changes")))
		e = fail(ERR_USAGE, "--plan %s: no plan that `mailsetup plan --out` has written", path);
	else if (!version || strcmp(version, MAILSETUP_VERSION) != 0)
		e = fail(ERR_USAGE, "--plan %s: made by another version of mailsetup; make it anew with `mailsetup plan --out`", path);
	else
		e = take_parameters(f, params);
	if (e)
		plan_file_free(f);
	else
		*ret = f;
	return e;
}

void plan_file_free(struct plan_file *f)
{
	if (!f)
		return;
	json_decref(f->document);
	free(f->path);
	free(f);
}

static const char *target_of(const json_t *change)
{
	const char *s = json_string_value(json_object_get(change, "target"));

	return s ? s : "";
}

struct error *plan_file_accept(const struct run *run, void *context)
{
	const struct plan_file *f = context;
	CLEAN(json_decref) json_t *now = changes_json(run);
	const json_t *then = json_object_get(f->document, "changes");
	size_t n = json_array_size(now), m = json_array_size(then);

	for (size_t i = 0; i < n || i < m; i++) {
		const json_t *a = json_array_get(then, i), *b = json_array_get(now, i);

		if (json_equal(a, b))
			continue;
		return fail(ERR_CONFLICT,
			"--plan %s: the machine has changed since this plan was made (%s); nothing was done. Look at `mailsetup "
			"plan`, and make it anew",
			f->path, target_of(b ? b : a));
	}
	return NULL;
}
