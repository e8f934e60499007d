#include "base/interrupt.h"
#include "host/file.h"
#include "host/package.h"
#include "host/process.h"

#define SCRATCH "/run/mailsetup-source"

/* apt's own downloader, so that its proxies, certificates and transports count. */
struct error *package_source_answers(struct host *h, const char *url, unsigned timeout)
{
	CLEAN(free) char *limit = text("Acquire::http::Timeout=%u", timeout);
	const char *const argv[] = { "/usr/lib/apt/apt-helper", "-o", "Acquire::Retries=0", "-o", limit, "download-file", url,
		SCRATCH, NULL };
	struct error *e = process_run(h, &(struct process){ .argv = argv, .timeout = 2 * timeout, .until_interrupted = true }, NULL, NULL);
	struct error *left = file_remove(h, SCRATCH);

	if (left || interrupted())
		return join(left, e);
	return recode(e, ERR_PRECHECK);
}
