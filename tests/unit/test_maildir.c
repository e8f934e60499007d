/* Paths and names of a Maildir: what an archive's member stands for, and what a message's name says, against names that mean harm. */
#include "tests/unit/unit.h"

#include "mail/maildir.h"

#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define GOOD	 "1500000001.M1P1.host,S=5:2,S"

static const char *const kinds[] = { "OTHER", "HOSTILE", "DIRECTORY", "MESSAGE", "BAD_MESSAGE", "LEFTOVER", "UIDLIST", "KEYWORDS",
	"SUBSCRIPTIONS", "COURIER_SUBSCRIPTIONS", "SIEVE", "SIEVE_ACTIVE", "CACHE" };

struct row {
	const char *path;
	enum maildir_kind kind;
	const char *root, *folder, *name; /* NULL: not looked at */
};

static void check_row(const struct row *r)
{
	CLEAN(maildir_place) struct maildir_place p;

	maildir_judge(r->path, &p);
	if (p.kind != r->kind)
		fail_msg("\"%.300s\" is %s, not %s (%s)", r->path, kinds[p.kind], kinds[r->kind], p.reason ? p.reason : "");
	if (p.kind == MAILDIR_OTHER || p.kind == MAILDIR_HOSTILE) {
		assert_null(p.root);
		assert_null(p.folder);
		assert_null(p.name);
	} else {
		assert_non_null(p.root);
		assert_non_null(p.folder);
	}
	assert_int_equal(p.reason != NULL, p.kind == MAILDIR_HOSTILE || p.kind == MAILDIR_BAD_MESSAGE);
	if (r->root)
		assert_string_equal(p.root, r->root);
	if (r->folder)
		assert_string_equal(p.folder, r->folder);
	if (r->name)
		assert_string_equal(p.name, r->name);
}

static void messages(void **state)
{
	static const struct row rows[] = {
		{ "cur/" GOOD, MAILDIR_MESSAGE, "", "", GOOD },
		{ "./cur/" GOOD, MAILDIR_MESSAGE, "", "", GOOD },
		{ "Maildir//./cur/./" GOOD, MAILDIR_MESSAGE, "Maildir", "", GOOD },
		{ "exemple.fr/jean/new/1.a", MAILDIR_MESSAGE, "exemple.fr/jean", "", "1.a" },
		{ ".Sent/cur/1.a:2,", MAILDIR_MESSAGE, "", ".Sent", "1.a:2," },
		{ "home/jean/Maildir/.Archives.2019/cur/1.a", MAILDIR_MESSAGE, "home/jean/Maildir", ".Archives.2019", "1.a" },
		{ "Maildir/.&AOk-t&AOk-/cur/1.a", MAILDIR_MESSAGE, "Maildir", ".&AOk-t&AOk-", "1.a" },
		{ "home/.mail/cur/1.a", MAILDIR_MESSAGE, "home", ".mail", "1.a" },
		{ "Maildir/cur/dovecot-uidlist", MAILDIR_MESSAGE, "Maildir", "", "dovecot-uidlist" },
		{ "Maildir/cur/-rf", MAILDIR_MESSAGE, "Maildir", "", "-rf" },
		{ "Maildir/cur/cur/1.a", MAILDIR_BAD_MESSAGE, "Maildir/cur", "", "1.a" },
		{ "cur/cur", MAILDIR_MESSAGE, "", "", "cur" },
		{ "cur/1.a!2,FS", MAILDIR_MESSAGE, "", "", "1.a:2,FS" },
		{ "cur/1.a;2,", MAILDIR_MESSAGE, "", "", "1.a:2," },
		{ "cur/1.a!2,b;2,S", MAILDIR_MESSAGE, "", "", "1.a!2,b:2,S" },
		{ "cur/1.a;2,b.c", MAILDIR_MESSAGE, "", "", "1.a;2,b.c" },
		{ "cur/1.a;2,S:2,F", MAILDIR_MESSAGE, "", "", "1.a;2,S:2,F" },
		{ "Maildir/.~/x/cur/1.a", MAILDIR_MESSAGE, "Maildir/.~/x", "", "1.a" },
		{ "Mail \xe9\xff/cur/1.a", MAILDIR_MESSAGE, "Mail \xe9\xff", "", "1.a" },
		{ "tmp/1.a", MAILDIR_LEFTOVER, "", "", "1.a" },
		{ "Maildir/.Sent/tmp/\x1b[2J", MAILDIR_LEFTOVER, "Maildir", ".Sent", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(&rows[i]);
	CLEAN(maildir_place) struct maildir_place p;
	maildir_judge("new/1.a", &p);
	assert_true(p.is_new);
}

static void bad_messages(void **state)
{
	static const char *const paths[] = {
		"Maildir/cur/a\nb:2,S", "Maildir/cur/\x1b[2J:2,S", "Maildir/cur/a ", "Maildir/cur/a\tb", "Maildir/cur/\xff\xfe:2,S",
		"Maildir/cur/\xc3\xa9:2,S", "Maildir/cur/e\xcc\x81:2,S", "Maildir/new/a\xe2\x80\xae" "fdp.exe", "Maildir/cur/.hidden",
		"Maildir/cur/...", "Maildir/cur/:2,S", "Maildir/cur/\x7f", "Mail\ndir/cur/1.a", "a\x7f/new/1.a", "Maildir/.a\nb/cur/1.a",
		"Maildir/.a..b/cur/1.a", "Maildir/..a/cur/1.a", "Maildir/.a./cur/1.a", "Maildir/.../cur/1.a", "Maildir/.&AOk/cur/1.a",
		"Maildir/.caf\xc3\xa9/cur/1.a", "Maildir/.a\xe2\x80\xae" "b/cur/1.a", "Maildir/.&AEE-/cur/1.a", "Maildir/.~a/cur/1.a",
		"Maildir/.INBOX/cur/1.a", "Maildir/.inbox/cur/1.a",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++)
		check_row(&(struct row){ .path = paths[i], .kind = MAILDIR_BAD_MESSAGE });
}

static void hostile_paths(void **state)
{
	static const char *const paths[] = { "/", "//", "/etc/passwd", "/cur/1.a", "..", "../x", "x/..", "a/../../b", "./../cur/1.a",
		"Maildir/cur/..", "Maildir/cur/../1.a", ".Sent/sieve/..", "..//cur/1.a", "a\n/../b" };

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++)
		check_row(&(struct row){ .path = paths[i], .kind = MAILDIR_HOSTILE });
}

static void files(void **state)
{
	static const struct row rows[] = {
		{ "dovecot-uidlist", MAILDIR_UIDLIST, "", "", NULL },
		{ "Maildir/dovecot-uidlist", MAILDIR_UIDLIST, "Maildir", "", NULL },
		{ "Maildir/.Sent/dovecot-uidlist", MAILDIR_UIDLIST, "Maildir", ".Sent", NULL },
		{ ".Sent/dovecot-keywords", MAILDIR_KEYWORDS, "", ".Sent", NULL },
		{ "Maildir/subscriptions", MAILDIR_SUBSCRIPTIONS, "Maildir", "", NULL },
		{ "a/b/courierimapsubscribed", MAILDIR_COURIER_SUBSCRIPTIONS, "a/b", "", NULL },
		{ "Maildir/.dovecot.sieve", MAILDIR_SIEVE_ACTIVE, "Maildir", "", NULL },
		{ "Maildir/sieve/.dovecot.sieve", MAILDIR_SIEVE_ACTIVE, "Maildir", "", NULL },
		{ "sieve/roundcube.sieve", MAILDIR_SIEVE, "", "", "roundcube.sieve" },
		{ "x/sieve/\xc3\xa9t\xc3\xa9 2.sieve", MAILDIR_SIEVE, "x", "", "\xc3\xa9t\xc3\xa9 2.sieve" },
		{ "x/sieve/a.svbin", MAILDIR_CACHE, "x", "", NULL },
		{ "x/.dovecot.svbin", MAILDIR_CACHE, "x", "", NULL },
		{ "x/dovecot.index.cache", MAILDIR_CACHE, "x", "", NULL },
		{ "x/.Sent/dovecot.index.log.2", MAILDIR_CACHE, "x", ".Sent", NULL },
		{ "dovecot-uidvalidity.5bf1a8c0", MAILDIR_CACHE, "", "", NULL },
		{ "dovecot.mailbox.log", MAILDIR_CACHE, "", "", NULL },
		{ "maildirsize", MAILDIR_CACHE, "", "", NULL },
		{ ".Sent/maildirfolder", MAILDIR_CACHE, "", ".Sent", NULL },
		{ "dovecot-acl-list", MAILDIR_CACHE, "", "", NULL },
		{ "dovecot.list.index.log", MAILDIR_CACHE, "", "", NULL },
		{ ".Sent/courierimapuiddb", MAILDIR_CACHE, "", ".Sent", NULL },
		{ ".dovecot.lda-dupes", MAILDIR_CACHE, "", "", NULL },
		{ "dovecot.sieve.log", MAILDIR_CACHE, "", "", NULL },
		{ "Maildir/cur", MAILDIR_DIRECTORY, "Maildir", "", NULL },
		{ "Maildir/.Sent/tmp/", MAILDIR_DIRECTORY, "Maildir", ".Sent", NULL },
		{ "Maildir/.Sent/", MAILDIR_DIRECTORY, NULL, NULL, NULL },
		{ ".Sent", MAILDIR_DIRECTORY, NULL, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(&rows[i]);
}

static void others(void **state)
{
	static const char *const paths[] = { "", ".", "./", "././/", "Maildir", "a/b/c", "etc/passwd", "cur.", "curious/1.a", "Cur/1.a",
		".Sent/subscriptions", ".Sent/.dovecot.sieve", ".Sent/sieve/a.sieve", "sieve/a.txt", "sieve/.a.sieve", "sieve/.sieve",
		"sieve/a\n.sieve", "sieve/\xc2\x85.sieve", "sieve/\xff.sieve", "sieve/a\xe2\x80\xae.sieve", "sieve/tmp/a.sieve",
		"a/sieve/b/c.sieve", "Mail\ndir/dovecot-uidlist", "Mail\x1b/subscriptions", "Mail\ndir/sieve/a.sieve",
		".a..b/dovecot-uidlist", ".&AOk/dovecot-keywords", "dovecot-uidlist/x" };

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++)
		check_row(&(struct row){ .path = paths[i], .kind = MAILDIR_OTHER });
}

static char *repeated(const char *before, const char *s, size_t n, const char *after)
{
	struct bytes b = { 0 };

	bytes_add_text(&b, before);
	while (n--)
		bytes_add_text(&b, s);
	bytes_add_text(&b, after);
	return b.data;
}

static void long_paths(void **state)
{
	static const struct {
		const char *before, *s;
		size_t n;
		const char *after;
		enum maildir_kind kind;
	} rows[] = {
		{ "cur/", "x", 255, "", MAILDIR_MESSAGE },
		{ "cur/", "x", 256, "", MAILDIR_BAD_MESSAGE },
		{ "cur/", "x", 300, ":2,S", MAILDIR_BAD_MESSAGE },
		{ "new/", "x", 1000000, "", MAILDIR_BAD_MESSAGE },
		{ ".", "f", 254, "/cur/1.a", MAILDIR_MESSAGE },
		{ ".", "f", 255, "/cur/1.a", MAILDIR_BAD_MESSAGE },
		{ "", "d/", 20, "cur/1.a", MAILDIR_MESSAGE },
		{ "", "d/", 2100, "cur/1.a", MAILDIR_BAD_MESSAGE },
		{ "", "d/", 2100, "dovecot-uidlist", MAILDIR_OTHER },
		{ "", "cur/", 2100, "1.a", MAILDIR_BAD_MESSAGE },
		{ "", "./", 500000, "cur/1.a", MAILDIR_MESSAGE },
		{ "a", "/", 500000, "cur/1.a", MAILDIR_MESSAGE },
		{ "", "a/", 500000, "../cur/1.a", MAILDIR_HOSTILE },
		{ "x", "y", 4096, "/cur/1.a", MAILDIR_MESSAGE },
		{ "sieve/", "x", 249, ".sieve", MAILDIR_SIEVE },
		{ "sieve/", "x", 250, ".sieve", MAILDIR_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEAN(free) char *path = repeated(rows[i].before, rows[i].s, rows[i].n, rows[i].after);

		check_row(&(struct row){ .path = path, .kind = rows[i].kind });
	}
}

#define BIT(letter) ((letter) == 'D' ? 1U << 26 : (letter) == 'F' ? 1U << 27 : (letter) == 'P' ? 1U << 28 : (letter) == 'R' ? 1U << 29 : \
	(letter) == 'S' ? 1U << 30 : (letter) == 'T' ? 1U << 31 : 1U << ((letter) - 'a'))

static void names(void **state)
{
	static const struct {
		const char *name, *made; /* made: NULL where the name is not odd */
		uint32_t flags;
		uint64_t size;
		bool sized;
	} rows[] = {
		{ "1.a", NULL, 0, 0, false },
		{ "1.a:2,", NULL, 0, 0, false },
		{ "1.a:2,S", NULL, BIT('S'), 0, false },
		{ "1.a:2,DFPRSTaz", NULL, BIT('D') | BIT('F') | BIT('P') | BIT('R') | BIT('S') | BIT('T') | BIT('a') | BIT('z'), 0, false },
		{ "1.a:2,SF", "1.a:2,FS", BIT('S') | BIT('F'), 0, false },
		{ "1.a:2,aS", "1.a:2,Sa", BIT('S') | BIT('a'), 0, false },
		{ "1.a:2,SS", "1.a:2,S", BIT('S'), 0, false },
		{ "1.a:2,ZZ", "1.a:2,", 0, 0, false },
		{ "1.a:2,0S", "1.a:2,S", BIT('S'), 0, false },
		{ "1.a:2,S,abc", "1.a:2,S", BIT('S'), 0, false },
		{ "1.a:2,S,", "1.a:2,S", BIT('S'), 0, false },
		{ "1.a:1,S", "1.a", 0, 0, false },
		{ "1.a:1,", "1.a", 0, 0, false },
		{ "1.a:", "1.a", 0, 0, false },
		{ "1.a:2", "1.a", 0, 0, false },
		{ "1.a:3,S", "1.a", 0, 0, false },
		{ "1.a,S=1234:2,S", NULL, BIT('S'), 1234, true },
		{ "1.a,S=1234,W=1300", NULL, 0, 1234, true },
		{ "1.a,W=1300,S=0", NULL, 0, 0, true },
		{ "1.a,S=12x", NULL, 0, 0, false },
		{ "1.a,S=x,S=5", NULL, 0, 0, false },
		{ "1.a,s=5", NULL, 0, 0, false },
		{ "1.a:2,S=5", "1.a:2,S", BIT('S'), 0, false },
		{ "1.a,S=18446744073709551615", NULL, 0, UINT64_MAX, true },
		{ "1.a,S=18446744073709551616", NULL, 0, UINT64_MAX, true },
		{ "1.a,S=99999999999999999999999", NULL, 0, UINT64_MAX, true },
		{ "-rf", NULL, 0, 0, false },
		{ "~", NULL, 0, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEAN(bytes) struct bytes made = { 0 };
		struct maildir_name n;
		const char *fault = maildir_name_read(rows[i].name, &n);

		if (fault)
			fail_msg("%s: %s", rows[i].name, fault);
		maildir_name_make(&made, rows[i].name, n.base, n.info, n.flags);
		assert_string_equal(made.data, rows[i].made ? rows[i].made : rows[i].name);
		if (n.odd != (rows[i].made != NULL))
			fail_msg("%s: odd is %d", rows[i].name, n.odd);
		assert_true(n.flags == rows[i].flags);
		assert_int_equal(n.sized, rows[i].sized);
		assert_true(n.size == rows[i].size);
	}
}

static void names_of_no_message(void **state)
{
	static const char *const bad[] = { "", ".", "..", ".a", "a b", " a", "a ", "a\n", "a/b", "/", ":2,S", ":", "a\x7f", "\xe9",
		"\xc3\xa9", "a:2,\x01", "a:2, S", "a\r" };
	CLEAN(free) char *longest = repeated("", "x", 255, ""), *longer = repeated("", "x", 256, "");
	struct maildir_name n;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (!maildir_name_read(bad[i], &n))
			fail_msg("\"%s\" is taken for a message", bad[i]);
	assert_null(maildir_name_read(longest, &n));
	assert_non_null(maildir_name_read(longer, &n));
	for (int c = 1; c < 256; c++) {
		char name[] = { 'a', (char)c, '\0' };

		assert_int_equal(maildir_name_read(name, &n) == NULL, c > ' ' && c < 0x7f && c != '/');
	}
}

/* What is left is a name that no program hides, and has no size of its own. */
static void bases_without_sizes(void **state)
{
	static const char *const rows[][2] = {
		{ "1.a,S=5", "1.a" },	      { "1.a,S=5,W=6", "1.a" },	      { "1.a,W=6,S=5.x", "1.a.x" }, { "1.a", "1.a" },
		{ "1.a,X=5", "1.a,X=5" },     { "1.a,S=", "1.a" },	      { ",S=5", "0" },		    { ",S=5.x", "0.x" },
		{ "1.a,S,S=1=5", "1.a" },     { "1.a,S=5,U=7,W=8", "1.a,U=7" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEAN(bytes) struct bytes b = { 0 };
		struct maildir_name n;

		bytes_add(&b, "<", 1);
		maildir_base_without_sizes(&b, rows[i][0], strlen(rows[i][0]));
		assert_string_equal(b.data + 1, rows[i][1]);
		assert_null(maildir_name_read(b.data + 1, &n));
		assert_false(n.sized);
	}
	CLEAN(bytes) struct bytes part = { 0 };
	maildir_base_without_sizes(&part, "1.a,S=5:2,S", 7);
	assert_string_equal(part.data, "1.a");
}

static void folders(void **state)
{
	static const char *const good[] = { ".Sent", ".a.b.c", ".&AOk-t&AOk-", ".a&-b", ".a b", ".-rf", ".a.~b", ".INBOX.Sent", ".cur",
		".a-&AOk-", ".&2D3cAQ-" };
	static const char *const bad[] = { "", ".", "..", "Sent", "..Sent", ".Sent.", ".a..b", ".a/b", "./", ".a\n", ".\x1b[31m", ".\x7f",
		".caf\xc3\xa9", ".caf\xe9", ".&AOk", ".&", ".&AO-", ".&AEE-", ".&2D0-", ".&AOk=-", ".&AC8-", ".~", ".~a", ".INBOX",
		".Inbox" };
	CLEAN(free) char *longest = repeated(".", "x", 254, ""), *longer = repeated(".", "x", 255, "");

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		if (maildir_folder_fault(good[i]))
			fail_msg("%s: %s", good[i], maildir_folder_fault(good[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		if (!maildir_folder_fault(bad[i]))
			fail_msg("\"%s\" is taken for a folder", bad[i]);
	assert_null(maildir_folder_fault(longest));
	assert_non_null(maildir_folder_fault(longer));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages),
		cmocka_unit_test(bad_messages),
		cmocka_unit_test(hostile_paths),
		cmocka_unit_test(files),
		cmocka_unit_test(others),
		cmocka_unit_test(long_paths),
		cmocka_unit_test(names),
		cmocka_unit_test(names_of_no_message),
		cmocka_unit_test(bases_without_sizes),
		cmocka_unit_test(folders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
