#include "base/i18n.h"
#include "cli/differences.h"
#include "cli/session.h"
#include "host/file.h"
#include "host/package.h"
#include "mail/accounts.h"

#define DOVECOT "/etc/dovecot"

/* As its package brought it: goes with the upgrade. Mailsetup's own, or to be: is written anew where it must be. */
static struct error *is_taken_care_of(struct run *run, const char *path, bool *ret)
{
	CLEAN(undo_record) struct undo_record ours = { 0 };

	for (size_t i = 0; i < run->difference_count; i++)
		if (strcmp(run->differences[i].target, path) == 0) {
			*ret = true;
			return NULL;
		}
	TRY(journal_find(run->state, "file", path, &ours));
	*ret = ours.seq;
	return *ret ? NULL : package_file_is_as_brought(run->host, path, ret);
}

/* Settings of another hand, which the new Dovecot would not understand. */
static struct error *check_dovecot(struct run *run)
{
	CLEAN(list) struct list names = { 0 }, paths = { 0 };
	struct file_info local;

	TRY(file_stat(run->host, DOVECOT "/local.conf", &local));
	if (local.exists)
		list_add(&paths, DOVECOT "/local.conf");
	TRY(directory_list(run->host, DOVECOT "/conf.d", &names));
	for (size_t i = 0; i < names.n; i++)
		if (ends_with(names.v[i], ".conf"))
			list_addf(&paths, DOVECOT "/conf.d/%s", names.v[i]);
	for (size_t i = 0; i < paths.n; i++) {
		bool known;

		TRY(is_taken_care_of(run, paths.v[i], &known));
		if (!known)
			run_blocker(run, "%s is in the language of the Dovecot of now, which the next one does not understand: move it away",
				paths.v[i]);
	}
	return NULL;
}

/* Those of Dovecot that it does not count among the weak ones (auth_allow_weak_schemes). */
static bool is_strong(const char *hash)
{
	static const char *const schemes[] = { "{SHA512-CRYPT}", "{SHA256-CRYPT}", "{BLF-CRYPT}", "{ARGON2ID}", "{ARGON2I}", "{PBKDF2}",
		"{SSHA512}", "{SSHA256}", "{SCRAM-SHA-256}" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (strncasecmp(hash, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

/* Passwords that came into the database by another hand than mailsetup's. */
static struct error *check_hashes(struct run *run, struct list *ret)
{
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(list) struct list users = { 0 };
	struct file_info info;

	TRY(file_stat(run->host, ACCOUNTS_PATH, &info));
	if (!info.exists)
		return NULL;
	TRY(accounts_open(run->host, true, &a));
	TRY(accounts_users(a, &users));
	for (size_t i = 0; i < users.n; i++) {
		CLEAN(secret) struct bytes hash = { 0 };
		char *stored = NULL;

		TRY(accounts_user_hash(a, users.v[i], &stored));
		bytes_take(&hash, stored);
		if (!is_strong(bytes_text(&hash)))
			list_addf(ret, _("%s may not be able to log in any more: the new Dovecot refuses weak hashes; `mailsetup user passwd %s` "
					 "makes a strong one."),
				users.v[i], users.v[i]);
	}
	return NULL;
}

static struct error *check_packages(struct run *run)
{
	CLEAN(bytes) struct bytes audit = { 0 };
	CLEAN(list) struct list held = { 0 };

	TRY(packages_audit(run->host, &audit));
	if (audit.size)
		run_blocker(run, "dpkg was interrupted; run `dpkg --configure -a`");
	TRY(packages_held(run->host, &held));
	for (size_t i = 0; i < held.n; i++)
		run_blocker(run, "package %s is on hold; `apt-mark unhold %s` allows it", held.v[i], held.v[i]);
	return NULL;
}

/* Debian knows the way from a release to the next one only. */
static struct error *check_distance(const struct release *now, const struct release *next)
{
	unsigned long from = strtoul(now->os.version, NULL, 10), to = strtoul(next->os.version, NULL, 10);

	if (!now->known)
		return fail(ERR_PRECHECK, "this is no release of Debian that mailsetup knows: it cannot tell what an upgrade changes");
	if (to <= from)
		return fail(ERR_USAGE, "%s: this is Debian %s already", next->os.version, now->os.version);
	if (to > from + 1)
		return fail(ERR_PRECHECK, "Debian is upgraded from one release to the next: from %lu to %lu first, `mailsetup check-upgrade %lu`",
			from, from + 1, from + 1);
	return NULL;
}

/* What is not as mailsetup wants it now would be mixed up with what the new release wants. */
static void check_state(struct run *run, struct list *ret_drifted)
{
	for (size_t i = 0; i < run->difference_count; i++)
		if (run->differences[i].drift) {
			list_add(ret_drifted, run->differences[i].target);
			run_blocker(run, "%s was changed by another hand: `mailsetup install --adopt %s` keeps it, --overwrite writes it anew",
				run->differences[i].target, run->differences[i].target);
		}
	if (run->difference_count && !differences_have_drift(run))
		run_blocker(run, "the server is not as mailsetup wants it: `mailsetup install` comes first");
}

/* told: what has been changed by another hand stands in the way already. */
static struct error *check_breaks(struct run *run, const struct release *now, const struct release *next, const struct list *told,
	struct list *ret)
{
	if (next->spamd_package && !now->spamd_package)
		list_add(ret, _("spamd goes into a package of its own, which an upgrade may leave out: mail comes in unjudged until "
				"`mailsetup install`."));
	for (size_t i = 0; i < run->difference_count; i++)
		if (run->differences[i].drift && !list_has(told, run->differences[i].target))
			list_addf(ret, _("%s was adopted as it is now: after the upgrade `mailsetup install --overwrite %s` writes it for the new "
					 "release, and copies yours first."),
				run->differences[i].target, run->differences[i].target);
	if (strcmp(now->dovecot_tree, next->dovecot_tree) == 0)
		return NULL;
	list_add(ret, _("Dovecot does not start: its new version does not understand the settings of the old one. Until `mailsetup "
			"install` has written them anew, mail from outside waits in Postfix's queue, five days at most, and nobody can read "
			"or send."));
	TRY(check_hashes(run, ret));
	return check_dovecot(run);
}

static struct error *look(struct session *s, const struct release *now, const struct release *next, struct list *ret_breaks)
{
	struct run *run = &s->run;
	CLEAN(list) struct list drifted = { 0 };

	TRY(run_plan(run, &s->graph));
	check_state(run, &drifted);
	TRY(check_packages(run));
	run->release = *next;
	TRY(run_plan(run, &s->graph));
	return check_breaks(run, now, next, &drifted, ret_breaks);
}

static void show_list(const struct screen *screen, const char *title, const struct list *l)
{
	if (!l->n)
		return;
	fprintf(screen->out, "\n%s\n", title);
	for (size_t i = 0; i < l->n; i++) {
		fprintf(screen->out, "%s ", screen_mark(screen, MARK_FAILED));
		put_flow(screen, screen->out, l->v[i], 2, 2);
	}
}

/* Nothing is asked, and each file of settings that was changed stays as it is. UCF_FORCE_CONFFOLD is not for this: it keeps Dovecot's
 * unchanged ones, too. */
static const char apt_commands[] = "apt-get update\n"
				   "DEBIAN_FRONTEND=noninteractive apt-get -o Dpkg::Options::=--force-confdef "
				   "-o Dpkg::Options::=--force-confold full-upgrade\n"
				   "apt-get clean\n";

static struct error *show_way(const struct screen *screen, struct host *h, const char *now, const char *next)
{
	CLEAN(list) struct list files = { 0 };

	TRY(packages_source_files(h, now, &files));
	fprintf(screen->out, "\n%s\n", _("The way:"));
	if (files.n)
		fprintf(screen->out, "sed -i 's/%s/%s/g'", now, next);
	for (size_t i = 0; i < files.n; i++) {
		fputc(' ', screen->out);
		put_text(screen->out, files.v[i]);
	}
	if (files.n)
		fputc('\n', screen->out);
	else
		fprintf(screen->out, _("(no file of apt's names %s: write %s into its sources, see sources.list(5))\n"), now, next);
	fputs(apt_commands, screen->out);
	fputs("make deps && make && make install\n"
	      "mailsetup plan\nmailsetup install\napt-get autoremove\nmailsetup queue flush\nmailsetup verify\n\n", screen->out);
	put_flow(screen, screen->out, _("`make` is for the tree that mailsetup was built in: the new release wants it built anew. With the Debian "
					"package, make and install that one anew instead."), 0, 0);
	return NULL;
}

static struct error *show(struct cli *cli, struct session *s, const struct release *now, const struct release *next, const struct list *breaks)
{
	const struct screen *screen = &cli->screen;
	struct run *run = &s->run;

	if (!run->blockers.n)
		fprintf(screen->out, _("Nothing stands in the way of an upgrade from Debian %s to %s.\n"), now->os.version, next->os.version);
	show_list(screen, _("What to do before the upgrade:"), &run->blockers);
	show_list(screen, _("What the upgrade breaks:"), breaks);
	fprintf(screen->out, "\n%s\n", _("What mailsetup changes after it:"));
	for (size_t i = 0; i < run->difference_count; i++)
		difference_show(screen, &run->differences[i], NULL);
	return show_way(screen, s->host, now->os.codename, next->os.codename);
}

static void answer_json(struct cli *cli, struct session *s, const struct release *now, const struct release *next, const struct list *breaks)
{
	json_t *document = json_object(), *differences = json_array();

	json_set_text(document, "from", now->os.version);
	json_set_text(document, "to", next->os.version);
	json_object_set_new(document, "blockers", json_list(&s->run.blockers));
	json_object_set_new(document, "breaks", json_list(breaks));
	for (size_t i = 0; i < s->run.difference_count; i++)
		json_array_append_new(differences, difference_json(&s->run.differences[i]));
	json_object_set_new(document, "differences", differences);
	json_write(cli->screen.out, document);
}

static struct error *check_upgrade(struct cli *cli)
{
	CLEAN(session) struct session s = SESSION_CLOSED;
	struct release now, next;
	CLEAN(list) struct list breaks = { 0 };

	TRY(release_named(cli->operands.v[0], &next));
	TRY(session_open(cli, SESSION_QUERY, &s));
	if (!s.run.state || !cli->params.domain)
		return fail(ERR_PRECHECK, "nothing is installed here: `mailsetup install --domain DOMAIN` comes first");
	TRY(release_read(s.host, &now));
	TRY(check_distance(&now, &next));
	s.run.compute = NULL; /* nothing is computed ahead */
	TRY(look(&s, &now, &next, &breaks));
	terminal_close(&s.terminal);
	if (cli->json)
		answer_json(cli, &s, &now, &next, &breaks);
	else if (!cli->quiet || s.run.blockers.n)
		TRY(show(cli, &s, &now, &next, &breaks));
	cli->verdict = s.run.blockers.n ? ERR_PRECHECK : ERR_OK;
	return NULL;
}

static void words(const struct command *c, struct list *ret)
{
	(void)c;
	releases_names(ret);
}

const struct command command_check_upgrade = {
	.name = "check-upgrade",
	.operands = N_("RELEASE"),
	.operands_min = 1,
	.operands_max = 1,
	.summary = N_("look at what an upgrade of Debian would do to the server"),
	.help = PARAGRAPHS(
		N_("Before an upgrade to RELEASE (its number or its name), on a server that mailsetup made: what is to be "
		   "done before it, what breaks, what `mailsetup install` changes after it, and the commands in their order. It "
		   "changes nothing."),
		N_("The exit status is 3 where something is to be done before.")),
	.examples = "mailsetup check-upgrade 12\nmailsetup check-upgrade trixie --json",
	.flags = NEEDS_ROOT,
	.words = words,
	.run = check_upgrade,
};
