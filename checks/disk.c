#include "checks/tally.h"
#include "engine/state.h"
#include "mail/layout.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#define MIB	    (1024.0 * 1024.0)
#define FULL	    2      /* percent left */
#define BYTES_FINE  (1024 * MIB) /* however few percent that is */
#define INODES_FINE 10000

static const struct {
	const char *path;
	bool mail; /* a message of the largest size must find room */
} places[] = {
	{ POSTFIX_CHROOT, true },
	{ MAILBOX_ROOT, true },
	{ DATABASE_FOLDER, false },
	{ STATE_DIRECTORY, false },
	{ "/var/log", false },
};
#define PLACES (sizeof(places) / sizeof(*places))

/* Postfix refuses all mail when there is less than one and a half times its limit left. */
static void judge(const struct check_context *c, size_t i, const struct statvfs *s, struct tally *t)
{
	CLEAN(free) char *remedy = text("df -h %s; df -i %s; journalctl --vacuum-size=100M", places[i].path, places[i].path);
	const double bytes = (double)s->f_bavail * (double)s->f_frsize;
	const double all = (double)s->f_blocks * (double)s->f_frsize;
	const double inodes = (double)s->f_favail;

	if (s->f_flag & ST_RDONLY)
		tally_failed(t, remedy, "%s can only be read", places[i].path);
	else if ((places[i].mail && bytes < 2.0 * (double)c->params->size_limit) ||
		 (bytes * 100 < all * FULL && bytes < BYTES_FINE))
		tally_failed(t, remedy, "%s has only %.0f MiB left", places[i].path, bytes / MIB);
	/* A file system that makes them as needed counts none. */
	else if (s->f_files && inodes * 100 < (double)s->f_files * FULL && inodes < INODES_FINE)
		tally_failed(t, remedy, "%s has room for only %.0f more files", places[i].path, inodes);
	else
		tally_ok(t, "%s %.0f MiB left", places[i].path, bytes / MIB);
}

static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(tally) struct tally t = { 0 };
	dev_t seen[PLACES];
	size_t n = 0;

	for (size_t i = 0; i < PLACES; i++) {
		struct statvfs s;
		struct stat file;
		bool known = false;

		if (statvfs(places[i].path, &s) < 0 || stat(places[i].path, &file) < 0) {
			tally_failed(&t, "mailsetup install", "%s: %s", places[i].path, strerror(errno));
			continue;
		}
		for (size_t k = 0; k < n; k++)
			known |= seen[k] == file.st_dev;
		if (known)
			continue;
		seen[n++] = file.st_dev;
		judge(c, i, &s, &t);
	}
	tally_finding(&t, f);
}

const struct check check_disk = {
	.name = "disk",
	.title = N_("There is room for mail"),
	.run = run,
};
