#include "checks/ask.h"
#include "checks/mailbox.h"
#include "checks/tally.h"
#include "host/become.h"
#include "host/process.h"
#include "mail/accounts.h"

/* Nobody has such an address: the names of test mailboxes are longer. */
#define NOBODY	MAILBOX_PREFIX "nobody"
#define SECONDS 5

/* A map of Postfix, and the row of the database that it should answer from. */
static const struct map {
	const char *file, *table, *key;
	const char *value[3]; /* its columns, joined by a space */
} maps[] = {
	{ "/etc/postfix/sqlite-domaines.cf", "postfix_domaines", "domaine", { "domaine" } },
	{ "/etc/postfix/sqlite-utilisateurs.cf", "postfix_utilisateurs", "utilisateur", { "rep_perso" } },
	{ "/etc/postfix/sqlite-alias-vituels.cf", "postfix_alias_virtuels", "courriel", { "destination" } },
	{ "/etc/postfix/sqlite-alias.cf", "postfix_alias", "alias", { "destination" } },
	{ "/etc/postfix/sqlite-liste-noire-destinataires.cf", "postfix_liste_noire_destinataires", "courriel",
		{ "action" } },
	{ "/etc/postfix/sqlite-liste-noire-expediteurs.cf", "postfix_liste_noire_expediteurs", "courriel",
		{ "code_retour", "message" } },
	{ "/etc/postfix/sqlite-expediteurs.cf", "postfix_utilisateurs", "utilisateur", { "utilisateur" } },
};
#define MAPS (sizeof(maps) / sizeof(*maps))

struct question {
	char *key, *expected; /* expected is NULL where the answer must be empty */
};

/* Keys that may have a row: what this run has made, what an install makes. */
static void candidates(const struct check_context *c, struct list *ret)
{
	static const char *const words[] = { TEST_ALIAS, TEST_REFUSED, TEST_BANNED };

	list_add(ret, c->params->domain);
	if (c->mailbox)
		list_add(ret, c->mailbox);
	for (size_t i = 0; c->mailbox && i < sizeof(words) / sizeof(*words); i++) {
		CLEAN(free) char *address = test_address(c->mailbox, words[i]);

		list_add(ret, address);
		list_addf(ret, "%.*s", (int)strcspn(address, "@"), address);
	}
	if (c->params->admin)
		list_add(ret, c->params->admin);
	list_addf(ret, "postmaster@%s", c->params->domain);
}

static struct error *look_up(struct accounts *a, const struct map *m, const char *key, char **ret)
{
	const struct cell want[] = { { "active", NULL }, { m->value[0], NULL }, { m->value[1], NULL }, { 0 } };
	CLEAN(list) struct list row = { 0 };

	TRY(accounts_row_find(a, m->table, m->key, key, want, &row));
	if (row.n < 2 || strcmp(row.v[0], "active=1") != 0)
		return NULL;
	const char *first = strchr(row.v[1], '=') + 1;
	*ret = row.n > 2 ? text("%s %s", first, strchr(row.v[2], '=') + 1) : text_copy(first);
	return NULL;
}

/* Of the first key that has a row. */
static struct error *find_question(
	const struct check_context *c, struct accounts *a, const struct map *m, struct question *ret)
{
	CLEAN(list) struct list keys = { 0 };

	candidates(c, &keys);
	for (size_t i = 0; i < keys.n && !ret->expected; i++) {
		TRY(look_up(a, m, keys.v[i], &ret->expected));
		if (ret->expected)
			ret->key = text_copy(keys.v[i]);
	}
	if (!ret->key)
		ret->key = text(NOBODY "@%s", c->params->domain);
	return NULL;
}

/* postmap ends with 1 where there is no answer, too; but then it has at most warned (of a line of main.cf, say). */
static struct error *postmap(struct host *h, const char *key, const char *map, struct bytes *ret)
{
	const struct process p = { .argv = (const char *const[]){ "postmap", "-q", key, map, NULL }, .timeout = SECONDS };
	int status = 0;
	struct error *e = process_run(h, &p, ret, &status);

	if (e && status == 1 && !strstr(error_detail(e), "fatal: ") && !strstr(error_detail(e), "error: ")) {
		error_free(e);
		return NULL;
	}
	return e;
}

static void judge(struct host *h, const struct map *m, const struct question *q, const char *type, struct tally *t)
{
	CLEAN(free) char *map = text("%s%s", type, m->file);
	CLEAN(free) char *remedy = text("postmap -q '%s' %s; mailsetup status", q->key, map);
	CLEAN(bytes) struct bytes answer = { 0 };

	if (tally_error(t, postmap(h, q->key, map, &answer), remedy, "%s", map))
		return;
	CLEAN(free) char *said = text_copy_n(bytes_text(&answer), strcspn(bytes_text(&answer), "\n"));
	if (strcmp(said, q->expected ? q->expected : "") != 0)
		tally_failed(t, remedy, "%s answers “%s” for %s, the database has “%s”", map, said, q->key,
			q->expected ? q->expected : "");
}

static void ask_both_ways(struct host *h, const char *main_cf, const struct map *m, const struct question *q,
	struct tally *t)
{
	CLEAN(free) char *direct = text("sqlite:%s", m->file);
	CLEAN(free) char *proxied = text("proxy:sqlite:%s", m->file);

	if (!strstr(main_cf, direct)) {
		tally_failed(t, "postconf -n | grep sqlite; mailsetup status", "main.cf does not use %s", m->file);
		return;
	}
	judge(h, m, q, "sqlite:", t);
	/* One that Postfix cannot open at all, it cannot open through its proxy either, which takes its time. */
	if (!t->failed.size && strstr(main_cf, proxied))
		judge(h, m, q, "proxy:sqlite:", t);
}

static struct error *prepare(const struct check_context *c, struct question *questions, struct bytes *ret_main_cf)
{
	CLEAN(accounts_close) struct accounts *a = NULL;

	TRY(accounts_open(c->host, true, &a));
	for (size_t i = 0; i < MAPS; i++)
		TRY(find_question(c, a, &maps[i], &questions[i]));
	return process_simple(c->host, ret_main_cf, "postconf", "-n", NULL);
}

static void run(const struct check_context *c, struct finding *f)
{
	struct question questions[MAPS] = { 0 };
	CLEAN(bytes) struct bytes main_cf = { 0 };
	CLEAN(tally) struct tally t = { 0 };

	if (!finding_error(f, prepare(c, questions, &main_cf), "mailsetup install") &&
		!finding_error(f, become_user("postfix"), "mailsetup install")) {
		for (size_t i = 0; i < MAPS; i++)
			ask_both_ways(c->host, bytes_text(&main_cf), &maps[i], &questions[i], &t);
		tally_ok(&t, "Postfix reads all %zu maps; the answers are those of the database", MAPS);
		tally_finding(&t, f);
	}
	for (size_t i = 0; i < MAPS; i++) {
		free(questions[i].key);
		free(questions[i].expected);
	}
}

const struct check check_maps = {
	.name = "maps",
	.title = N_("Postfix's maps answer from the database"),
	.timeout = 40,
	.base = true,
	.run = run,
};
