#include "base/clock.h"
#include "base/interrupt.h"
#include "mail/client.h"

#include <time.h>

#define WAITS	    3u	/* of one attempt: the connection, TLS, the line */
#define LONGEST	    10u /* seconds, of each */
#define PER_SECOND 10u /* attempts */

static struct error *greeting(const char *address, unsigned port, bool tls, unsigned timeout)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	CLEAN(free) char *line = NULL;

	TRY(dialogue_open(address, port, timeout, &d));
	if (tls)
		TRY(dialogue_start_tls(d, "localhost", 0, 0, NULL));
	return dialogue_line(d, &line);
}

/* So long that all waits of an attempt fit in what is left; no less than a second. */
static unsigned timeout_of(double left)
{
	double timeout = left / WAITS;

	return timeout < 1 ? 1 : timeout > LONGEST ? LONGEST : (unsigned)timeout;
}

struct error *dialogue_await(const char *address, unsigned port, bool tls, unsigned seconds)
{
	const double end = clock_now() + seconds;

	for (unsigned attempt = 1;; attempt++) {
		if (interrupted())
			return fail(ERR_STOPPED, "interrupted while waiting for port %u to answer", port);
		struct error *e = greeting(address, port, tls, timeout_of(end - clock_now()));

		if (!e || attempt >= seconds * PER_SECOND || clock_now() >= end)
			return wrap(e, "port %u does not answer", port);
		error_free(e);
		nanosleep(&(struct timespec){ .tv_nsec = 1000000000 / PER_SECOND }, NULL);
	}
}
