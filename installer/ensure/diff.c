/* What a difference of a text file looks like, by diff(1). */
#include "ensure/common.h"
#include "host/process.h"

#include <sys/stat.h>

#define DIFF_LIMIT (256 * 1024)

static bool presentable(const struct file_image *now, const void *data, size_t size, mode_t mode)
{
	return now->info.exists && S_ISREG(now->info.mode) && now->content.size <= DIFF_LIMIT && size <= DIFF_LIMIT &&
	       !memchr(bytes_text(&now->content), '\0', now->content.size) && !memchr(data, '\0', size) &&
	       /* What others may not read is shown to nobody. */
	       (now->info.mode & S_IROTH) && (mode & S_IROTH);
}

struct error *describe_change(struct run *run, const char *path, const struct file_image *now, const void *data, size_t size,
	mode_t mode, bool drift)
{
	const char *wanted[] = { "diff", "-u", "--label", "on this machine", "--label", "as mailsetup wants it", "--", path, "-", NULL };
	const char *drifted[] = { "diff", "-u", "--label", "as mailsetup wrote it", "--label", "on this machine", "--", "-", path, NULL };
	const struct bytes input = { .data = (char *)data, .size = size };
	const struct process p = { .argv = drift ? drifted : wanted, .input = &input, .accept = 1 };
	CLEAN(bytes) struct bytes diff = { 0 };

	if (!run->want_diffs || !presentable(now, data, size, mode) || !process_available(run->host, "diff"))
		return NULL;
	TRY(process_run(run->host, &p, &diff, NULL));
	if (diff.size)
		run_difference_diff(run, bytes_text(&diff));
	return NULL;
}
