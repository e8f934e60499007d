/* What a difference of a text file looks like, by diff(1). */
#include "ensure/common.h"
#include "host/process.h"

#include <sys/stat.h>

#define DIFF_LIMIT (256 * 1024)

static bool is_text(const void *data, size_t size)
{
	return size <= DIFF_LIMIT && !memchr(data, '\0', size);
}

/* What others may not read is shown to nobody: the output ends in reports and tickets. */
static bool presentable(const struct file_image *now, const void *data, size_t size, mode_t mode)
{
	if (!is_text(data, size) || !(mode & S_IROTH))
		return false;
	return !now->info.exists || (S_ISREG(now->info.mode) && now->info.mode & S_IROTH &&
					    is_text(bytes_text(&now->content), now->content.size));
}

struct error *describe_change(struct run *run, const char *path, const struct file_image *now, const void *data, size_t size,
	mode_t mode, bool drift)
{
	const char *wanted[] = { "diff", "-u", "--label", "on this machine", "--label", "as mailsetup wants it", "--", path, "-", NULL };
	const char *drifted[] = { "diff", "-u", "--label", "as mailsetup wrote it", "--label", "on this machine", "--", "-", path, NULL };
	const char *made[] = { "diff", "-u", "--label", "nothing on this machine", "--label", "as mailsetup wants it", "--", "/dev/null", "-",
		NULL };
	const struct bytes input = { .data = (char *)data, .size = size };
	const struct process p = { .argv = !now->info.exists ? made : drift ? drifted : wanted, .input = &input, .accept = 1 };
	CLEAN(bytes) struct bytes diff = { 0 };

	if (!run->want_diffs || (drift && !now->info.exists) || !presentable(now, data, size, mode) || !process_available(run->host, "diff"))
		return NULL;
	TRY(process_run(run->host, &p, &diff, NULL));
	if (diff.size)
		run_difference_diff(run, bytes_text(&diff));
	return NULL;
}
