/* The parts of an import that need no machine: whose a mailbox is, which messages are there, which UIDs are kept. */
#include "tests/unit/unit.h"

#include "mail/mutf7.h"
#include "mail/uidlist.h"
#include "migrate/assign.h"
#include "migrate/index.h"
#include "migrate/prove.h"
#include "migrate/report.h"

#include <stdio.h>
#include <stdlib.h>

/* --- whose mailbox is it --- */

static struct assignment server(void)
{
	struct assignment a = { .domain = "exemple.fr" };

	list_add(&a.accounts, "jean@exemple.fr");
	list_add(&a.accounts, "info@exemple.fr");
	list_add(&a.accounts, "info@autre.fr");
	list_add(&a.accounts, "marie@autre.fr");
	return a;
}

static void assignment_free(struct assignment *a)
{
	list_free(&a->accounts);
	list_free(&a->maps);
}

static void roots_find_their_accounts(void **state)
{
	static const struct {
		const char *root, *address;
	} cases[] = {
		{ "exemple.fr/jean", "jean@exemple.fr" },
		{ "exemple.fr/Jean", "jean@exemple.fr" },
		{ "var/mail/utilisateurs/autre.fr/info", "info@autre.fr" },
		{ "exemple.fr/jean/Maildir", "jean@exemple.fr" },
		{ "jean/Maildir", "jean@exemple.fr" },
		{ "home/jean/Maildir", "jean@exemple.fr" },
		{ "marie/Maildir", "marie@autre.fr" },	/* the one account of that name */
		{ "info/Maildir", "info@exemple.fr" },	/* of two, that of the first domain */
		{ "vmail/marie@autre.fr", "marie@autre.fr" },
		{ "exemple.fr/marie", NULL },		/* a domain means that domain */
		{ "exemple.fr/paul", NULL },
		{ "root/Maildir", NULL },
		{ "", NULL },
		{ "Maildir", NULL },
		{ "jean", NULL },			/* one mailbox under any folder: --user says whose */
	};
	struct assignment a = server();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *found = assignment_of(&a, cases[i].root);

		if (!found || !cases[i].address)
			assert_true(found == cases[i].address);
		else
			assert_string_equal(found, cases[i].address);
	}
	assignment_free(&a);
}

static void maps_and_user_come_first(void **state)
{
	struct assignment a = server();

	(void)state;
	list_add(&a.maps, "paul=marie@autre.fr");
	list_add(&a.maps, "exemple.fr/jean=INFO@exemple.fr");
	must(assignment_check(&a));
	assert_string_equal(assignment_of(&a, "exemple.fr/paul"), "marie@autre.fr");
	assert_string_equal(assignment_of(&a, "exemple.fr/jean"), "info@exemple.fr");
	a.user = "Marie@autre.fr";
	must(assignment_check(&a));
	assert_string_equal(assignment_of(&a, "Maildir"), "marie@autre.fr");
	assert_string_equal(assignment_of(&a, "exemple.fr/jean"), "info@exemple.fr");
	assignment_free(&a);
}

static void bad_options_are_named(void **state)
{
	static const struct {
		const char *user, *map, *wanted;
	} cases[] = {
		{ "nul@exemple.fr", NULL, "--user: nul@exemple.fr is no account of this server" },
		{ "nul", NULL, "--user: " },
		{ NULL, "paul", "--map paul: write it as OLD=ADDRESS" },
		{ NULL, "paul=nul@exemple.fr", "--map: nul@exemple.fr is no account" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct assignment a = server();

		a.user = cases[i].user;
		if (cases[i].map)
			list_add(&a.maps, cases[i].map);
		fails_with(assignment_check(&a), ERR_USAGE, cases[i].wanted);
		assignment_free(&a);
	}
}

static void guesses(void **state)
{
	struct assignment a = server();
	CLEAN(free) char *local = assignment_guess(&a, "paul/Maildir"), *domain = assignment_guess(&a, "autre.fr/Paul"),
			 *whole = assignment_guess(&a, "x/paul@autre.fr"), *none = assignment_guess(&a, "Maildir"),
			 *bad = assignment_guess(&a, "home/p aul");

	(void)state;
	assert_string_equal(local, "paul@exemple.fr");
	assert_string_equal(domain, "paul@autre.fr");
	assert_string_equal(whole, "paul@autre.fr");
	assert_null(none);
	assert_null(bad);
	assignment_free(&a);
}

/* --- the index --- */

static void the_index_keeps_what_it_was_given(void **state)
{
	struct index *x = index_new();
	struct index_entry e;

	(void)state;
	assert_false(index_find(x, 0, "a", 1, &e));
	for (uint32_t i = 0; i < 100000; i++) {
		CLEAN(free) char *name = text("%u.M%uP7.host", 1700000000 + i, i % 1000);

		index_add(x, i % 3, name, strlen(name), (struct index_entry){ .flags = i, .where = (uint8_t)(i % 16) });
	}
	for (uint32_t i = 0; i < 100000; i++) {
		CLEAN(free) char *name = text("%u.M%uP7.host", 1700000000 + i, i % 1000);

		assert_true(index_find(x, i % 3, name, strlen(name), &e));
		assert_int_equal(e.flags, i);
		assert_int_equal(e.where, i % 16);
		assert_false(index_find(x, 3, name, strlen(name), &e));
		assert_false(index_find(x, i % 3, name, strlen(name) - 1, &e));
	}
	index_free(x);
}

static void a_second_entry_replaces_the_first(void **state)
{
	struct index *x = index_new();
	struct index_entry e;

	(void)state;
	index_add(x, 1, "name", 4, (struct index_entry){ .flags = 1, .where = HERE });
	index_add(x, 1, "name", 4, (struct index_entry){ .flags = 2, .where = IN_NEW });
	assert_true(index_find(x, 1, "name", 4, &e));
	assert_int_equal(e.flags, 2);
	assert_int_equal(e.where, IN_NEW);
	index_free(x);
}

/* --- lists of UIDs --- */

/* NULL where the join fails. */
static char *joined(const char *here, const char *there, size_t *ret_kept)
{
	char *result = NULL;
	size_t size;
	FILE *h = here ? fmemopen((char *)here, strlen(here), "r") : NULL, *t = fmemopen((char *)there, strlen(there), "r");
	FILE *out = open_memstream(&result, &size);
	struct error *e = uidlist_join(h, t, out, ret_kept);

	fclose(out);
	fclose(t);
	if (h)
		fclose(h);
	if (!e)
		return result;
	free(result);
	error_free(e);
	return NULL;
}

#define GUID "3085f01b7f11094c501100008c4a11c1"

static void an_empty_folder_takes_the_list(void **state)
{
	const char *list = "3 V1275660208 N25 G" GUID "\n4 W12 :a.b\n9 :c,S=4\n";
	size_t kept;
	CLEAN(free) char *got = joined(NULL, list, &kept);

	(void)state;
	assert_string_equal(got, list);
	assert_int_equal(kept, 2);
}

static void the_first_version_is_read(void **state)
{
	size_t kept;
	CLEAN(free) char *got = joined(NULL, "1 77 12\n3 a.b:2,S\n11 c\n", &kept);

	(void)state;
	assert_string_equal(got, "3 V77 N12\n3 :a.b\n11 :c\n");
	assert_int_equal(kept, 2);
}

static void the_same_list_goes_on(void **state)
{
	size_t kept;
	CLEAN(free) char *got = joined("3 V7 N5 G" GUID "\n1 :a\n4 :new\n", "3 V7 N9 G" GUID "\n1 :a\n4 :b\n6 :c\n8 :d\n", &kept);

	(void)state;
	assert_string_equal(got, "3 V7 N9 G" GUID "\n1 :a\n4 :new\n6 :c\n8 :d\n");
	assert_int_equal(kept, 2);
}

/* The header of a list in use lags behind: Dovecot appends. */
static void appended_uids_count(void **state)
{
	size_t kept;
	CLEAN(free) char *got = joined(NULL, "3 V7 N5 Pxy\n1 :a\n5 :b\n7 :c\n", &kept);
	CLEAN(free) char *on = joined("3 V7 N2\n1 :a\n6 :new\n", "3 V7 N2\n1 :a\n5 :b\n7 :c\n", &kept);

	(void)state;
	assert_string_equal(got, "3 V7 N8 Pxy\n1 :a\n5 :b\n7 :c\n");
	assert_string_equal(on, "3 V7 N8\n1 :a\n6 :new\n7 :c\n");
	assert_int_equal(kept, 1);
}

static void another_list_does_not(void **state)
{
	size_t kept;
	CLEAN(free) char *got = joined("3 V8 N5\n1 :a\n", "3 V7 N9\n6 :c\n", &kept);

	(void)state;
	assert_non_null(got);
	assert_int_equal(kept, 0);
}

static void damaged_lists_are_refused(void **state)
{
	static const char *const lists[] = {
		"", "\n", "3", "3 V7\n", "3 N7\n", "2 V7 N9\n", "3 V7 Nx\n", "3 V99999999999 N9\n", "1 77\n", "3 V7 N9", /* headers */
		"3 V7 N9\n3 :a\n3 :b\n", "3 V7 N9\n3 :a\n2 :b\n", "1 7 9\n9 a\n", "3 V7 N9\n4294967295 :a\n", "3 V7 N9\nx :a\n", "3 V7 N9\n3\n",
		"3 V7 N9\n3 :\n", "3 V7 N9\n3 :../x\n", "3 V7 N9\n3 W5\n",
	};
	size_t kept;

	(void)state;
	for (size_t i = 1; i < sizeof(lists) / sizeof(*lists); i++)
		assert_null(joined(NULL, lists[i], &kept));
}

/* --- folder names --- */

static void folder_names_are_decoded(void **state)
{
	static const struct {
		const char *name, *title;
	} cases[] = {
		{ "Sent", "Sent" }, { "&AOk-t&AOk-", "été" }, { "a&-b", "a&b" }, { "&2D3cAQ-", "🐁" }, { "&ZeVnLIqe-", "日本語" },
		{ "&AOk", NULL }, { "&AO-", NULL }, { "&AEE-", NULL }, { "&2D0-", NULL }, { "&3AE-", NULL }, { "caf\xc3\xa9", NULL },
		{ "a\nb", NULL }, { "&AOk=-", NULL }, { "&AOl-", NULL },
		{ "&AOk-&AOk-", NULL }, { "&AOk-&-", "é&" }, { "a-&AOk-", "a-é" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEAN(bytes) struct bytes got = { 0 };

		assert_int_equal(mutf7_decode(cases[i].name, &got), cases[i].title != NULL);
		if (cases[i].title)
			assert_string_equal(got.data, cases[i].title);
	}
}

/* --- the report --- */

static void a_report_survives_json(void **state)
{
	struct report r = { 0 }, again;
	struct mailbox *m = report_mailbox_add(&r, "exemple.fr/jean", "jean@exemple.fr");
	struct folder *f = report_folder(&r, m, ".Sent");

	(void)state;
	f->archive = 9;
	f->imported = 5;
	f->present = 3;
	f->refused = 1;
	f->made = true;
	report_folder(&r, report_mailbox_add(&r, "caf\xe9", NULL), "")->archive = 2;
	reason_count(&r.refused, &r.n_refused, "empty", "cur/a");
	reason_count(&r.left_out, &r.n_left_out, "a link", "x");
	reason_count(&r.left_out, &r.n_left_out, "a link", "y");
	json_t *json = report_json(&r);
	assert_non_null(json);
	must(report_read(json, &again));
	json_decref(json);
	assert_int_equal(again.n, 2);
	assert_string_equal(again.mailboxes[0].path, "exemple.fr/jean");
	assert_null(again.mailboxes[1].address);
	assert_string_equal(again.mailboxes[1].root, "caf?");
	assert_int_equal(again.mailboxes[0].folders[0].imported, 5);
	assert_true(again.mailboxes[0].folders[0].made);
	assert_int_equal(again.left_out[0].n, 2);
	assert_string_equal(again.left_out[0].example, "x");
	struct totals t = report_totals(&again);
	assert_int_equal(t.archive, 11);
	assert_int_equal(t.refused, 1);
	assert_int_equal(t.without_account, 2);
	report_free(&r);
	report_free(&again);
	json = json_pack("{s[{ss}]}", "mailboxes", "root", "x");
	fails_with(report_read(json, &again), ERR_CONFLICT, "record");
	report_free(&again);
	json_decref(json);
}

/* --- what Dovecot counts --- */

/* To Dovecot they are nobody (67). */
static void accounts_that_are_off_are_not_counted(void **state)
{
	static const char *const addresses[] = { "marie@exemple.fr", "jean@exemple.fr" };
	char root[] = "/tmp/mailsetup-count-XXXXXX";
	CLEAN(list) struct list nobody = { 0 }, off = { 0 };
	CLEAN(report) struct report r = { 0 };
	struct host *h;

	(void)state;
	assert_non_null(mkdtemp(root));
	put(root, "/usr/bin/doveadm",
		"#!/bin/sh\ncase $* in *jean@*) echo '[{\"mailbox\":\"INBOX\",\"messages\":\"2\"}]' ;; *) exit 67 ;; esac\n", 0755);
	must(host_open(root, &h));
	for (size_t i = 0; i < 2; i++)
		report_folder(&r, report_mailbox_add(&r, addresses[i], addresses[i]), "")->files = 2;
	fails_with(count_by_dovecot(h, &r, &nobody), ERR_STOPPED, "marie@exemple.fr");
	list_add(&off, addresses[0]);
	must(count_by_dovecot(h, &r, &off));
	assert_int_equal(r.mailboxes[0].folders[0].counted, -1);
	assert_int_equal(r.mailboxes[1].folders[0].counted, 2);
	assert_true(counts_add_up(&r, &off));
	assert_false(counts_add_up(&r, &nobody));
	r.mailboxes[1].folders[0].files = 3;
	assert_false(counts_add_up(&r, &off));
	host_close(h);
	remove_tree(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots_find_their_accounts),
		cmocka_unit_test(maps_and_user_come_first),
		cmocka_unit_test(bad_options_are_named),
		cmocka_unit_test(guesses),
		cmocka_unit_test(the_index_keeps_what_it_was_given),
		cmocka_unit_test(a_second_entry_replaces_the_first),
		cmocka_unit_test(an_empty_folder_takes_the_list),
		cmocka_unit_test(the_first_version_is_read),
		cmocka_unit_test(the_same_list_goes_on),
		cmocka_unit_test(appended_uids_count),
		cmocka_unit_test(another_list_does_not),
		cmocka_unit_test(damaged_lists_are_refused),
		cmocka_unit_test(folder_names_are_decoded),
		cmocka_unit_test(a_report_survives_json),
		cmocka_unit_test(accounts_that_are_off_are_not_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
