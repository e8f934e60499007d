#include "engine/params.h"
#include "mail/name.h"

#include <ctype.h>
#include <fcntl.h>
#include <sys/stat.h>

#define FILE_LIMIT 65536
#define LINE_LIMIT 4096

struct reader {
	struct params *p;
	struct params scratch; /* judges values that an earlier source overrides */
	uint32_t before;       /* what earlier sources gave */
	uint32_t seen;
};

static void reader_cleanup(struct reader *r)
{
	params_free(&r->scratch);
}

static struct error *read_whole(const char *path, struct bytes *ret)
{
	/* What waits for a writer, as a FIFO does, is no config file. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	CLEAN(fclose) FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	char block[4096];
	struct stat st;
	size_t n;

	if (!f)
		return fail_errno(errno, "--config: cannot open the config file %s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return fail(ERR_USAGE, "--config: %s is not a regular file", path);
	while ((n = fread(block, 1, sizeof(block), f)) > 0) {
		bytes_add(ret, block, n);
		if (ret->size > FILE_LIMIT)
			return fail(
				ERR_USAGE, "--config: %s has more than 64 KiB; is it a config file of mailsetup?", path);
	}
	if (ferror(f))
		return fail_errno(errno, "--config: cannot read the config file %s", path);
	return NULL;
}

static char *trim(char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	for (size_t n = strlen(s); n && isspace((unsigned char)s[n - 1]); n--)
		s[n - 1] = '\0';
	return s;
}

/* '#' at the start of a line or behind white space. */
static void drop_comment(char *s)
{
	for (char *p = s; *p; p++)
		if (*p == '#' && (p == s || isspace((unsigned char)p[-1]))) {
			*p = '\0';
			return;
		}
}

static struct error *find_spec(const char *name, size_t *ret)
{
	for (*ret = 0; *ret < param_count; ++*ret)
		if (!param_specs[*ret].hidden && strcmp(param_specs[*ret].name, name) == 0)
			return NULL;
	CLEAN(free) char *shown = printable(name);
	return fail(ERR_USAGE, "“%s” is no parameter; `mailsetup help install` lists them", shown);
}

static struct error *read_setting(struct reader *r, char *line)
{
	char *equals = strchr(line, '=');
	size_t id;

	if (equals)
		*equals = '\0';
	const char *name = trim(line);
	TRY(find_spec(name, &id));
	const struct param_spec *spec = &param_specs[id];
	uint32_t bit = UINT32_C(1) << id;

	if (!equals && spec->argument)
		return fail(ERR_USAGE, "%s has no value; write %s = %s", name, name, spec->argument);
	if (r->seen & bit && !spec->repeatable)
		return fail(ERR_USAGE, "%s stands here for the second time; remove one of the two lines", name);
	r->seen |= bit;
	return params_set(r->before & bit ? &r->scratch : r->p, name, equals ? trim(equals + 1) : "yes");
}

static struct error *read_line(struct reader *r, const char *data, size_t size)
{
	if (size > LINE_LIMIT)
		return fail(ERR_USAGE, "the line has more than %d bytes", LINE_LIMIT);
	if (memchr(data, '\0', size))
		return fail(ERR_USAGE, "the line holds a NUL byte; is it a config file of mailsetup?");

	CLEAN(free) char *line = text_copy_n(data, size);
	drop_comment(line);
	char *setting = trim(line);
	return *setting ? read_setting(r, setting) : NULL;
}

struct error *params_read_file(struct params *p, const char *path)
{
	CLEAN(reader) struct reader r = { .p = p, .before = p->given };
	CLEAN(bytes) struct bytes content = { 0 };
	unsigned number = 0;

	TRY(recode(read_whole(path, &content), ERR_USAGE));
	for (size_t at = 0; at < content.size;) {
		const char *line = content.data + at;
		const char *end = memchr(line, '\n', content.size - at);
		size_t size = end ? (size_t)(end - line) : content.size - at;

		TRY(wrap(read_line(&r, line, size), "%s:%u", path, ++number));
		at += size + 1;
	}
	return NULL;
}
