#include "checks/queue.h"
#include "host/process.h"

#include <jansson.h>

static bool is(const json_t *value, const char *address)
{
	const char *s = json_string_value(value);

	return s && strcasecmp(s, address) == 0;
}

static bool concerns(const json_t *entry, const char *address)
{
	const json_t *recipient;
	size_t i;

	if (is(json_object_get(entry, "sender"), address))
		return true;
	json_array_foreach(json_object_get(entry, "recipients"), i,
		recipient) if (is(json_object_get(recipient, "address"), address)) return true;
	return false;
}

/* One object per line, of those that mention the address at all: a queue may be long. */
static struct error *entries(struct host *h, const char *address, json_t *ret)
{
	CLEAN(bytes) struct bytes output = { 0 };
	CLEAN(list) struct list lines = { 0 };

	if (!process_available(h, "postqueue"))
		return NULL;
	TRY(process_simple(h, &output, "postqueue", "-j", NULL));
	list_split(&lines, bytes_text(&output), "\n");
	for (size_t i = 0; i < lines.n; i++)
		if (strcasestr(lines.v[i], address))
			json_array_append_new(ret, json_loads(lines.v[i], 0, NULL));
	return NULL;
}

DEFINE_CLEANUP(json_t *, json_decref)

struct error *queue_reason(struct host *h, const char *address, char **ret)
{
	CLEAN(json_decref) json_t *queue = json_array();
	const json_t *entry, *recipient;
	size_t i, k;

	*ret = NULL;
	TRY(entries(h, address, queue));
	json_array_foreach(queue, i, entry)
		json_array_foreach(json_object_get(entry, "recipients"), k, recipient)
	{
		const char *reason = json_string_value(json_object_get(recipient, "delay_reason"));

		if (reason && !*ret && is(json_object_get(recipient, "address"), address))
			*ret = text_copy(reason);
	}
	return NULL;
}

struct error *queue_remove(struct host *h, const char *address)
{
	CLEAN(json_decref) json_t *queue = json_array();
	const json_t *entry;
	size_t i;

	TRY(entries(h, address, queue));
	json_array_foreach(queue, i, entry)
	{
		const char *id = json_string_value(json_object_get(entry, "queue_id"));

		if (id && concerns(entry, address))
			TRY(process_simple(h, NULL, "postsuper", "-d", id, NULL));
	}
	return NULL;
}
