#include "base/i18n.h"
#include "cli/json.h"
#include "cli/migration.h"

static const char *user, *undo;
static struct list maps;
static bool dry_run, list;

static const struct option_spec options[] = {
	{ "user", 'u', N_("ADDRESS"), N_("whose mailbox it is, where the archive is a single one"), NULL, &user, NULL },
	{ "map", 'm', N_("OLD=ADDRESS"), N_("the mailbox OLD of the archive is ADDRESS here; may be repeated"), NULL, NULL, &maps },
	{ "dry-run", 'n', NULL, N_("judge and count, write nothing"), &dry_run, NULL, NULL },
	{ "undo", 0, N_("NUMBER"), N_("take back an import: the messages that it brought and nobody has moved since"), NULL, &undo, NULL },
	{ "list", 0, NULL, N_("list the imports that can be taken back"), &list, NULL, NULL },
	{ 0 },
};

static struct error *check_usage(const struct cli *cli)
{
	if (undo && (cli->operands.n || user || maps.n || dry_run || list))
		return fail(ERR_USAGE, "--undo stands alone: the import says whose messages they are");
	if (list && (cli->operands.n || user || maps.n || dry_run))
		return fail(ERR_USAGE, "--list stands alone");
	if (!undo && !list && !cli->operands.n)
		return fail(ERR_USAGE, "no archive is given: `mailsetup migrate-maildir old.tar.gz --user ADDRESS`");
	return NULL;
}

static struct error *number_of(const char *s, unsigned *ret)
{
	CLEAN(free) char *shown = text_fit(s, 40);
	char *end;
	unsigned long n = strtoul(s, &end, 10);

	if (*s < '0' || *s > '9' || *end || !n || n > 1000000)
		return fail(ERR_USAGE, "--undo: “%s” is no number of an import; `mailsetup migrate-maildir --list` shows them", shown);
	*ret = (unsigned)n;
	return NULL;
}

static struct error *take_back(struct cli *cli, struct migration *m)
{
	struct undone undone;
	unsigned number = 0;

	TRY(number_of(undo, &number));
	TRY(migration_undo(m, number, &undone));
	if (cli->json) {
		json_t *done = json_event("done");

		json_object_set_new(done, "changed", json_true()); /* its record at least is gone */
		json_object_set_new(done, "import", json_integer(number));
		json_object_set_new(done, "removed", json_integer((json_int_t)undone.removed));
		json_object_set_new(done, "gone", json_integer((json_int_t)undone.gone));
		json_write(cli->screen.out, done);
	} else if (!cli->quiet) {
		fprintf(cli->screen.out, _("import %u is taken back; messages removed: %llu, moved or removed before and left alone: %llu\n"),
			number, (unsigned long long)undone.removed, (unsigned long long)undone.gone);
	}
	return NULL;
}

static struct error *show_list(struct cli *cli, struct migration *m)
{
	json_int_t number, messages;
	const char *archive;
	json_t *all, *one;
	size_t i;

	TRY(migrations_list(m->state, &all));
	if (cli->json) {
		json_write(cli->screen.out, json_pack("{so}", "imports", all));
		return NULL;
	}
	json_array_foreach (all, i, one)
		if (json_unpack(one, "{sI ss sI}", "import", &number, "archive", &archive, "imported", &messages) == 0) {
			fprintf(cli->screen.out, _("%4lld  %8lld messages  "), (long long)number, (long long)messages);
			put_text(cli->screen.out, archive);
			fputc('\n', cli->screen.out);
		}
	json_decref(all);
	return NULL;
}

static struct error *import_archive(struct cli *cli, struct session *s, struct migration *m)
{
	struct error *e = migrate(m);

	terminal_close(&s->terminal);
	return migration_tell(cli, m, e);
}

static struct error *run(struct cli *cli)
{
	CLEAN(session) struct session s = SESSION_CLOSED;
	CLEAN(free) char *path = NULL;
	CLEAN(fd) int fd = -1;

	TRY(check_usage(cli));
	/* Before the session enters "/". */
	if (cli->operands.n) {
		TRY(archive_open(cli->operands.v[0], &fd));
		path = strcmp(cli->operands.v[0], "-") == 0 ? text_copy("-") : realpath(cli->operands.v[0], NULL);
		if (!path)
			return fail_errno(errno, "cannot follow the name of the archive %s", cli->operands.v[0]);
	}
	TRY(session_open(cli, SESSION_LOCK, &s));
	struct migration m = migration_of(&s, cli);
	TRY(migration_possible(&m));
	m.archive = path;
	m.fd = fd;
	m.user = user;
	m.maps = &maps;
	m.dry = dry_run;
	struct error *e = undo ? take_back(cli, &m) : list ? show_list(cli, &m) : import_archive(cli, &s, &m);
	report_free(&m.report);
	return e;
}

const struct command command_migrate_maildir = {
	.name = "migrate-maildir",
	.operands = N_("[ARCHIVE]"),
	.operands_max = 1,
	.summary = N_("bring the mail of an old server over, from an archive of its Maildirs"),
	.help = PARAGRAPHS(
		N_("ARCHIVE is a tar, plain or compressed with gzip, bzip2, xz or zstd; - is standard input. It holds "
		   "one Maildir, then --user says whose it is, or a tree DOMAIN/USER or USER/Maildir, whose mailboxes "
		   "go to the accounts of these names; --map says so where the names differ."),
		N_("Messages come over with their flags, keywords, dates and folders, subscriptions and Sieve scripts "
		   "too; so do the UIDs where the folder is empty here, and then no client downloads anything twice. "
		   "Nothing is overwritten: what is here already is counted, and a second run over the same archive "
		   "imports nothing. Nothing is visible before the whole archive has been judged; an import that was "
		   "killed goes on with `mailsetup resume` or the same command."),
		N_("At the end each folder is counted: in the archive, imported, present already, refused, and by "
		   "Dovecot. The exit status is 0 when all came over; 1 when something listed did not; 3 when the "
		   "archive is refused as a whole, and then nothing of it stays.")),
	.examples = "mailsetup migrate-maildir old.tar.gz --user jean@exemple.fr\n"
		    "mailsetup migrate-maildir all.tar.zst --map info=contact@exemple.fr\n"
		    "mailsetup migrate-maildir --undo 1",
	.flags = NEEDS_ROOT | CHANGES,
	.options = options,
	.run = run,
};
