#include "cli/differences.h"
#include "base/bytes.h"

static void show_diff(const struct screen *s, const char *diff)
{
	CLEAN(list) struct list lines = { 0 };

	list_split(&lines, diff ? diff : "", "\n");
	for (size_t i = 0; i < lines.n; i++) {
		char sign = *lines.v[i];

		fprintf(s->out, "    %s", style(s->out_color, sign == '+' ? GREEN : sign == '-' ? RED : PLAIN));
		put_text(s->out, lines.v[i]);
		fprintf(s->out, "%s\n", style(s->out_color, PLAIN));
	}
}

void difference_show(const struct screen *s, const struct difference *d, const char *prefix)
{
	CLEAN(free)
	char *line = text("%s%s%s %s: %s", prefix ? prefix : "", prefix ? ": " : "", d->verb, d->target, d->shown);

	fputs("  ", s->out);
	put_flow(s, s->out, line, 2, 6);
	show_diff(s, d->diff);
}

json_t *difference_json(const struct difference *d)
{
	json_t *object = json_object();

	json_set_text(object, "step", d->step->name);
	json_set_text(object, "verb", d->verb);
	json_set_text(object, "target", d->target);
	json_set_text(object, "summary", d->summary);
	json_object_set_new(object, "drift", json_boolean(d->drift));
	json_set_text(object, "diff", d->diff);
	return object;
}

bool differences_have_drift(const struct run *run)
{
	for (size_t i = 0; i < run->difference_count; i++)
		if (run->differences[i].drift)
			return true;
	return false;
}
