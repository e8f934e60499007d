#include "checks/ask.h"

#include <inttypes.h>

#define REMEDY "postconf message_size_limit; mailsetup status"

/* "250-SIZE 31457280"; 0 where none is said. */
static uint64_t announced(const struct list *features)
{
	for (size_t i = 0; i < features->n; i++)
		if (strncasecmp(features->v[i] + 4, "SIZE ", 5) == 0)
			return strtoull(features->v[i] + 9, NULL, 10);
	return 0;
}

static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	CLEAN(list) struct list features = { 0 }, lines = { 0 };
	int code;

	if (finding_error(f, ask_smtp(c, c->outside->server_ipv4, 25, &d, &features), ASK_LOGS))
		return;
	uint64_t limit = announced(&features);
	if (!limit) {
		finding_failed(f, REMEDY, "port 25 announces no limit: one message may fill the disk");
		return;
	}
	if (finding_error(f,
		    dialogue_ask(d, &code, &lines, "MAIL FROM:<> SIZE=%" PRIu64, limit + 1), ASK_LOGS))
		return;
	if (code == 552)
		finding_ok(f, "%llu bytes; one more is answered with %s", (unsigned long long)limit, lines.v[0]);
	else
		finding_failed(f, REMEDY, "port 25 announces %llu bytes, but answers one more with %s", (unsigned long long)limit,
			lines.v[0]);
}

const struct check check_size_limit = {
	.name = "size-limit",
	.title = N_("A message that is too large is refused at once"),
	.outside = true,
	.timeout = 40,
	.run = run,
};
