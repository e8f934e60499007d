#include "cli/migration.h"
#include "base/i18n.h"
#include "cli/json.h"
#include "migrate/assign.h"
#include "migrate/prove.h"

#define NAME_COLUMNS 28
#define NAME_LEAST     8
#define NUMBER_COLUMNS 7
#define ROOT_SHOWN   60

struct migration migration_of(struct session *s, struct cli *cli)
{
	return (struct migration){
		.host = s->host,
		.state = s->run.state,
		.params = &cli->params,
		.events = &s->events,
		.fd = -1,
	};
}

struct error *migration_possible(const struct migration *m)
{
	if (!m->state || !m->params->domain)
		return fail(ERR_PRECHECK, "nothing is installed here: `mailsetup install --domain DOMAIN` comes first");
	return NULL;
}

/* --- JSON --- */

static void add_folders(json_t *folders, const struct mailbox *m)
{
	for (size_t i = 0; m->address && i < m->n; i++) {
		const struct folder *f = &m->folders[i];
		CLEAN(free) char *title = folder_title(f->name);
		json_t *one = json_object();

		json_set_text(one, "mailbox", m->address);
		json_set_text(one, "folder", title);
		json_object_set_new(one, "in_archive", json_integer((json_int_t)f->archive));
		json_object_set_new(one, "imported", json_integer((json_int_t)f->imported));
		json_object_set_new(one, "present", json_integer((json_int_t)f->present));
		json_object_set_new(one, "refused", json_integer((json_int_t)f->refused));
		if (f->counted >= 0)
			json_object_set_new(one, "counted", json_integer(f->counted));
		json_array_append_new(folders, one);
	}
}

static json_t *reasons(const struct reason *v, size_t n)
{
	json_t *all = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *one = json_object();

		json_set_text(one, "reason", v[i].text);
		json_object_set_new(one, "count", json_integer((json_int_t)v[i].n));
		json_set_text(one, "example", v[i].example);
		json_array_append_new(all, one);
	}
	return all;
}

static void tell_json(struct cli *cli, const struct migration *m)
{
	struct totals t = report_totals(&m->report);
	json_t *done = json_event("done"), *folders = json_array(), *unknown = json_array();

	for (size_t i = 0; i < m->report.n; i++) {
		const struct mailbox *box = &m->report.mailboxes[i];
		CLEAN(free) char *root = text_fit(box->root, 0);

		add_folders(folders, box);
		if (!box->address)
			json_array_append_new(unknown, json_string(root));
	}
	json_object_set_new(done, "changed", json_boolean(!m->dry && t.imported));
	json_object_set_new(done, "dry_run", json_boolean(m->dry));
	if (m->number && t.imported)
		json_object_set_new(done, "import", json_integer(m->number));
	json_object_set_new(done, "in_archive", json_integer((json_int_t)t.archive));
	json_object_set_new(done, "imported", json_integer((json_int_t)t.imported));
	json_object_set_new(done, "present", json_integer((json_int_t)t.present));
	json_object_set_new(done, "refused", json_integer((json_int_t)t.refused));
	json_object_set_new(done, "folders", folders);
	json_object_set_new(done, "reasons", reasons(m->report.refused, m->report.n_refused));
	json_object_set_new(done, "left_out", reasons(m->report.left_out, m->report.n_left_out));
	json_object_set_new(done, "without_account", unknown);
	if (!m->dry)
		json_object_set_new(done, "proven", json_boolean(m->proven));
	json_write(cli->screen.out, done);
}

/* --- text --- */

static const char *const headings[] = { N_("in archive"), N_("imported"), N_("present"), N_("refused"), N_("by Dovecot") };

static size_t number_columns(size_t column)
{
	size_t wanted = text_columns(translated(headings[column]));

	return wanted < NUMBER_COLUMNS ? NUMBER_COLUMNS : wanted;
}

static void put_number(FILE *out, size_t column, const char *s)
{
	size_t wanted = number_columns(column), used = text_columns(s);

	fprintf(out, " %*s%s", (int)(used < wanted ? wanted - used : 0), "", s);
}

/* What the numbers leave of a narrow window. */
static size_t name_columns(const struct screen *s)
{
	size_t used = 2, width = screen_wrap(s, s->out);

	for (size_t i = 0; i < sizeof(headings) / sizeof(*headings); i++)
		used += 1 + number_columns(i);
	return width >= used + NAME_COLUMNS ? NAME_COLUMNS : width >= used + NAME_LEAST ? width - used : NAME_LEAST;
}

static void folder_line(const struct screen *s, const struct folder *f)
{
	FILE *out = s->out;
	CLEAN(free) char *title = folder_title(f->name);
	CLEAN(free) char *shown = text_fit(title, name_columns(s));
	const int64_t numbers[] = { (int64_t)f->archive, (int64_t)f->imported, (int64_t)f->present, (int64_t)f->refused, f->counted };

	fputs("  ", out);
	put_padded(out, shown, name_columns(s));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		CLEAN(free) char *number = numbers[i] < 0 ? text_copy("-") : text("%lld", (long long)numbers[i]);

		put_number(out, i, number);
	}
	fputc('\n', out);
}

static void mailbox_lines(const struct screen *s, const struct mailbox *m)
{
	FILE *out = s->out;

	put_text(out, m->address);
	fputc('\n', out);
	fputs("  ", out);
	put_padded(out, _("folder"), name_columns(s));
	for (size_t i = 0; i < sizeof(headings) / sizeof(*headings); i++)
		put_number(out, i, translated(headings[i]));
	fputc('\n', out);
	for (size_t i = 0; i < m->n; i++)
		folder_line(s, &m->folders[i]);
}

static void unknown_line(struct cli *cli, const struct mailbox *m)
{
	struct assignment a = { .domain = cli->params.domain };
	CLEAN(free) char *address = assignment_guess(&a, m->root), *root = text_fit(m->root, ROOT_SHOWN), *line = NULL;
	uint64_t messages = 0;

	for (size_t i = 0; i < m->n; i++)
		messages += m->folders[i].archive;
	if (address)
		line = text(ngettext("no account: %s (%llu message); `mailsetup user add %s` makes one, or give --map '%s=ADDRESS'; then the same "
				     "command again",
				    "no account: %s (%llu messages); `mailsetup user add %s` makes one, or give --map '%s=ADDRESS'; then the same "
				    "command again",
				    messages),
			root, (unsigned long long)messages, address, root);
	else
		line = text(ngettext("no account: %s (%llu message); give --map '%s=ADDRESS', then the same command again",
				    "no account: %s (%llu messages); give --map '%s=ADDRESS', then the same command again", messages),
			root,
			(unsigned long long)messages, root);
	put_flow(&cli->screen, cli->screen.out, line, 0, 2);
}

static void reason_lines(const struct screen *s, const char *label, const struct reason *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CLEAN(free)
		char *line = text(_("%s: %llu × %s (%s%s)"), label, (unsigned long long)v[i].n, translated(v[i].text), v[i].example,
			v[i].n > 1 ? ", ..." : "");

		put_flow(s, s->out, line, 0, 2);
	}
}

static void tell_text(struct cli *cli, const struct migration *m)
{
	struct totals t = report_totals(&m->report);
	CLEAN(free) char *summary = NULL;

	for (size_t i = 0; i < m->report.n; i++)
		if (m->report.mailboxes[i].address)
			mailbox_lines(&cli->screen, &m->report.mailboxes[i]);
	for (size_t i = 0; i < m->report.n; i++)
		if (!m->report.mailboxes[i].address)
			unknown_line(cli, &m->report.mailboxes[i]);
	reason_lines(&cli->screen, _("refused"), m->report.refused, m->report.n_refused);
	reason_lines(&cli->screen, _("left out"), m->report.left_out, m->report.n_left_out);
	if (m->dry)
		summary = text(ngettext("%llu message would be imported, %llu present already, %llu would be refused; nothing was written",
				       "%llu messages would be imported, %llu present already, %llu would be refused; nothing was written", t.imported),
			(unsigned long long)t.imported, (unsigned long long)t.present, (unsigned long long)t.refused);
	else if (!t.imported)
		summary = text(_("imported 0 messages, %llu present already, %llu refused"), (unsigned long long)t.present,
			(unsigned long long)t.refused);
	else
		summary = text(ngettext("imported %llu message, %llu present already, %llu refused (import %u)",
				       "imported %llu messages, %llu present already, %llu refused (import %u)", t.imported),
			(unsigned long long)t.imported,
			(unsigned long long)t.present, (unsigned long long)t.refused, m->number);
	put_flow(&cli->screen, cli->screen.out, summary, 0, 0);
}

struct error *migration_tell(struct cli *cli, const struct migration *m, struct error *e)
{
	struct totals t = report_totals(&m->report);
	bool unfinished = false;

	if (e) {
		error_free(migration_unfinished(m->state, &unfinished));
		if (unfinished)
			cli->next = _("nothing is lost: run `mailsetup resume` to go on");
		return e;
	}
	if (cli->json)
		tell_json(cli, m);
	else if (!cli->quiet)
		tell_text(cli, m);
	if (!m->dry && !m->proven)
		return fail(ERR_STOPPED, "the mail is imported, but Dovecot does not count what stands in the mailbox; look at "
					   "`journalctl -u dovecot`");
	cli->verdict = t.refused || t.without_account ? ERR_STOPPED : ERR_OK;
	return NULL;
}
