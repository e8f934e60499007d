#include "tests/unit/unit.h"

#include "ensure/asset.h"

static const struct variable two[] = { { "NAME", "mail" }, { "OTHER", "$x @@" }, { NULL, NULL } };

static void rendered(const char *source, const struct variable *variables, const char *expected)
{
	CLEAN(bytes) struct bytes b = { 0 };
	struct error *e = template_render("test", source, strlen(source), variables, &b);

	assert_null(e);
	assert_string_equal(bytes_text(&b), expected);
}

static void refused(const char *source, const struct variable *variables, const char *words)
{
	CLEAN(bytes) struct bytes b = { 0 };
	struct error *e = template_render("test", source, strlen(source), variables, &b);

	assert_non_null(e);
	assert_non_null(strstr(error_message(e), words));
	error_free(e);
}

static void templates(void **state)
{
	(void)state;
	rendered("", NULL, "");
	rendered("plain $a ${b} @one %s", NULL, "plain $a ${b} @one %s");
	/* A value is never looked at again. */
	rendered("@@NAME@@.@@OTHER@@", two, "mail.$x @@");
	rendered("@@NAME@@@@OTHER@@@@NAME@@", two, "mail$x @@mail");
}

static void template_faults(void **state)
{
	(void)state;
	refused("@@NAME@@", two, "does not use the variable OTHER");
	refused("@@NAME@@ @@OTHER@@ @@MORE@@", two, "unknown variable: @@MORE@@");
	refused("@@NAME@@ @@OTHER@@ @@", two, "unknown variable");
	refused("@@NAME@@ @@OTHER@@ @@NAME", two, "unknown variable");
	refused("@@name@@", NULL, "unknown variable");
}

static void embedded(void **state)
{
	CLEAN(bytes) struct bytes b = { 0 };
	size_t count = 0;

	(void)state;
	for (const struct asset *a = assets; a->path; a++, count++) {
		assert_true(a->path[0] == '/');
		assert_true(a->end > a->data);
		assert_int_equal(*a->end, 0);
		assert_int_equal(a->end[-1], '\n');
		assert_false(ends_with(a->path, ".in"));
	}
	assert_true(count >= 20);
	assert_true(asset_find("/etc/postfix/main.cf")->is_template);
	assert_false(asset_find("/etc/postfix/header_checks")->is_template);
	assert_null(asset_find("/etc/passwd"));
	assert_null(asset_render("", "/etc/postfix/sqlite-alias.cf", NULL, &b));
	assert_non_null(strstr(b.data, "dbpath = /etc/postfix/bdd/postfix.sqlite"));
	struct error *e = asset_render("", "/etc/passwd", NULL, &b);
	assert_non_null(e);
	error_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(templates),
		cmocka_unit_test(template_faults),
		cmocka_unit_test(embedded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
