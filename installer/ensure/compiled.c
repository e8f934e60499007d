#include "ensure/common.h"
#include "ensure/verbs.h"
#include "host/crypto.h"
#include "host/process.h"

#include <sys/stat.h>

#define SOURCE_LIMIT (16 * 1024 * 1024)
#define NOTE         "compiled:"

static struct error *sources_digest(struct run *run, const char *format, const char *const *sources, char ret_hex[65], bool *ret_complete)
{
	CLEAN(bytes) struct bytes all = { 0 };

	*ret_complete = true;
	bytes_add_text(&all, format);
	for (; *sources; sources++) {
		struct file_info info;
		CLEAN(bytes) struct bytes content = { 0 };
		char hex[65];

		TRY(file_stat(run->host, *sources, &info));
		if (!info.exists) {
			*ret_complete = false;
			return NULL;
		}
		TRY(file_read(run->host, *sources, SOURCE_LIMIT, &content));
		sha256_hex(bytes_text(&content), content.size, hex);
		bytes_printf(&all, "%s %s\n", *sources, hex);
	}
	sha256_hex(bytes_text(&all), all.size, ret_hex);
	return NULL;
}

/* *ret: output was made from the sources as they are now. */
static struct error *is_current(struct run *run, const char *output, const char *note, const char *format, const char *const *sources,
	char ret_hex[65], bool *ret)
{
	struct file_info info;
	bool complete;

	*ret = false;
	TRY(file_stat(run->host, output, &info));
	TRY(sources_digest(run, format, sources, ret_hex, &complete));
	if (!complete && !run_is_plan(run))
		return fail(ERR_STOPPED, "%s: a source is missing", output);
	if (!info.exists || !complete || !run->state)
		return NULL;
	CLEAN(free) char *known = NULL;
	TRY(state_note_get(run->state, note, &known));
	/* A source that was put back as it was is newer than its output all the same. */
	*ret = !changed_here(run, sources) && (run->leave_theirs || (known && strcmp(known, ret_hex) == 0));
	return NULL;
}

static struct error *compile(struct run *run, const char *output, const char *const *argv, struct owner owner)
{
	CLEAN(file_image) struct file_image before = { 0 };
	struct identity id;

	TRY(identity_of(run, owner, &id));
	TRY(file_capture(run->host, output, &before));
	TRY(run_intend(run, &(struct undo_record){ .verb = "compiled", .target = (char *)output, .image = before }));
	TRY(process_run(run->host, &(struct process){ .argv = argv }, NULL, NULL));
	TRY(file_set_attributes(run->host, output, id.uid, id.gid, owner.mode));
	run_changed(run, "compiled", output);
	return NULL;
}

struct error *ensure_compiled(struct run *run, const char *output, const char *format, const char *const *sources,
	const char *const *argv, struct owner owner)
{
	CLEAN(free) char *note = text(NOTE "%s", output);
	char hex[65];
	bool current;

	TRY(is_current(run, output, note, format, sources, hex, &current));
	if (current)
		return ensure_attributes(run, output, owner);
	if (run_is_plan(run)) {
		run_difference(run, "compiled", output, false, "to be made by %s", argv[0]);
		return NULL;
	}
	TRY(compile(run, output, argv, owner));
	return state_note_set(run->state, note, hex);
}

struct error *undo_compiled(struct run *run, const struct undo_record *record)
{
	CLEAN(free) char *note = text(NOTE "%s", record->target);

	TRY(file_restore(run->host, record->target, &record->image));
	return state_note_set(run->state, note, NULL);
}
