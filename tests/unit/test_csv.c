/* CSV as programs and spreadsheets write it. */
#include "tests/unit/unit.h"

#include "cli/csv.h"

static void parse(const char *s, size_t size, struct bytes *data, struct csv *ret)
{
	bytes_add(data, s, size);
	csv_parse(data, ret);
}

/* Rows as line:field|field, "!" where the form is wrong. */
static void expect(const char *in, size_t size, const char *out)
{
	CLEAN(bytes) struct bytes data = { 0 };
	CLEAN(bytes) struct bytes got = { 0 };
	CLEAN(csv) struct csv table;

	parse(in, size, &data, &table);
	bytes_add_text(&got, "");
	for (size_t i = 0; i < table.n; i++) {
		const struct csv_row *row = &table.rows[i];

		bytes_printf(&got, "%u%s", row->line, row->problem ? "!" : ":");
		for (size_t k = 0; !row->problem && k < row->n; k++)
			bytes_printf(&got, "%s%s", k ? "|" : "", row->fields[k]);
		bytes_add_text(&got, "\n");
	}
	assert_string_equal(got.data, out);
}
#define EXPECT(in, out) expect(in, sizeof(in) - 1, out)

static void shapes(void **state)
{
	(void)state;
	EXPECT("", "");
	EXPECT("a", "1:a\n");
	EXPECT("a,b\n1,2\n", "1:a|b\n2:1|2\n");
	EXPECT("a,b\r\n1,2\r\n", "1:a|b\n2:1|2\n");
	EXPECT("a,b\n1,2", "1:a|b\n2:1|2\n");
	EXPECT("a,b\n,\n", "1:a|b\n2:|\n");
	EXPECT("a,b\n\n\n1,\n", "1:a|b\n4:1|\n");
	EXPECT("\xef\xbb\xbf" "a,b\n", "1:a|b\n");
	EXPECT("\xef\xbb\xbf", "");
	EXPECT("a\rb\n", "1:a\rb\n");
}

static void separators(void **state)
{
	(void)state;
	EXPECT("a;b\n1,5;2\n", "1:a|b\n2:1,5|2\n");
	EXPECT("a\tb\n1;x\t2\n", "1:a|b\n2:1;x|2\n");
	EXPECT("\"a;x\",b\n1,2\n", "1:a;x|b\n2:1|2\n");
	EXPECT("a\n1;2\n", "1:a\n2:1;2\n"); /* one column: nothing separates */
}

static void quotes(void **state)
{
	(void)state;
	EXPECT("a,b\n\"x,y\",\"say \"\"hi\"\"\"\n", "1:a|b\n2:x,y|say \"hi\"\n");
	EXPECT("a,b\n\"two\nlines\",2\nx,y\n", "1:a|b\n2:two\nlines|2\n4:x|y\n");
	EXPECT("a,b\n\"\",\"\"\n", "1:a|b\n2:|\n");
	EXPECT("\"a\"\r\n\"b\"\r\n", "1:a\n2:b\n");
	EXPECT("a\n\"\"\n", "1:a\n"); /* nothing in it, quoted or not */
}

/* Only the row that is wrong is lost, where one can tell. */
static void wrong(void **state)
{
	(void)state;
	EXPECT("a,b\n\"x\"y,2\n1,2\n", "1:a|b\n2!\n3:1|2\n");
	EXPECT("a,b\nx\"y,2\n1,2\n", "1:a|b\n2!\n3:1|2\n");
	EXPECT("a,b\n\"never closed,2\n1,2\n", "1:a|b\n2!\n");
	EXPECT("a,b\n\xe9t\xe9,2\n1,2\n", "1:a|b\n2!\n3:1|2\n");
	EXPECT("a,b\nx\0y,2\n1,2\n", "1:a|b\n2!\n3:1|2\n");
	EXPECT("\"", "1!\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shapes),
		cmocka_unit_test(separators),
		cmocka_unit_test(quotes),
		cmocka_unit_test(wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
