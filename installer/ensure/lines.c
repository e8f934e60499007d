/*
 * One line of a file that others own too. The record's target is "PATH: LINE", its data the line that stood there before; so
 * undo can take back that one line even where the rest of the file has changed.
 */
#include "base/i18n.h"
#include "ensure/common.h"
#include "ensure/verbs.h"

#include <regex.h>
#include <sys/stat.h>

#define FILE_LIMIT (1024 * 1024)

/* The first line of content for which matches() is true, without its newline. */
struct place {
	size_t at;
	size_t length;
	bool found;
};

static bool line_equals(const char *line, const void *wanted)
{
	return strcmp(line, wanted) == 0;
}

static bool line_matches(const char *line, const void *expression)
{
	return regexec(expression, line, 0, NULL, 0) == 0;
}

static struct place find_line(const struct bytes *content, bool (*matches)(const char *, const void *), const void *argument)
{
	const char *s = bytes_text(content), *end = s + content->size;

	for (const char *line = s; line < end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t length = (size_t)((newline ? newline : end) - line);
		CLEAN(free) char *copy = text_copy_n(line, length);

		if (matches(copy, argument))
			return (struct place){ .at = (size_t)(line - s), .length = length, .found = true };
		line += length + 1;
	}
	return (struct place){ .at = content->size };
}

/* line NULL removes the place's line. */
static void replace_line(const struct bytes *content, struct place place, const char *line, struct bytes *ret)
{
	const char *s = bytes_text(content);
	size_t after = place.at + place.length;

	bytes_add(ret, s, place.at);
	if (!place.found && content->size && s[content->size - 1] != '\n')
		bytes_add_text(ret, "\n");
	if (line)
		bytes_printf(ret, "%s%s", line, place.found && after < content->size ? "" : "\n");
	else if (after < content->size)
		after++;
	bytes_add(ret, s + after, content->size - after);
}

static struct error *find_pattern(const struct bytes *content, const char *pattern, struct place *ret)
{
	regex_t expression;

	*ret = (struct place){ .at = content->size };
	if (!pattern)
		return NULL;
	if (regcomp(&expression, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return fail(ERR_STOPPED, "malformed expression %s", pattern);
	*ret = find_line(content, line_matches, &expression);
	regfree(&expression);
	return NULL;
}

static struct error *check_editable(const char *path, const struct file_image *now)
{
	if (now->info.exists && !S_ISREG(now->info.mode))
		return fail(ERR_CONFLICT, "%s is not a regular file", path);
	if (now->content.size > FILE_LIMIT || memchr(bytes_text(&now->content), '\0', now->content.size))
		return fail(ERR_CONFLICT, "%s is not a text file", path);
	return NULL;
}

static struct error *write_line(struct run *run, const char *path, const char *target, struct place place, const char *line,
	struct file_image *now, struct owner owner)
{
	CLEAN(bytes) struct bytes content = { 0 };
	struct identity id = { .uid = now->info.uid, .gid = now->info.gid };
	mode_t mode = now->info.exists ? now->info.mode & 07777 : owner.mode;

	if (!now->info.exists)
		TRY(identity_of(run, owner, &id));
	CLEAN(free) char *old = place.found ? text_copy_n(now->content.data + place.at, place.length) : NULL;
	replace_line(&now->content, place, line, &content);
	struct file_image after = {
		.info = { .exists = true, .mode = S_IFREG | mode, .uid = id.uid, .gid = id.gid },
		.content = content,
	};
	CLEAN(free) char *wrote = image_digest(&after);
	TRY(intend_content(run, &(struct undo_record){ .verb = "line", .target = (char *)target, .image = *now, .data = old,
			.wrote = wrote }));
	TRY(file_write(run->host, path, content.data, content.size, id.uid, id.gid, mode));
	run_changed(run, "line", target);
	return NULL;
}

struct error *ensure_line(struct run *run, const char *path, const char *pattern, const char *line, struct owner owner)
{
	CLEAN(file_image) struct file_image now = { 0 };
	CLEAN(free) char *target = text("%s: %s", path, line);
	struct place place;

	TRY(file_capture(run->host, path, &now));
	TRY(check_editable(path, &now));
	if (find_line(&now.content, line_equals, line).found)
		return run_is_plan(run) ? NULL : file_sweep(run->host, path);
	TRY(find_pattern(&now.content, pattern, &place));
	if (run_is_plan(run)) {
		run_difference(run, "line", target, false, place.found ? N_("replaces a line") : N_("is added"));
		return NULL;
	}
	return write_line(run, path, target, place, line, &now, owner);
}

/* Others have written into the file since: only our line goes. */
static struct error *take_line_back(struct run *run, const struct undo_record *record, const char *path, const char *line,
	const struct file_image *now)
{
	struct place place = find_line(&now->content, line_equals, line);
	CLEAN(bytes) struct bytes content = { 0 };

	if (!place.found)
		return NULL;
	replace_line(&now->content, place, record->data, &content);
	return file_write(run->host, path, content.data ? content.data : "", content.size, now->info.uid, now->info.gid,
		now->info.mode & 07777);
}

struct error *undo_line(struct run *run, const struct undo_record *record)
{
	CLEAN(file_image) struct file_image now = { 0 };
	const char *colon = strstr(record->target, ": ");

	if (!colon)
		return fail(ERR_INCOMPLETE, "malformed record");
	CLEAN(free) char *path = text_copy_n(record->target, (size_t)(colon - record->target));
	TRY(file_sweep(run->host, path));
	TRY(file_capture(run->host, path, &now));
	if (!now.info.exists && record->image.info.exists)
		return NULL;
	if (record_left(record, &now))
		return file_restore(run->host, path, &record->image);
	return take_line_back(run, record, path, colon + 2, &now);
}
