#include "cli/report.h"
#include "base/i18n.h"
#include "cli/json.h"

static void put_lines(
	const struct screen *s, const char *lines, const char *first, const char *others, enum style look)
{
	CLEAN(list) struct list all = { 0 };

	list_split(&all, lines, "\r\n");
	for (size_t i = 0; i < all.n; i++) {
		fprintf(s->talk, "%s%s", style(s->talk_color, look), i ? others : first);
		put_flow(s, s->talk, all.v[i], text_columns(first), text_columns(first));
		fputs(style(s->talk_color, PLAIN), s->talk);
	}
}

static void report_json(const struct cli *cli, const struct error *e)
{
	json_t *object = json_event("error");

	json_object_set_new(object, "code", json_integer((int)error_code(e)));
	json_set_text(object, "message", error_message(e));
	if (*error_detail(e))
		json_set_text(object, "detail", error_detail(e));
	json_set_text(object, "next", cli->next);
	json_write(cli->screen.out, object);
}

int report(const struct cli *cli, struct error *e)
{
	const struct screen *s = &cli->screen;
	int code = (int)error_code(e);

	if (!e)
		return ERR_OK;
	fflush(s->out);
	if (cli->json) {
		report_json(cli, e);
	} else {
		put_lines(s, error_message(e), "mailsetup: ", "           ", RED);
		put_lines(s, error_detail(e), "    ", "    ", DIM);
		if (cli->next)
			put_flow(s, s->talk, cli->next, 0, 0);
	}
	error_free(e);
	return code;
}
