#include "mail/spamd.h"
#include "base/clock.h"
#include "host/local_socket.h"
#include "host/unit.h"
#include "mail/layout.h"

#include <poll.h>
#include <time.h>

#define SOCKET SPAMD_RUN "/spamassassin.sock"
#define BEGINS 30 /* seconds, from its start until it must listen: it reads its rules before */

struct error *spamd_ask(void)
{
	CLEAN(bytes) struct bytes request = { 0 }, reply = { 0 };

	bytes_add_text(&request, "PING SPAMC/1.2\r\n\r\n");
	TRY(local_socket_ask(SOCKET, "spamass-milter", &request, strlen("SPAMD/1.5 0 PONG"), &reply));
	if (!starts_with(reply.data, "SPAMD/") || !strstr(reply.data, "PONG"))
		return fail(ERR_STOPPED, "spamd answers %s", reply.data);
	return NULL;
}

static bool begins(struct host *h, const char *unit)
{
	struct unit_status status;
	struct error *e = unit_status(h, unit, &status);
	bool ret = !e && status.active && (uint64_t)time(NULL) < status.started / 1000000 + BEGINS;

	error_free(e);
	return ret;
}

static bool listens(void)
{
	struct error *e = spamd_ask();
	bool ret = error_errno(e) != ENOENT && error_errno(e) != ECONNREFUSED;

	error_free(e);
	return ret;
}

void spamd_await(struct host *h, const char *unit)
{
	const double end = clock_now() + BEGINS;

	while (clock_now() < end && begins(h, unit) && !listens() && poll(NULL, 0, 100) == 0)
		;
}
