/* dovecot-keywords and subscriptions: read from any bytes, merged, written as Dovecot does. */
#include "tests/unit/unit.h"

#include "mail/dovecot_files.h"
#include "mail/maildir.h"

static struct bytes content(const char *s)
{
	struct bytes b = { 0 };

	bytes_add_text(&b, s);
	return b;
}

/* --- keywords --- */

static void check_keywords(const struct keywords *k, const char *wanted)
{
	CLEAN(bytes) struct bytes b = { 0 };

	keywords_write(k, &b);
	assert_string_equal(bytes_text(&b), wanted);
}

static struct keywords keywords(const char *s)
{
	CLEAN(bytes) struct bytes b = content(s);
	struct keywords k;

	keywords_read(&b, &k);
	return k;
}

static void keywords_are_read(void **state)
{
	static const char *const rows[][2] = {
		{ "", "" },
		{ "0 $Forwarded\n1 NonJunk\n", "0 $Forwarded\n1 NonJunk\n" },
		{ "1 b\n0 a", "0 a\n1 b\n" },
		{ "25 z\n26 none\n99999999999999999999 x\n4294967296 y\n", "25 z\n" },
		{ "0 a\n0 b\n1 A\n2 c\n", "0 a\n2 c\n" }, /* Dovecot keeps the first, too */
		{ "x a\n-1 a\n+1 a\n 1 a\n1\n1 \n1  a\n1\ta\n\n2 a\n", "2 a\n" },
		{ "0 a b\n1 \xc3\xa9\n2 a\x1b\n3 \\Seen\n4 a(\n5 \"a\n6 a*\n7 a%\n8 {1}\n9 [ok]\n10 a\r\n", "9 [ok]\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEAN(keywords) struct keywords k = keywords(rows[i][0]);

		check_keywords(&k, rows[i][1]);
	}
	CLEAN(bytes) struct bytes with_nul = { 0 };
	CLEAN(keywords) struct keywords k;
	bytes_add(&with_nul, "0 a\0b\n1 c\n", 10);
	keywords_read(&with_nul, &k);
	check_keywords(&k, "0 a\n");
}

static void keywords_take_free_letters(void **state)
{
	CLEAN(keywords) struct keywords here = keywords("0 Junk\n2 c\n"), there = keywords("0 c\n4 new\n5 JUNK\n6 other\n");
	int map[26];

	(void)state;
	keywords_merge(&here, &there, map);
	check_keywords(&here, "0 Junk\n1 new\n2 c\n3 other\n");
	assert_int_equal(map[0], 2);
	assert_int_equal(map[4], 1);
	assert_int_equal(map[5], 0);
	assert_int_equal(map[6], 3);
}

/* A letter without a keyword there must not get one here, neither one that is here nor one that comes with the merge. */
static void nameless_letters_get_no_name(void **state)
{
	CLEAN(keywords) struct keywords here = keywords("0 a\n2 c\n"), there = keywords("0 a\n5 x\n");
	int map[26];

	(void)state;
	keywords_merge(&here, &there, map);
	check_keywords(&here, "0 a\n1 x\n2 c\n");
	assert_int_equal(map[5], 1);
	assert_int_equal(map[1], -1);
	assert_int_equal(map[2], -1);
	assert_int_equal(map[3], 3);
}

static void an_empty_list_takes_the_same_letters(void **state)
{
	CLEAN(keywords) struct keywords here = { 0 }, there = keywords("3 c\n25 z\n");
	int map[26];

	(void)state;
	keywords_merge(&here, &there, map);
	check_keywords(&here, "3 c\n25 z\n");
	for (int i = 0; i < 26; i++)
		assert_int_equal(map[i], i);
}

static void keywords_without_a_letter(void **state)
{
	CLEAN(bytes) struct bytes full = { 0 };
	CLEAN(keywords) struct keywords here = { 0 }, there = keywords("0 k5\n1 another\n");
	int map[26];

	(void)state;
	for (int i = 0; i < 26; i++)
		bytes_printf(&full, "%d k%d\n", i, i);
	keywords_read(&full, &here);
	keywords_merge(&here, &there, map);
	check_keywords(&here, full.data);
	assert_int_equal(map[0], 5);
	assert_int_equal(map[1], -1);
}

/* --- subscriptions --- */

static char *subscribed(const char *s, bool courier)
{
	CLEAN(bytes) struct bytes b = content(s), joined = { 0 };
	CLEAN(list) struct list l = { 0 };

	subscriptions_read(&b, courier, &l);
	for (size_t i = 0; i < l.n; i++)
		bytes_printf(&joined, "%s%s", i ? "|" : "", l.v[i]);
	return text_copy(bytes_text(&joined));
}

static void subscriptions_are_read(void **state)
{
	static const struct {
		const char *text;
		bool courier;
		const char *wanted;
	} rows[] = {
		{ "", false, "" },
		{ "V\t2\n\n", false, "" },
		{ "V\t2\n\nSent\nArchives\t2019\nINBOX\n", false, "Archives.2019|INBOX|Sent" },
		{ "Sent\nArchives.2019\nINBOX", false, "Archives.2019|INBOX|Sent" },
		{ "Sent\nSent\r\nSent\n", false, "Sent" },
		{ "INBOX\nINBOX.Sent\nINBOX.Archives.2019\n", true, "Archives.2019|INBOX|Sent" },
		{ "INBOX.Sent\n", false, "INBOX.Sent" },
		{ "&AOk-t&AOk-\n", false, "&AOk-t&AOk-" },
		{ "V\t2\n\na\001tb\na.b\na\t\tb\n\ta\na\t\n\001\ngood\n", false, "good" },
		{ "../../etc\n/etc\na/b\n..\n.\n~root\na..b\n.a\na.\n&AOk\ncaf\xc3\xa9\n\x1b[2J\ninbox\ngood\n", false, "good" },
		{ "V\t3\n\nSent\n", false, "Sent" },
		{ "INBOX.\nINBOX..a\nINBOX.INBOX\n", true, "INBOX" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEAN(free) char *got = subscribed(rows[i].text, rows[i].courier);

		assert_string_equal(got, rows[i].wanted);
	}
}

static void subscriptions_are_written(void **state)
{
	CLEAN(bytes) struct bytes b = { 0 };
	CLEAN(list) struct list l = { 0 }, again = { 0 };

	(void)state;
	list_add(&l, "Archives.2019.a");
	list_add(&l, "INBOX");
	list_add(&l, "Sent");
	subscriptions_write(&l, &b);
	assert_string_equal(b.data, "V\t2\n\nArchives\t2019\ta\nINBOX\nSent\n");
	subscriptions_read(&b, false, &again);
	assert_int_equal(again.n, l.n);
	for (size_t i = 0; i < l.n; i++)
		assert_string_equal(again.v[i], l.v[i]);
}

static void names_are_said_once(void **state)
{
	CLEAN(bytes) struct bytes b = { 0 };
	CLEAN(list) struct list l = { 0 };

	(void)state;
	for (unsigned i = 0; i < 20000; i++)
		bytes_printf(&b, "%x\n", i % 10000);
	subscriptions_read(&b, false, &l);
	assert_int_equal(l.n, 10000);
	assert_null(l.v[l.n]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keywords_are_read),
		cmocka_unit_test(keywords_take_free_letters),
		cmocka_unit_test(nameless_letters_get_no_name),
		cmocka_unit_test(an_empty_list_takes_the_same_letters),
		cmocka_unit_test(keywords_without_a_letter),
		cmocka_unit_test(subscriptions_are_read),
		cmocka_unit_test(subscriptions_are_written),
		cmocka_unit_test(names_are_said_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
