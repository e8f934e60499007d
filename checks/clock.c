#include "checks/check.h"
#include "engine/state.h"
#include "host/file.h"
#include "mail/layout.h"

#include <sys/timex.h>
#include <time.h>

#define SLACK  120 /* seconds */
#define REMEDY "timedatectl set-ntp true; timedatectl"

/* What has been written lies in the past. */
static const char *const written[] = {
	STATE_PATH,
	ACCOUNTS_PATH,
	TLS_CERTIFICATE,
	"/etc/postfix/main.cf",
};

static struct error *from_the_future(struct host *h, time_t now, const char **ret_path, char **ret_date)
{
	for (size_t i = 0; i < sizeof(written) / sizeof(*written); i++) {
		struct file_info info;
		struct tm utc;
		char date[32];

		TRY(file_stat(h, written[i], &info));
		if (!info.exists || info.mtime.tv_sec <= now + SLACK)
			continue;
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M", gmtime_r(&info.mtime.tv_sec, &utc));
		*ret_path = written[i];
		*ret_date = text_copy(date);
		return NULL;
	}
	return NULL;
}

/* A container has the clock of the machine that runs it. */
static const char *remedy_of(struct host *h)
{
	struct file_info container = { 0 };

	error_free(file_stat(h, "/run/systemd/container", &container));
	return container.exists ? N_("timedatectl, on the machine that runs this container") : REMEDY;
}

static void run(const struct check_context *c, struct finding *f)
{
	struct timex kernel = { .modes = 0 };
	const time_t now = time(NULL);
	const int answer = adjtimex(&kernel);
	CLEAN(free) char *date = NULL;
	const char *path = NULL;
	struct tm utc;
	char today[32];

	strftime(today, sizeof(today), "%Y-%m-%d %H:%M", gmtime_r(&now, &utc));
	if (finding_error(f, from_the_future(c->host, now, &path, &date), ""))
		return;
	if (path)
		finding_failed(f, remedy_of(c->host), "it is %s UTC here, but %s is of %s", today, path, date);
	else if (answer < 0)
		finding_unknown(f, remedy_of(c->host), "it is %s UTC here; whether a time server keeps it cannot be asked", today);
	else if (answer == TIME_ERROR || kernel.status & STA_UNSYNC)
		finding_unknown(f, remedy_of(c->host), "it is %s UTC here, not synchronised with a time server", today);
	else
		finding_ok(f, "%s UTC, synchronised", today);
}

const struct check check_clock = {
	.name = "clock",
	.title = N_("The clock is right"),
	.run = run,
};
