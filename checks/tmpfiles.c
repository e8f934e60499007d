#include "checks/check.h"
#include "host/account.h"
#include "host/file.h"
#include "mail/layout.h"

#define REMEDY "mailsetup install"

/* "d /run/spamassassin 0750 spamassassin spamassassin - -" (tmpfiles.d(5)); the fields of the last such line. */
static struct error *read_line(struct host *h, struct list *ret)
{
	CLEAN(bytes) struct bytes conf = { 0 };
	CLEAN(list) struct list lines = { 0 };

	TRY(file_read(h, TMPFILES_CONF, 1 << 16, &conf));
	list_split(&lines, bytes_text(&conf), "\n");
	for (size_t i = 0; i < lines.n; i++) {
		CLEAN(list) struct list fields = { 0 };

		list_split(&fields, lines.v[i], " \t");
		if (fields.n >= 5 && strchr("dD", fields.v[0][0]) && strcmp(fields.v[1], SPAMD_RUN) == 0) {
			list_free(ret);
			*ret = fields;
			fields = (struct list){ 0 };
		}
	}
	return ret->n ? NULL : fail(ERR_STOPPED, "%s does not make %s", TMPFILES_CONF, SPAMD_RUN);
}

static void compare(const struct check_context *c, const struct list *line, struct finding *f)
{
	struct file_info now;
	struct user user = { 0 };
	struct group group = { 0 };
	CLEAN(free) char *remedy = text("systemd-tmpfiles --create " TMPFILES_CONF "; systemctl restart %s", c->release->spamd_unit);
	const unsigned mode = (unsigned)strtoul(line->v[2], NULL, 8);

	if (finding_error(f, file_stat(c->host, SPAMD_RUN, &now), "") ||
		finding_error(f, user_find(c->host, line->v[3], &user), "") ||
		finding_error(f, group_find(c->host, line->v[4], &group), ""))
		return;
	if (!user.exists || !group.exists)
		finding_failed(f, REMEDY, "%s names %s:%s, which do not exist", TMPFILES_CONF, line->v[3], line->v[4]);
	else if (!now.exists)
		finding_failed(f, remedy, "there is no %s", SPAMD_RUN);
	else if (now.uid != user.uid || now.gid != group.gid || (now.mode & 07777) != mode)
		finding_failed(f, "systemd-tmpfiles --create " TMPFILES_CONF,
			"%s has mode %04o and owner %u:%u; after a boot it will have %04o and %s:%s", SPAMD_RUN, (unsigned)(now.mode & 07777), (unsigned)now.uid, (unsigned)now.gid, mode, line->v[3], line->v[4]);
	else
		finding_ok(f, "%s %04o %s:%s, as after a boot", SPAMD_RUN, mode, line->v[3], line->v[4]);
}

static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(list) struct list line = { 0 };

	if (!finding_error(f, read_line(c->host, &line), N_("mailsetup install (without it, spamd has no socket after a boot)")))
		compare(c, &line, f);
}

const struct check check_tmpfiles = {
	.name = "tmpfiles",
	.title = N_("The directory of spamd's socket comes back at boot"),
	.run = run,
};
