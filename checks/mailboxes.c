#include "base/i18n.h"
#include "checks/tally.h"
#include "host/file.h"
#include "mail/layout.h"

#include <sys/stat.h>

#define REMEDY "chown -R " MAILBOX_USER ":" MAILBOX_USER " " MAILBOX_ROOT
#define SHOWN  5    /* one mistake has often hit them all */

struct walk {
	struct host *host;
	struct tally *tally;
	unsigned seen, wrong;
};

/* Says whether it is a directory. */
static bool judge(struct walk *w, const char *path)
{
	struct file_info info;

	if (tally_error(w->tally, file_stat(w->host, path, &info), "", "%s", path) || !info.exists)
		return false;
	w->seen++;
	/* The modes below are no matter: nobody else comes through the root (check secrets). */
	if (info.uid != MAILBOX_ID && w->wrong++ < SHOWN)
		tally_failed(w->tally, REMEDY, "%s belongs to %u:%u, not to vmail", path, (unsigned)info.uid,
			(unsigned)info.gid);
	return (info.mode & S_IFMT) == S_IFDIR;
}

/* Domains and mailboxes; what is in a mailbox, Dovecot makes. */
static void walk(struct walk *w, const char *path, unsigned depth)
{
	CLEAN(list) struct list names = { 0 };

	if (!judge(w, path) || !depth)
		return;
	if (tally_error(w->tally, directory_list(w->host, path, &names), "", "%s", path))
		return;
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *below = text("%s/%s", path, names.v[i]);

		if (strcmp(names.v[i], "lost+found") != 0) /* of a file system of their own */
			walk(w, below, depth - 1);
	}
}

static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(tally) struct tally t = { 0 };
	struct walk w = { .host = c->host, .tally = &t };

	walk(&w, MAILBOX_ROOT, 2);
	if (!w.seen)
		tally_failed(&t, "mailsetup install", "there is no %s", MAILBOX_ROOT);
	if (w.wrong > SHOWN)
		tally_failed(&t, REMEDY, ngettext("and %u more", "and %u more", w.wrong - SHOWN), w.wrong - SHOWN);
	tally_ok(&t, ngettext("%u directory belongs to vmail", "%u directories belong to vmail", w.seen), w.seen);
	tally_finding(&t, f);
}

const struct check check_mailboxes = {
	.name = "mailboxes",
	.title = N_("The mailboxes belong to the user that delivers"),
	.run = run,
};
