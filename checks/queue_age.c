#include "checks/tally.h"
#include "host/queue.h"

#include <time.h>

#define HOUR	 3600
#define DAY	 (24 * HOUR)
#define LIFETIME (6 * DAY) /* Postfix gives back what it could not deliver in 5 (maximal_queue_lifetime) */
#define BACKLOG	 100	   /* messages that wait for more than an hour */
#define REMEDY	 "mailsetup queue list; mailsetup doctor"

struct count {
	int64_t now, oldest; /* the age of the oldest, seconds */
	unsigned all, held, waiting, stuck, dead;
	char *reason;
};

static void look(void *context, const struct queue_entry *e)
{
	struct count *n = context;
	const int64_t age = n->now - e->arrival;

	n->all++;
	if (strcmp(e->queue, "hold") == 0) {
		n->held++;
		return;
	}
	n->waiting += age > HOUR;
	n->stuck += age > HOUR && (strcmp(e->queue, "incoming") == 0 || strcmp(e->queue, "maildrop") == 0);
	n->dead += age > LIFETIME;
	if (age > n->oldest) {
		n->oldest = age;
		free(n->reason);
		n->reason = e->reasons.n && *e->reasons.v[0] ? text_copy(e->reasons.v[0]) : NULL;
	}
}

/* A few messages for a server that is down are nobody's fault here. */
static void judge(const struct count *n, struct finding *f)
{
	const char *because = n->reason ? n->reason : _("no reason is noted");

	if (n->stuck)
		finding_failed(f, REMEDY, "%u came in more than an hour ago, and nobody has looked at them", n->stuck);
	else if (n->dead)
		finding_failed(f, REMEDY, "%u in the queue for more than %d days; the oldest: %s", n->dead,
			LIFETIME / DAY, because);
	else if (n->waiting >= BACKLOG)
		finding_failed(f, REMEDY, "%u in the queue for more than an hour, the oldest for %lld hours: %s",
			n->waiting, (long long)(n->oldest / HOUR), because);
	else if (n->waiting)
		finding_ok(f, "%u in the queue, %u of them on hold; %u for more than an hour, the oldest for %lld hours: %s",
			n->all, n->held, n->waiting, (long long)(n->oldest / HOUR), because);
	else
		finding_ok(f, "%u in the queue, %u of them on hold; none for more than an hour", n->all, n->held);
}

static void run(const struct check_context *c, struct finding *f)
{
	struct count n = { .now = time(NULL) };
	struct error *e = queue_each(c->host, look, &n);

	if (e)
		finding_unknown(f, "mailsetup verify --only units", "%s", error_message(e));
	else
		judge(&n, f);
	error_free(e);
	free(n.reason);
}

const struct check check_queue = {
	.name = "queue",
	.title = N_("No mail is stuck in the queue"),
	.run = run,
};
