#include "host/facts.h"
#include "host/file.h"

#define LIMIT 65536

/* NAME=value or NAME="value". */
static void take_field(const char *line, const char *name, char *ret, size_t size)
{
	size_t n = strlen(name);

	if (strncmp(line, name, n) != 0 || line[n] != '=')
		return;
	const char *value = line + n + 1;
	size_t quote = *value == '"';
	size_t length = strcspn(value + quote, "\"");
	snprintf(ret, size, "%.*s", (int)length, value + quote);
}

struct error *os_release_read(struct host *h, struct os_release *ret)
{
	CLEAN(bytes) struct bytes content = { 0 };
	CLEAN(list) struct list lines = { 0 };

	*ret = (struct os_release){ 0 };
	TRY(file_read(h, "/usr/lib/os-release", LIMIT, &content));
	list_split(&lines, bytes_text(&content), "\n");
	for (size_t i = 0; i < lines.n; i++) {
		take_field(lines.v[i], "ID", ret->id, sizeof(ret->id));
		take_field(lines.v[i], "VERSION_ID", ret->version, sizeof(ret->version));
		take_field(lines.v[i], "VERSION_CODENAME", ret->codename, sizeof(ret->codename));
	}
	return NULL;
}

struct error *memory_read(struct host *h, uint64_t *ret_total_bytes)
{
	CLEAN(bytes) struct bytes content = { 0 };
	unsigned long long kilobytes;

	TRY(file_read(h, "/proc/meminfo", LIMIT, &content));
	const char *total = strstr(bytes_text(&content), "MemTotal:");
	if (!total || sscanf(total, "MemTotal: %llu kB", &kilobytes) != 1)
		return fail(ERR_PRECHECK, "/proc/meminfo does not say how much memory there is");
	*ret_total_bytes = kilobytes * 1024;
	return NULL;
}

struct error *hostname_read(struct host *h, char **ret)
{
	struct file_info info;
	CLEAN(bytes) struct bytes content = { 0 };

	TRY(file_stat(h, "/etc/hostname", &info));
	if (info.exists)
		TRY(file_read(h, "/etc/hostname", LIMIT, &content));
	*ret = text_copy_n(bytes_text(&content), strcspn(bytes_text(&content), "\n"));
	return NULL;
}
