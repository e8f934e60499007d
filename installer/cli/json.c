#include "cli/json.h"

#include <time.h>

json_t *json_event(const char *name)
{
	json_t *object = json_object();

	json_object_set_new(object, "event", json_string(name));
	return object;
}

void json_set_text(json_t *object, const char *key, const char *value)
{
	if (value)
		json_object_set_new(object, key, json_text(value));
}

void json_set_seconds(json_t *object, const char *key, double seconds)
{
	json_object_set_new(object, key, json_real((double)(int64_t)(seconds * 1000 + 0.5) / 1000));
}

void json_set_time(json_t *object, const char *key, int64_t seconds)
{
	time_t when = (time_t)seconds;
	char s[64];
	struct tm tm;

	if (gmtime_r(&when, &tm) && strftime(s, sizeof(s), "%Y-%m-%dT%H:%M:%SZ", &tm))
		json_object_set_new(object, key, json_string(s));
}

void json_write(FILE *f, json_t *value)
{
	char *s = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(12));

	if (s)
		fprintf(f, "%s\n", s);
	fflush(f);
	free(s);
	json_decref(value);
}
