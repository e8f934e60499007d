#include "checks/ask.h"
#include "checks/tally.h"

#define REMEDY "doveconf -n namespace/inbox; mailsetup status"

static const struct {
	const char *folder, *use;
} wanted[] = {
	{ "Sent", "\\Sent" },
	{ "Drafts", "\\Drafts" },
	{ "Trash", "\\Trash" },
	{ "Spam", "\\Junk" },
	{ "Archive", "\\Archive" },
};

static struct error *list_folders(const struct check_context *c, struct list *ret)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	CLEAN(free) char *greeting = NULL;
	CLEAN(free) char *answer = NULL;
	CLEAN(secret) struct bytes login = { 0 };

	TRY(ask_open(c, c->outside->server_ipv4, 993, &d));
	TRY(dialogue_start_tls(d, c->params->hostname, 0, 0, NULL));
	TRY(dialogue_line(d, &greeting));
	bytes_printf(&login, "LOGIN %s %s", c->mailbox, bytes_text(c->password));
	TRY(ask_imap(d, login.data, NULL, &answer));
	if (!starts_with(answer, "OK"))
		return fail(ERR_STOPPED, "port 993 answers the login with %s", answer);
	free(TAKE(answer));
	TRY(ask_imap(d, "LIST \"\" \"*\" RETURN (SPECIAL-USE)", ret, &answer));
	return starts_with(answer, "OK") ? NULL : fail(ERR_STOPPED, "port 993 answers LIST with %s", answer);
}

/* * LIST (\HasNoChildren \Sent) "." Sent */
static const char *find(const struct list *lines, const char *folder)
{
	CLEAN(free) char *end = text(" %s", folder);
	CLEAN(free) char *quoted = text(" \"%s\"", folder);

	for (size_t i = 0; i < lines->n; i++)
		if (ends_with(lines->v[i], end) || ends_with(lines->v[i], quoted))
			return lines->v[i];
	return NULL;
}

static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(tally) struct tally t = { 0 };
	CLEAN(list) struct list lines = { 0 };

	if (finding_error(f, list_folders(c, &lines), ASK_LOGS))
		return;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		const char *line = find(&lines, wanted[i].folder);

		if (!line)
			tally_failed(&t, REMEDY, "a new mailbox has no folder %s", wanted[i].folder);
		else if (!strstr(line, wanted[i].use))
			tally_failed(&t, REMEDY, "folder %s is not marked %s: mail programs do not find it",
				wanted[i].folder, wanted[i].use);
		else
			tally_ok(&t, "%s %s", wanted[i].folder, wanted[i].use);
	}
	tally_finding(&t, f);
}

const struct check check_special_use = {
	.name = "special-use",
	.title = N_("Mail programs find the folders for sent mail, drafts, trash, spam, archive"),
	.outside = true,
	.mail = true,
	.timeout = 40,
	.run = run,
};
