#include "checks/ask.h"

static struct error *ask(const struct check_context *c, const char *command, int *ret_code, char **ret_reply)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	CLEAN(list) struct list lines = { 0 };

	TRY(ask_smtp(c, c->outside->server_ipv4, 25, &d, NULL));
	TRY(dialogue_ask(d, ret_code, &lines, "%s postmaster@%s", command, c->params->domain));
	*ret_reply = text_copy(lines.n ? lines.v[0] : "nothing");
	return NULL;
}

static void run(const struct check_context *c, struct finding *f)
{
	static const char *const commands[] = { "VRFY", "EXPN" };
	CLEAN(free) char *reply = NULL;
	int code;

	for (size_t i = 0; i < 2; i++) {
		free(TAKE(reply));
		if (finding_error(f, ask(c, commands[i], &code, &reply), ASK_LOGS))
			return;
		/* 500 to 504: no such command. 250, 252 and 550 each tell something about the address. */
		if (code < 500 || code > 504) {
			finding_failed(f, "postconf disable_vrfy_command; mailsetup status",
				"%s is answered with %s", commands[i], reply);
			return;
		}
	}
	finding_ok(f, "VRFY and EXPN are refused: %s", reply);
}

const struct check check_vrfy = {
	.name = "vrfy",
	.title = N_("A stranger cannot ask which addresses exist"),
	.outside = true,
	.timeout = 40,
	.run = run,
};
