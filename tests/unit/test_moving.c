/* A server on its way to another machine: the rows of its database, its keys, and the file that holds them. */
#include "mail/layout.h"
#include "tests/unit/unit.h"

#include "cli/moving.h"
#include "ensure/asset.h"
#include "ensure/verbs.h"
#include "ensure/ensure.h"
#include "host/crypto.h"
#include "host/file.h"
#include "host/sealed.h"
#include "mail/accounts_move.h"
#include "mail/name.h"
#include "steps/steps.h"

#include <fcntl.h>
#include <stdlib.h>

#define HASH "{SHA512-CRYPT}$6$sel$hachis"

static const struct step step = { .name = "step" };
static const struct events no_events;
static char root[sizeof("/tmp/mailsetup-moving-XXXXXX")];
static struct host *host;
static struct run run;
static struct bytes key, other_key, certificate;

static void make_database(void)
{
	CLEAN(bytes) struct bytes schema = { 0 };
	CLEAN(accounts_close) struct accounts *a = NULL;

	must(file_remove(host, ACCOUNTS_PATH));
	must(file_write(host, ACCOUNTS_PATH, "", 0, getuid(), getgid(), 0600));
	must(asset_render("", "/etc/postfix/postfix.sql", NULL, &schema));
	must(accounts_open(host, false, &a));
	must(accounts_create_schema(a, bytes_text(&schema)));
}

static int set_up(void **state)
{
	CLEAN(free) char *passwd = text("us:x:%u:%u::/:/bin/sh\n", getuid(), getgid());
	CLEAN(free) char *group = text("us:x:%u:\n", getgid());

	(void)state;
	snprintf(root, sizeof(root), "/tmp/mailsetup-moving-XXXXXX");
	assert_non_null(mkdtemp(root));
	must(host_open(root, &host));
	put_folder(root, "/etc/postfix/bdd");
	put_folder(root, "/etc/postfix/tls");
	put_folder(root, "/var/lib");
	put(root, "/etc/passwd", passwd, 0644);
	put(root, "/etc/group", group, 0644);
	make_database();
	run = (struct run){ .host = host, .events = &no_events, .step = &step };
	must(state_open(host, true, &run.state));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	run_free_differences(&run);
	list_free(&run.changed);
	list_free(&run.kept);
	state_close(run.state);
	host_close(host);
	remove_tree(root);
	return 0;
}

static int make_keys(void **state)
{
	(void)state;
	must(key_generate_rsa(2048, &key));
	must(key_generate_rsa(2048, &other_key));
	must(certificate_self_signed(&key, "mail.exemple.fr", 10, &certificate));
	return 0;
}

static int drop_keys(void **state)
{
	(void)state;
	bytes_wipe(&key);
	bytes_wipe(&other_key);
	bytes_free(&certificate);
	return 0;
}

/* --- rows --- */

static const char rows_text[] =
	"{\"postfix_domaines\": [{\"domaine\": \"toto.fr\", \"defaut\": \"0\", \"active\": \"0\"}],"
	" \"postfix_utilisateurs\": ["
	"  {\"utilisateur\": \"jean@exemple.fr\", \"mot_de_passe\": \"" HASH "\", \"nom_complet\": \"Jean d'Œuf; --\", \"rep_perso\":"
	"   \"exemple.fr/jean/\", \"uid\": \"3000\", \"gid\": \"3000\", \"privilege\": \"administrateur\", \"prefixe\": \"\", \"active\": \"1\"},"
	"  {\"utilisateur\": \"marie@exemple.fr\", \"mot_de_passe\": \"" HASH "\", \"nom_complet\": null, \"rep_perso\":"
	"   \"exemple.fr/marie/\", \"uid\": \"3000\", \"gid\": \"3000\", \"privilege\": \"utilisateur\", \"prefixe\": null, \"active\": null}],"
	" \"postfix_alias\": [{\"alias\": \"cron\", \"destination\": \"root, jean@exemple.fr\", \"active\": \"1\"}],"
	" \"postfix_alias_virtuels\": [{\"courriel\": \"@toto.fr\", \"destination\": \"Jean+toto@dehors.example\", \"active\": \"1\"}],"
	" \"postfix_liste_noire_expediteurs\": [{\"courriel\": \"tata@tata.fr\", \"code_retour\": \"554\", \"message\": \"Non\", \"active\": \"0\"}],"
	" \"postfix_liste_noire_destinataires\": [{\"courriel\": \"vieux@\", \"action\": \"REJECT fermé\", \"active\": \"1\"}]}";

static json_t *rows_read(void)
{
	CLEAN(accounts_close) struct accounts *a = NULL;
	json_t *rows = NULL;

	must(accounts_open(host, true, &a));
	must(move_read(a, &rows));
	return rows;
}

static void expect_rows(size_t n)
{
	CLEAN(json_decref) json_t *rows = rows_read();

	assert_int_equal(move_count(rows, NULL), n);
}

static void execute(const char *table, const char *column, const char *row)
{
	CLEAN(accounts_close) struct accounts *a = NULL;

	must(accounts_open(host, false, &a));
	must(accounts_row_delete(a, table, column, row));
}

static void rows_come_as_they_were(void **state)
{
	CLEAN(json_decref) json_t *rows = json_loads(rows_text, 0, NULL);
	CLEAN(accounts_close) struct accounts *a = NULL;

	(void)state;
	must(move_check(rows));
	must(accounts_open(host, false, &a));
	must(move_insert(a, rows));
	CLEAN(json_decref) json_t *found = rows_read();
	assert_true(json_equal(rows, found));
	assert_true(move_has_user(rows, "jean@exemple.fr"));
	assert_false(move_has_user(rows, "luc@exemple.fr"));
	CLEAN(list) struct list differ = { 0 };
	must(move_absent(a, found, &differ));
	assert_int_equal(move_count(found, NULL), 0);
	assert_int_equal(differ.n, 0);
}

static void rows_are_checked(void **state)
{
	static const struct {
		const char *rows, *part;
	} bad[] = {
		{ "[]", "there are no tables in it" },
		{ "{\"sqlite_master\": []}", "“sqlite_master” is no table of the guide's" },
		{ "{\"postfix_alias\": {}}", "“postfix_alias” is no table of the guide's" },
		{ "{\"postfix_alias\": [1]}", "postfix_alias, : alias is missing" },
		{ "{\"postfix_alias\": [{\"alias\": \"a\", \"x\": \"y\"}]}", "postfix_alias, a: “x” is no column" },
		{ "{\"postfix_alias\": [{\"alias\": \"a\", \"id\": \"1\"}]}", "“id” is no column" },
		{ "{\"postfix_alias\": [{\"alias\": \"a\", \"active\": 1}]}", "active is no text" },
		{ "{\"postfix_alias\": [{\"alias\": \"a\", \"active\": \"1;\"}]}", "active: this is no number" },
		{ "{\"postfix_alias\": [{\"alias\": \"a\", \"destination\": \"|/bin/sh\"}]}", "postfix_alias, a: destination" },
		{ "{\"postfix_alias\": [{\"alias\": \"a\", \"destination\": \"b, /tmp/x\"}]}", "postfix_alias, a: destination" },
		{ "{\"postfix_alias\": [{\"alias\": \"a\", \"destination\": \":include:/x\"}]}", "postfix_alias, a: destination" },
		{ "{\"postfix_alias_virtuels\": [{\"courriel\": \"a\\n@b.fr\"}]}", "courriel" },
		{ "{\"postfix_alias_virtuels\": [{\"courriel\": \"@\"}]}", "courriel" },
		{ "{\"postfix_utilisateurs\": [{\"utilisateur\": \"a@b.fr\", \"rep_perso\": \"../../root/\"}]}", "rep_perso: this is no folder" },
		{ "{\"postfix_utilisateurs\": [{\"utilisateur\": \"a@b.fr\", \"rep_perso\": \"/root\"}]}", "rep_perso: this is no folder" },
		{ "{\"postfix_utilisateurs\": [{\"utilisateur\": \"a@b.fr\", \"uid\": \"0\"}]}", "uid: a mailbox does not belong to" },
		{ "{\"postfix_utilisateurs\": [{\"utilisateur\": \"a@b.fr\", \"mot_de_passe\": \"x\\ty\"}]}", "mot_de_passe" },
		{ "{\"postfix_utilisateurs\": [{\"utilisateur\": \"a@b.fr\", \"nom_complet\": \"a\\u0000b\"}]}", "nom_complet holds a NUL" },
		{ "{\"postfix_domaines\": [{\"domaine\": \"192.0.2.1\"}]}", "domaine" },
		{ "{\"postfix_liste_noire_expediteurs\": [{\"courriel\": \"a@b.fr\", \"message\": \"x\\r\\n\"}]}", "message" },
		{ "{\"postfix_liste_noire_destinataires\": [{\"courriel\": \"a@b.fr\", \"action\": \"FILTER x\"}]}", "action" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CLEAN(json_decref) json_t *rows = json_loads(bad[i].rows, JSON_ALLOW_NUL, NULL);

		fails_with(move_check(rows), ERR_USAGE, bad[i].part);
	}
}

static void a_mailing_list_has_no_limit(void **state)
{
	CLEAN(bytes) struct bytes list = { 0 };
	CLEAN(free) char *normal = NULL;

	(void)state;
	for (int i = 0; i < 500; i++)
		bytes_printf(&list, "%sabonne%d@dehors.example", i ? "," : "", i);
	must(destinations_normalise(bytes_text(&list), &normal));
	CLEAN(json_decref) json_t *rows = json_pack("{s[{ss,ss}]}", "postfix_alias_virtuels", "courriel", "liste@exemple.fr", "destination", normal);
	must(move_check(rows));
	json_object_set_new(json_array_get(json_object_get(rows, "postfix_alias_virtuels"), 0), "destination", json_string("a@b.fr,\x01"));
	fails_with(move_check(rows), ERR_USAGE, "destination: the text holds a control character");
}

static void all_bad_rows_are_named(void **state)
{
	CLEAN(json_decref) json_t *tables = json_object();
	json_t *rows = json_array();

	(void)state;
	json_object_set_new(tables, "postfix_alias", rows);
	for (int i = 0; i < 25; i++) {
		CLEAN(free) char *name = text("nom%d", i);

		json_array_append_new(rows, json_pack("{s:s, s:s}", "alias", name, "destination", "|x"));
	}
	fails_with(move_check(tables), ERR_USAGE, "postfix_alias, nom19: ");
	fails_with(move_check(tables), ERR_USAGE, "\nand 5 more");
}

static void what_mailsetup_would_not_take_is_not_read(void **state)
{
	CLEAN(accounts_close) struct accounts *a = NULL;
	json_t *rows = NULL;

	(void)state;
	must(accounts_open(host, false, &a));
	must(accounts_row_insert(a, "postfix_alias",
		(const struct cell[]){ { "alias", "robot" }, { "destination", "|/bin/robot" }, { "active", "1" }, { 0 } }));
	fails_with(move_read(a, &rows), ERR_CONFLICT, "postfix_alias, robot: destination");
	must(accounts_row_delete(a, "postfix_alias", "alias", "robot"));
	must(accounts_row_insert(a, "postfix_liste_noire_expediteurs",
		(const struct cell[]){ { "courriel", "a@b.fr" }, { "code_retour", "554" }, { "message", "\xff" }, { 0 } }));
	fails_with(move_read(a, &rows), ERR_CONFLICT, "postfix_liste_noire_expediteurs, a@b.fr: message is not valid UTF-8");
	assert_null(rows);
}

/* --- the verb --- */

static struct error *ensure(enum run_mode mode)
{
	run_free_differences(&run);
	run.mode = mode;
	run.changes = 0;
	return ensure_moved_rows(&run);
}

static void undo_all(void)
{
	for (;;) {
		CLEAN(undo_record) struct undo_record record = { 0 };

		must(journal_last(run.state, step.name, &record));
		if (!record.seq)
			return;
		must(undo_rows(&run, &record));
		must(journal_forget(run.state, record.seq));
	}
}

static void rows_are_added_once(void **state)
{
	(void)state;
	must(ensure(RUN_APPLY));
	expect_rows(0);
	must(state_note_set(run.state, ROWS_NOTE, rows_text));
	must(ensure(RUN_PLAN));
	assert_int_equal(run.difference_count, 1);
	assert_string_equal(run.differences[0].summary, "7 rows of the other machine, to be added");
	expect_rows(0);
	must(ensure(RUN_APPLY));
	assert_int_equal(run.changes, 1);
	expect_rows(7);
	execute("postfix_utilisateurs", "utilisateur", "marie@exemple.fr");
	must(ensure(RUN_PLAN));
	assert_int_equal(run.difference_count, 0);
	must(ensure(RUN_APPLY));
	assert_int_equal(run.changes, 0);
	expect_rows(6);
}

static void keep_warning(void *context, const struct event *e)
{
	if (e->kind == EVENT_WARNING)
		list_add(context, e->text);
}

static void rows_go_back_to_the_store(void **state)
{
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(list) struct list warnings = { 0 };
	struct events events = { 0 };

	(void)state;
	events_add(&events, (struct event_sink){ keep_warning, &warnings });
	run.events = &events;
	must(accounts_open(host, false, &a));
	must(accounts_row_insert(a, "postfix_alias",
		(const struct cell[]){ { "alias", "cron" }, { "destination", "luc" }, { "active", "1" }, { 0 } }));
	must(state_note_set(run.state, ROWS_NOTE, rows_text));
	must(ensure(RUN_APPLY));
	expect_rows(7);
	/* The other machine's alias leads elsewhere. */
	assert_int_equal(warnings.n, 1);
	assert_string_equal(warnings.v[0],
		"1 row is here already, other than on the other machine, and stays as it is here: postfix_alias cron");
	must(accounts_user_set_hash(a, "jean@exemple.fr", HASH "2"));
	undo_all();
	/* One that was here before, and one that was changed. */
	expect_rows(2);
	assert_int_equal(run.kept.n, 1);
	must(ensure(RUN_APPLY));
	expect_rows(7);
	CLEAN(free) char *hash = NULL;
	must(accounts_user_hash(a, "jean@exemple.fr", &hash));
	assert_string_equal(hash, HASH "2");
}

/* Killed when the rows are in, and the store does not know it yet. */
static void a_kill_loses_and_doubles_nothing(void **state)
{
	(void)state;
	must(state_note_set(run.state, ROWS_NOTE, rows_text));
	must(ensure(RUN_APPLY));
	must(state_note_set(run.state, ROWS_NOTE, rows_text));
	must(ensure(RUN_APPLY));
	expect_rows(7);
	undo_all();
	expect_rows(0);
	assert_int_equal(run.kept.n, 0);
}

/* --- keys and certificate --- */

#define ROOTS OWNED("us", "us", 0600)

static void bring(struct notes *notes)
{
	notes_add(notes, KEY_NOTE TLS_KEY, bytes_text(&key));
	notes_add(notes, CERTIFICATE_NOTE TLS_CERTIFICATE, bytes_text(&certificate));
	run.brought = notes;
}

static void expect_file(const char *path, const struct bytes *content)
{
	CLEAN(bytes) struct bytes now = { 0 };

	must(file_read(host, path, 1 << 20, &now));
	assert_true(bytes_equal(&now, content));
}

static struct error *ensure_pair(const char *hostname, enum run_mode mode)
{
	run_free_differences(&run);
	run.mode = mode;
	TRY(ensure_private_key(&run, TLS_KEY, 2048, ROOTS));
	return ensure_certificate(&run, TLS_CERTIFICATE, TLS_KEY, hostname, 10, ROOTS);
}

static void the_pair_is_written(void **state)
{
	CLEAN(notes) struct notes notes = { 0 };

	(void)state;
	bring(&notes);
	must(ensure_pair("mail.exemple.fr", RUN_PLAN));
	assert_int_equal(run.difference_count, 2);
	assert_string_equal(run.differences[0].summary, "private key that is known already, to be written");
	assert_string_equal(run.differences[1].summary, "certificate of the other machine, to be written");
	/* As run_install() does it. */
	for (size_t i = 0; i < notes.names.n; i++)
		must(state_note_set(run.state, notes.names.v[i], notes.values.v[i]));
	run.brought = NULL;
	must(ensure_pair("mail.exemple.fr", RUN_APPLY));
	expect_file(TLS_KEY, &key);
	expect_file(TLS_CERTIFICATE, &certificate);
	must(ensure_pair("mail.exemple.fr", RUN_PLAN));
	assert_int_equal(run.difference_count, 0);
}

static void another_name_gets_another_certificate(void **state)
{
	CLEAN(notes) struct notes notes = { 0 };
	CLEAN(bytes) struct bytes pem = { 0 };
	CLEAN(certificate_facts) struct certificate_facts facts = { 0 };

	(void)state;
	bring(&notes);
	must(ensure_pair("mx.exemple.fr", RUN_PLAN));
	assert_string_equal(run.differences[1].summary, "self-signed certificate for mx.exemple.fr, to be made");
	must(state_note_set(run.state, KEY_NOTE TLS_KEY, bytes_text(&key)));
	must(ensure_pair("mx.exemple.fr", RUN_APPLY));
	expect_file(TLS_KEY, &key);
	must(file_read(host, TLS_CERTIFICATE, 1 << 20, &pem));
	must(certificate_matches(&pem, &key));
	must(certificate_read(&pem, &facts));
	assert_true(certificate_covers(&facts, "mx.exemple.fr"));
}

static void another_key_is_not_lost(void **state)
{
	CLEAN(notes) struct notes notes = { 0 };

	(void)state;
	bring(&notes);
	must(file_write(host, TLS_KEY, other_key.data, other_key.size, getuid(), getgid(), 0600));
	fails_with(ensure_pair("mail.exemple.fr", RUN_PLAN), ERR_CONFLICT, "another key came from the other machine");
	expect_file(TLS_KEY, &other_key);
	must(file_write(host, TLS_KEY, key.data, key.size, getuid(), getgid(), 0600));
	must(ensure_pair("mail.exemple.fr", RUN_PLAN));
	assert_int_equal(run.difference_count, 1);
}

/* The key of an own certificate has come since, and that certificate is gone. */
static void a_brought_certificate_does_not_stand_beside_another_key(void **state)
{
	CLEAN(bytes) struct bytes pem = { 0 };

	(void)state;
	must(state_note_set(run.state, KEY_NOTE TLS_KEY, bytes_text(&key)));
	must(state_note_set(run.state, CERTIFICATE_NOTE TLS_CERTIFICATE, bytes_text(&certificate)));
	must(file_write(host, TLS_KEY, other_key.data, other_key.size, getuid(), getgid(), 0600));
	must(ensure_pair("mail.exemple.fr", RUN_PLAN));
	assert_string_equal(run.differences[0].summary, "self-signed certificate for mail.exemple.fr, to be made");
	must(ensure_pair("mail.exemple.fr", RUN_APPLY));
	expect_file(TLS_KEY, &other_key);
	must(file_read(host, TLS_CERTIFICATE, 1 << 20, &pem));
	must(certificate_matches(&pem, &other_key));
}

static void another_size_than_that_of_a_brought_key_is_refused(void **state)
{
	CLEAN(params) struct params p = { 0 };
	CLEAN(notes) struct notes notes = { 0 };

	(void)state;
	params_init(&p);
	must(params_set(&p, "domain", "exemple.fr"));
	must(params_set(&p, "dkim-bits", "3072"));
	must(params_complete(&p));
	run.params = &p;
	must(step_dkim.precheck(&run));
	assert_int_equal(run.blockers.n, 0);
	notes_add(&notes, KEY_NOTE "/etc/dkimkeys/clefs/exemple.fr/mail.private", bytes_text(&key));
	run.brought = &notes;
	must(step_dkim.precheck(&run));
	assert_int_equal(run.blockers.n, 1);
	assert_non_null(strstr(run.blockers.v[0], "--dkim-bits 3072: the key of exemple.fr has 2048 bits and stays"));
	must(params_set(&p, "selector", "neuf"));
	must(step_dkim.precheck(&run));
	assert_int_equal(run.blockers.n, 1);
	list_free(&run.blockers);
}

/* --- the file --- */

static json_t *document(void)
{
	return json_pack("{s:i, s:s, s:{s:[s], s:[s,s], s:[s], s:[s], s:[s], s:[s], s:[s]}, s:o, s:{s:{s:s}, s:{s:s}, s:{s:s}}, s:{s:s}, s:{s:s, s:s}}",
		MOVING_FORMAT, MOVING_VERSION, "made-by", "0",
		"parameters", "domain", "exemple.fr", "extra-domain", "toto.fr", "titi.fr", "admin", "jean@exemple.fr", "tls-cert", "/etc/none",
		"tls-key", "/etc/none", "hosts-entry", "192.0.2.1", "size-limit", "5000000", "tables", json_loads(rows_text, 0, NULL),
		"dkim-keys", "exemple.fr", "mail", bytes_text(&key), "toto.fr", "mail", bytes_text(&key), "titi.fr", "mail",
		bytes_text(&other_key), "dkim-stopped", "exemple.fr:vieux", "1700000000", "tls", "key",
		bytes_text(&key), "certificate", bytes_text(&certificate));
}

/* With the passphrase on standard input. */
static struct error *take(struct cli *cli, json_t *d, struct notes *notes)
{
	static const struct bytes passphrase = { .data = (char *)"mots secrets", .size = 12 };
	CLEAN(json_decref) json_t *owned = d;
	CLEAN(free) char *text_of = json_dumps(d, JSON_COMPACT);
	CLEAN(bytes) struct bytes sealed = { 0 };
	struct session s = SESSION_CLOSED;
	int ends[2], saved = dup(STDIN_FILENO);

	s.run = run;
	must(seal(&(struct bytes){ .data = text_of, .size = strlen(text_of) }, &passphrase, 10, &sealed));
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "mots secrets\nla suite", 21), 21);
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	struct error *e = moving_take(cli, &s, "f", &sealed, true, notes);
	dup2(saved, STDIN_FILENO);
	close(saved);
	return e;
}

static void the_file_is_taken(void **state)
{
	CLEAN(notes) struct notes notes = { 0 };
	struct cli cli = { 0 };

	(void)state;
	params_init(&cli.params);
	must(params_set(&cli.params, "size-limit", "40M"));
	must(take(&cli, document(), &notes));
	assert_string_equal(cli.params.domain, "exemple.fr");
	assert_int_equal(cli.params.extra_domains.n, 2);
	assert_string_equal(cli.params.hostname, "mail.exemple.fr");
	/* The command line wins; what is the other machine's own stays there. */
	assert_int_equal(cli.params.size_limit, 40 << 20);
	assert_null(cli.params.tls_cert);
	assert_null(cli.params.hosts_entry);
	assert_string_equal(notes_get(&notes, "key:/etc/dkimkeys/clefs/exemple.fr/mail.private"), bytes_text(&key));
	assert_string_equal(notes_get(&notes, "key:/etc/dkimkeys/clefs/titi.fr/mail.private"), bytes_text(&other_key));
	assert_string_equal(notes_get(&notes, MOVED_NOTE), "1");
	assert_string_equal(notes_get(&notes, "dkim-stopped:exemple.fr:vieux"), "1700000000");
	assert_string_equal(notes_get(&notes, CERTIFICATE_NOTE TLS_CERTIFICATE), bytes_text(&certificate));
	assert_non_null(strstr(notes_get(&notes, ROWS_NOTE), "jean@exemple.fr"));
	params_free(&cli.params);
}

static void with_an_own_certificate_theirs_stays(void **state)
{
	CLEAN(notes) struct notes notes = { 0 };
	struct cli cli = { 0 };

	(void)state;
	params_init(&cli.params);
	must(params_set(&cli.params, "tls-cert", "/etc/passwd"));
	must(params_set(&cli.params, "tls-key", "/etc/passwd"));
	must(take(&cli, document(), &notes));
	assert_null(notes_get(&notes, KEY_NOTE TLS_KEY));
	assert_null(notes_get(&notes, CERTIFICATE_NOTE TLS_CERTIFICATE));
	params_free(&cli.params);
}

/* What the note says of a move whose command line has an option more. */
static char *moved_with(const char *name, const char *value, json_t *d)
{
	CLEAN(notes) struct notes notes = { 0 };
	struct cli cli = { 0 };

	params_init(&cli.params);
	if (name)
		must(params_set(&cli.params, name, value));
	must(take(&cli, d, &notes));
	params_free(&cli.params);
	return text_copy(notes_get(&notes, MOVED_NOTE));
}

static json_t *with(const char *outer, const char *name, json_t *value);

static void what_changes_with_the_move_is_known(void **state)
{
	static const struct {
		const char *name, *value, *moved;
	} cases[] = {
		{ NULL, NULL, "1" },
		{ "hostname", "mail.exemple.fr", "1" },
		{ "hostname", "mx.exemple.fr", "1+records" },
		{ "selector", "neuf", "1+records" },
		{ "extra-domain", "toto.fr", "1" },
		{ "extra-domain", "neuf.fr", "1+records" },
		{ "network", "192.0.2.0/24", "1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEAN(free) char *moved = moved_with(cases[i].name, cases[i].value, document());

		assert_string_equal(moved, cases[i].moved);
	}
	CLEAN(free) char *carried = moved_with(NULL, NULL, with("parameters", "network", json_pack("[s]", "10.0.0.0/8")));
	assert_string_equal(carried, "1+networks");
	CLEAN(free) char *own = moved_with("network", "192.0.2.0/24", with("parameters", "network", json_pack("[s]", "10.0.0.0/8")));
	assert_string_equal(own, "1");
	/* As the file of a plan gives them. */
	CLEAN(free) char *planned = moved_with("network", "10.0.0.0/8", with("parameters", "network", json_pack("[s]", "10.0.0.0/8")));
	assert_string_equal(planned, "1+networks");
}

static void it_is_told_once(void **state)
{
	CLEAN(json_decref) json_t *done = json_object();
	CLEAN(json_decref) json_t *wanted = json_loads("{\"left\": [\"mail\", \"records\", \"networks\", \"queue\"], \"networks\": [\"10.0.0.0/8\"]}", 0, NULL);
	struct session s = SESSION_CLOSED;
	struct cli cli = { .quiet = true };
	char *said = NULL;
	size_t size;

	(void)state;
	s.run = run;
	params_init(&cli.params);
	must(params_set(&cli.params, "domain", "exemple.fr"));
	must(params_set(&cli.params, "network", "10.0.0.0/8"));
	must(params_complete(&cli.params));
	cli.screen.out = open_memstream(&said, &size);
	must(moving_tell(&cli, &s, done));
	assert_int_equal(json_object_size(done), 0);
	must(state_note_set(run.state, MOVED_NOTE, "1+records+networks"));
	/* Quiet: it waits to be told. */
	must(moving_tell(&cli, &s, NULL));
	fflush(cli.screen.out);
	assert_int_equal(size, 0);
	must(moving_tell(&cli, &s, done));
	assert_true(json_equal(done, wanted));
	cli.quiet = false;
	must(moving_tell(&cli, &s, NULL));
	fflush(cli.screen.out);
	assert_int_equal(size, 0);
	must(state_note_set(run.state, MOVED_NOTE, "1+records+networks"));
	must(moving_tell(&cli, &s, NULL));
	fflush(cli.screen.out);
	assert_non_null(strstr(said, "mailsetup dns"));
	assert_non_null(strstr(said, "10.0.0.0/8"));
	must(state_note_set(run.state, MOVED_NOTE, "1"));
	must(moving_tell(&cli, &s, NULL));
	fclose(cli.screen.out);
	assert_non_null(strstr(said, "let mail.exemple.fr lead to this machine"));
	free(said);
	params_free(&cli.params);
}

/* As `openssl pkcs12 -nodes` writes a friendly name. */
static void a_key_file_that_is_no_text_is_carried(void **state)
{
	CLEAN(json_decref) json_t *object = json_object();
	CLEAN(bytes) struct bytes latin = { 0 }, with_nul = { 0 }, noted = { 0 };
	const char *s;

	(void)state;
	bytes_add_text(&latin, "    friendlyName: cl\xe9\n");
	bytes_add(&latin, key.data, key.size);
	bytes_add(&with_nul, key.data, key.size);
	bytes_add(&with_nul, "\0x\n", 3);
	bytes_add_text(&noted, "# de 2024, clé\n");
	bytes_add(&noted, key.data, key.size);
	must(moving_put_pem(object, "a", &latin, key_only));
	must(moving_put_pem(object, "b", &with_nul, key_only));
	must(moving_put_pem(object, "c", &noted, key_only));
	assert_string_equal(json_string_value(json_object_get(object, "a")), bytes_text(&key));
	assert_string_equal(json_string_value(json_object_get(object, "b")), bytes_text(&key));
	/* What can stay as it is does. */
	assert_non_null(s = json_string_value(json_object_get(object, "c")));
	assert_string_equal(s, bytes_text(&noted));
	says(moving_put_pem(object, "d", &certificate, key_only), "no private key in PEM form");
	assert_null(json_object_get(object, "d"));
}

static void expect_bad(json_t *d, const char *part)
{
	CLEAN(notes) struct notes notes = { 0 };
	struct cli cli = { 0 };

	params_init(&cli.params);
	fails_with(take(&cli, d, &notes), ERR_USAGE, part);
	params_free(&cli.params);
}

/* A document with another value at KEY, or at KEY of OUTER; NULL takes it out. */
static json_t *with(const char *outer, const char *name, json_t *value)
{
	json_t *d = document(), *object = outer ? json_object_get(d, outer) : d;

	if (value)
		json_object_set_new(object, name, value);
	else
		json_object_del(object, name);
	return d;
}

static void a_file_that_is_wrong_is_refused(void **state)
{
	(void)state;
	expect_bad(json_array(), "--from f: no file that `mailsetup export` has written");
	expect_bad(with(NULL, MOVING_FORMAT, json_integer(2)), "of format 2");
	expect_bad(with(NULL, MOVING_FORMAT, json_string("1")), "no file that");
	expect_bad(with("parameters", "domain", NULL), "the file is of another domain");
	expect_bad(with("parameters", "domain", json_pack("[s]", "exemple.fr\nx")), "--from f: --domain");
	expect_bad(with("parameters", "domain", json_integer(1)), "the file is of another domain");
	expect_bad(with("parameters", "hostname", json_pack("[s]", "exemple.fr")), "--hostname exemple.fr is a mail domain too");
	expect_bad(with("parameters", "nonsense", json_pack("[s]", "x")), "“nonsense” is no parameter");
	expect_bad(with("parameters", "dkim-key", json_pack("[s]", "exemple.fr:../x")), "--dkim-key");
	expect_bad(with("dkim-keys", "exemple.fr", json_pack("{s:s}", "mail", "no key")), "mail.private");
	expect_bad(with("dkim-keys", "exemple.fr", json_pack("{s:i}", "mail", 1)), "mail.private is missing");
	expect_bad(with("dkim-keys", "exemple.fr", json_pack("{s:s}", "vieux", bytes_text(&key))), "exemple.fr/mail.private is missing");
	expect_bad(with("dkim-keys", "toto.fr", NULL), "toto.fr/mail.private is missing");
	expect_bad(with(NULL, "dkim-keys", NULL), "mail.private is missing");
	expect_bad(with("dkim-stopped", "x", json_string("soon")), "the DKIM key x ceased to sign is no number");
	expect_bad(with(NULL, "tls", NULL), "courriel.key is missing");
	expect_bad(with("tls", "certificate", NULL), "courriel.pem is missing");
	expect_bad(with("tls", "certificate", json_string("none")), "courriel.pem");
	expect_bad(with(NULL, "tables", NULL), "there are no tables in it");
	expect_bad(with("tables", "postfix_alias", json_pack("[{s:s,s:s}]", "alias", "a", "destination", "|b")), "postfix_alias, a: ");
}

static void no_passphrase_is_asked_for_what_is_no_such_file(void **state)
{
	static const struct bytes other = { .data = (char *)"another file", .size = 12 };
	CLEAN(notes) struct notes notes = { 0 };
	struct session s = SESSION_CLOSED;
	struct cli cli = { 0 };
	int null = open("/dev/null", O_RDONLY), saved = dup(STDIN_FILENO);

	(void)state;
	s.run = run;
	params_init(&cli.params);
	dup2(null, STDIN_FILENO);
	fails_with(moving_take(&cli, &s, "f", &other, true, &notes), ERR_USAGE, "--from f: no file that `mailsetup export` has written");
	dup2(saved, STDIN_FILENO);
	close(saved);
	close(null);
	params_free(&cli.params);
}

static void an_installed_machine_is_refused(void **state)
{
	CLEAN(params) struct params known = { 0 };
	CLEAN(notes) struct notes notes = { 0 };
	struct cli cli = { 0 };

	(void)state;
	params_init(&known);
	must(params_set(&known, "domain", "exemple.fr"));
	notes_add(&notes, MOVED_NOTE, "1");
	must(state_params_store(run.state, &known, &notes));
	params_init(&cli.params);
	fails_with(take(&cli, document(), &notes), ERR_CONFLICT, "mailsetup has installed this machine already");
	params_free(&cli.params);
	CLEAN(free) char *moved = NULL;
	must(state_note_get(run.state, MOVED_NOTE, &moved));
	assert_string_equal(moved, "1");
}

int main(void)
{
#define HOST_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		HOST_TEST(rows_come_as_they_were),
		cmocka_unit_test(rows_are_checked),
		cmocka_unit_test(a_mailing_list_has_no_limit),
		cmocka_unit_test(all_bad_rows_are_named),
		HOST_TEST(what_mailsetup_would_not_take_is_not_read),
		HOST_TEST(rows_are_added_once),
		HOST_TEST(rows_go_back_to_the_store),
		HOST_TEST(a_kill_loses_and_doubles_nothing),
		HOST_TEST(the_pair_is_written),
		HOST_TEST(another_name_gets_another_certificate),
		HOST_TEST(another_key_is_not_lost),
		HOST_TEST(a_brought_certificate_does_not_stand_beside_another_key),
		HOST_TEST(another_size_than_that_of_a_brought_key_is_refused),
		HOST_TEST(no_passphrase_is_asked_for_what_is_no_such_file),
		HOST_TEST(the_file_is_taken),
		HOST_TEST(what_changes_with_the_move_is_known),
		HOST_TEST(it_is_told_once),
		HOST_TEST(a_key_file_that_is_no_text_is_carried),
		HOST_TEST(with_an_own_certificate_theirs_stays),
		HOST_TEST(a_file_that_is_wrong_is_refused),
		HOST_TEST(an_installed_machine_is_refused),
	};

	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
