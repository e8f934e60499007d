#include "base/i18n.h"
#include "ensure/asset.h"
#include "host/process.h"
#include "mail/layout.h"
#include "steps/steps.h"

#define DOVECOT "/etc/dovecot/"
#define CONF	DOVECOT "conf.d/"
#define SECRET	OWNED("root", "dovecot", 0640)

struct edit {
	const char *path;
	const char *pattern;
	const char *line;
};

struct written {
	const char *path;
	struct owner owner;
};

/* Debian's own files of 2.3, of which only these lines differ. */
static const struct edit edits_2_3[] = {
	{ DOVECOT "dovecot.conf", "^#?listen *=", "listen = *, [::]" },
	{ CONF "10-mail.conf", "^#?mail_location *=", "mail_location = maildir:" MAILBOX_ROOT "/%d/%n" },
	{ CONF "10-auth.conf", "^#?disable_plaintext_auth *=", "disable_plaintext_auth = yes" },
	{ CONF "10-auth.conf", "^#?!include auth-system[.]conf[.]ext", "#!include auth-system.conf.ext" },
	{ CONF "10-auth.conf", "^#?!include auth-sql[.]conf[.]ext", "!include auth-sql.conf.ext" },
	{ 0 },
};
static const struct written files_2_3[] = {
	{ DOVECOT "dovecot-sql.conf.ext", SECRET },
	{ CONF "10-ssl.conf", ROOT_FILE },
	{ CONF "10-master.conf", ROOT_FILE },
	{ CONF "15-mailboxes.conf", ROOT_FILE },
	{ CONF "20-lmtp.conf", ROOT_FILE },
	{ CONF "90-sieve.conf", ROOT_FILE },
	{ 0 },
};

/* After an upgrade to 2.4, Debian's files of 2.3 may stand there with an edit of ours or another hand's: it takes none of them. */
static const struct edit edits_2_4[] = { { 0 } };
static const struct written files_2_4[] = {
	{ DOVECOT "dovecot.conf", ROOT_FILE },
	{ CONF "10-auth.conf", ROOT_FILE },
	{ CONF "auth-sql.conf.ext", ROOT_FILE },
	{ CONF "10-mail.conf", ROOT_FILE },
	{ CONF "10-ssl.conf", ROOT_FILE },
	{ CONF "10-master.conf", ROOT_FILE },
	{ CONF "15-mailboxes.conf", ROOT_FILE },
	{ CONF "20-lmtp.conf", ROOT_FILE },
	{ CONF "20-managesieve.conf", ROOT_FILE },
	{ CONF "90-sieve.conf", ROOT_FILE },
	{ 0 },
};

static const struct generation {
	const char *tree; /* struct release's dovecot_tree */
	const struct edit *edits;
	const struct written *files;
} generations[] = {
	{ "", edits_2_3, files_2_3 },
	{ "/dovecot-2.4", edits_2_4, files_2_4 },
};
#define GENERATIONS (sizeof(generations) / sizeof(*generations))

static struct error *ensure_generation(struct run *run, const struct generation *g)
{
	CLEAN(free) char *postmaster = text("postmaster@%s", run->params->domain);
	const struct variable variables[] = { { "POSTMASTER", postmaster }, { NULL, NULL } };

	for (const struct edit *e = g->edits; e->path; e++)
		TRY(ensure_line(run, e->path, e->pattern, e->line, ROOT_FILE));
	for (const struct written *f = g->files; f->path; f++)
		TRY(ensure_asset_of(run, g->tree, f->path, asset_of(g->tree, f->path)->is_template ? variables : NULL, f->owner));
	return NULL;
}

static bool writes(const struct generation *g, const char *path)
{
	for (const struct written *f = g->files; f->path; f++)
		if (strcmp(f->path, path) == 0)
			return true;
	return false;
}

/* After an upgrade: what mailsetup wrote for another generation, and this one does not have. */
static struct error *leave_generation(struct run *run, const struct generation *left, const struct generation *now)
{
	for (const struct written *f = left->files; f->path; f++)
		if (!writes(now, f->path))
			TRY(ensure_taken_back(run, "file", f->path));
	return NULL;
}

static struct error *dovecot_apply(struct run *run)
{
	const struct generation *now = &generations[0];

	for (size_t i = 0; i < GENERATIONS; i++)
		if (strcmp(generations[i].tree, run->release.dovecot_tree) == 0)
			now = &generations[i];
	for (size_t i = 0; i < GENERATIONS; i++)
		if (&generations[i] != now)
			TRY(leave_generation(run, &generations[i], now));
	TRY(ensure_generation(run, now));
	return ensure_directory(run, MAILBOX_ROOT, OWNED(MAILBOX_USER, MAILBOX_USER, 0700));
}

static struct error *dovecot_postcheck(struct run *run)
{
	return process_simple(run->host, NULL, "doveconf", "-n", NULL);
}

const struct step step_dovecot = {
	.name = "dovecot",
	.title = N_("Dovecot configuration"),
	.why = N_("users read their mail, Postfix delivers it and asks for passwords"),
	.needs = NEEDS(&step_database, &step_tls),
	.revision = 1,
	.apply = dovecot_apply,
	.postcheck = dovecot_postcheck,
};
