#include "checks/tally.h"
#include "host/become.h"
#include "host/file.h"
#include "mail/layout.h"

#include <unistd.h>

#define DATABASE SPAMD_HOME "/bayes"
#define LOCAL_CF "/etc/spamassassin/local.cf"
#define REMEDY	 "chown -R " SPAMD_USER ":" SPAMD_USER " " SPAMD_HOME

/* spamd and the learning job read the same file: the path that it gives is the one database. */
static void judge_path(struct host *h, struct tally *t)
{
	CLEAN(bytes) struct bytes text_of_it = { 0 };
	CLEAN(list) struct list lines = { 0 };
	const char *path = NULL;

	if (tally_error(t, file_read(h, LOCAL_CF, 1 << 20, &text_of_it), "mailsetup install", NULL))
		return;
	list_split(&lines, bytes_text(&text_of_it), "\n");
	for (size_t i = 0; i < lines.n; i++) {
		const char *s = lines.v[i] + strspn(lines.v[i], " \t");

		if (starts_with(s, "bayes_path") && strchr(" \t", s[10]))
			path = s + 10 + strspn(s + 10, " \t");
	}
	if (!path)
		tally_failed(t, "mailsetup status", "%s gives no bayes_path: what is learned, spamd never sees", LOCAL_CF);
	else if (strcmp(path, DATABASE) != 0)
		tally_failed(t, "mailsetup status", "%s puts the database into %s instead of %s", LOCAL_CF, path, DATABASE);
}

static void judge_access(struct host *h, struct tally *t)
{
	CLEAN(list) struct list names = { 0 };
	size_t files = 0;

	if (tally_error(t, directory_list(h, SPAMD_HOME, &names), "mailsetup install", NULL) ||
		tally_error(t, become_user(SPAMD_USER), "mailsetup install", NULL))
		return;
	if (access(SPAMD_HOME, R_OK | W_OK | X_OK) < 0)
		tally_failed(t, REMEDY, "%s cannot write in %s: %s", SPAMD_USER, SPAMD_HOME, strerror(errno));
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *path = text(SPAMD_HOME "/%s", names.v[i]);

		if (!starts_with(path, DATABASE))
			continue;
		files++;
		/* A lock may be gone again. */
		if (access(path, R_OK | W_OK) < 0 && errno != ENOENT)
			tally_failed(t, REMEDY, "%s cannot write %s: %s", SPAMD_USER, path, strerror(errno));
	}
	if (files)
		tally_ok(t, "%s, which spamd and the learning job can write", DATABASE);
	else
		tally_ok(t, "%s, still empty", DATABASE);
}

static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(tally) struct tally t = { 0 };

	judge_path(c->host, &t);
	judge_access(c->host, &t);
	tally_finding(&t, f);
}

const struct check check_bayes = {
	.name = "bayes",
	.title = N_("spamd and the learning job share one database, and can write it"),
	.run = run,
};
