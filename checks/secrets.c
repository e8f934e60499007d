#include "checks/published.h"
#include "checks/tally.h"
#include "engine/state.h"
#include "host/account.h"
#include "host/crypto.h"
#include "host/file.h"
#include "mail/layout.h"

#define CLOSED_TO_OTHERS 0007
#define OWNER_ONLY	 0077

static struct error *owner_name(struct host *h, const struct file_info *info, char **ret)
{
	TRY(user_name_of(h, info->uid, ret));
	if (!*ret)
		*ret = text("%u", (unsigned)info->uid);
	return NULL;
}

/* owner: a second user beside root that may own it, or NULL. A missing path is left to the checks that need it.
 */
static void judge(struct host *h, const char *path, mode_t forbidden, const char *owner, struct tally *t)
{
	struct file_info info;
	CLEAN(free) char *name = NULL;
	CLEAN(free)
	char *remedy =
		text("chmod %s '%s'; mailsetup status", forbidden == OWNER_ONLY ? "go-rwx" : "o-rwx", path);

	if (tally_error(t, file_stat(h, path, &info), "", "%s", path) || !info.exists)
		return;
	if (info.mode & forbidden)
		tally_failed(t, remedy, "%s has mode %04o", path, (unsigned)(info.mode & 07777));
	if (tally_error(t, owner_name(h, &info, &name), "", "%s", path))
		return;
	if (info.uid != 0 && (!owner || strcmp(name, owner) != 0))
		tally_failed(t, "mailsetup status", "%s belongs to %s", path, name);
	tally_ok(t, "%s %04o %s", path, (unsigned)(info.mode & 07777), name);
}

/* Everybody may read the certificate's file: a key has no place in it. */
static void judge_certificate(struct host *h, struct tally *t)
{
	CLEAN(secret) struct bytes pem = { 0 };
	struct file_info info;

	if (tally_error(t, file_stat(h, TLS_CERTIFICATE, &info), "", TLS_CERTIFICATE) || !info.exists)
		return;
	if (tally_error(t, file_read(h, TLS_CERTIFICATE, PEM_LIMIT, &pem), "", TLS_CERTIFICATE))
		return;
	if (strstr(bytes_text(&pem), "PRIVATE KEY-----"))
		tally_failed(t, "mailsetup install --tls-cert FILE --tls-key FILE", "%s holds a private key", TLS_CERTIFICATE);
}

static void judge_dkim(const struct check_context *c, struct tally *t)
{
	CLEAN(list) struct list domains = { 0 };

	published_domains(c, &domains);
	for (size_t i = 0; i < domains.n; i++) {
		CLEAN(free) char *directory = text(DKIM_KEYS "/%s", domains.v[i]);
		CLEAN(list) struct list names = { 0 };

		if (tally_error(t, directory_list(c->host, directory, &names), "", "%s", directory))
			continue;
		for (size_t k = 0; k < names.n; k++) {
			CLEAN(free) char *path = text("%s/%s", directory, names.v[k]);

			if (ends_with(path, ".private"))
				judge(c->host, path, OWNER_ONLY, "opendkim", t);
		}
	}
}

static void run(const struct check_context *c, struct finding *f)
{
	static const struct {
		const char *path;
		mode_t forbidden;
		const char *owner;
	} known[] = {
		{ DATABASE_FOLDER, CLOSED_TO_OTHERS, NULL },
		{ ACCOUNTS_PATH, CLOSED_TO_OTHERS, NULL },
		{ TLS_KEY, CLOSED_TO_OTHERS, NULL },
		{ "/etc/dovecot/dovecot-sql.conf.ext", CLOSED_TO_OTHERS, NULL },
		{ MAILBOX_ROOT, CLOSED_TO_OTHERS, MAILBOX_USER },
		{ STATE_DIRECTORY, OWNER_ONLY, NULL },
		{ STATE_PATH, OWNER_ONLY, NULL },
	};
	CLEAN(tally) struct tally t = { 0 };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		judge(c->host, known[i].path, known[i].forbidden, known[i].owner, &t);
	judge_certificate(c->host, &t);
	judge_dkim(c, &t);
	tally_finding(&t, f);
}

const struct check check_secrets = {
	.name = "secrets",
	.title = N_("Nobody else can read passwords, keys and mail"),
	.run = run,
};
