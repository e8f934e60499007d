#include "base/i18n.h"
#include "cli/dkim_keys.h"
#include "cli/json.h"
#include "cli/records.h"
#include "mail/dkim.h"

static const char *server;

struct shown_key {
	char *domain, *selector, *state, *dns;
	time_t stopped;
};

static struct error *describe(struct session *s, const char *domain, const struct list *keys, size_t i, size_t used, struct shown_key *ret)
{
	*ret = (struct shown_key){ .domain = text_copy(domain), .selector = text_copy(keys->v[i]) };
	TRY(dkim_stopped(s, domain, keys->v[i], &ret->stopped));
	ret->state = text_copy(i == 0 ? "signs" : i >= used ? "unused" : ret->stopped ? "old" : "new");
	return NULL;
}

static char *dns_word(struct session *s, const struct shown_key *key, const struct dns_question *q)
{
	CLEAN(free) char *own = NULL;
	bool same = false;
	struct error *e = dkim_read_record(s->host, key->domain, key->selector, &own);

	if (e) {
		error_free(e);
		return text_copy(N_("no key on disk"));
	}
	if (q->state == DNS_UNKNOWN)
		return text_copy(N_("unknown"));
	if (q->state == DNS_NONE)
		return text_copy(N_("missing"));
	error_free(dkim_same_key(q->answers.v[0], own, &same));
	return text_copy(same && q->answers.n == 1 ? N_("right") : N_("wrong"));
}

static void look_at_dns(struct session *s, struct shown_key *v, size_t n)
{
	CLEAN(resolver_close) struct resolver *r = resolver_open(server, DKIM_ASK_SECONDS);
	CLEAN(free) struct dns_question *questions = allocate((n + 1) * sizeof(*questions));
	CLEAN(list) struct list names = { 0 };

	for (size_t i = 0; i < n; i++)
		list_addf(&names, "%s._domainkey.%s", v[i].selector, v[i].domain);
	for (size_t i = 0; i < n; i++)
		questions[i] = (struct dns_question){ .name = names.v[i], .type = "TXT" };
	resolver_ask(r, questions, n);
	for (size_t i = 0; i < n; i++) {
		v[i].dns = dns_word(s, &v[i], &questions[i]);
		list_free(&questions[i].answers);
	}
}

static void put_keys(struct cli *cli, const struct shown_key *v, size_t n)
{
	json_t *keys = json_array();
	size_t width = text_columns(_("DOMAIN"));

	for (size_t i = 0; i < n; i++)
		width = strlen(v[i].domain) > width ? strlen(v[i].domain) : width;
	if (!cli->json) {
		put_padded(cli->screen.out, _("DOMAIN"), width + 2);
		put_padded(cli->screen.out, _("SELECTOR"), 18);
		put_padded(cli->screen.out, _("STATE"), 9);
		fprintf(cli->screen.out, "%s\n", _("DNS"));
	}
	for (size_t i = 0; i < n; i++) {
		CLEAN(free) char *since = v[i].stopped ? dkim_day(v[i].stopped) : NULL;
		bool old = strcmp(v[i].state, "old") == 0;

		if (!cli->json) {
			put_padded(cli->screen.out, v[i].domain, width + 2);
			fprintf(cli->screen.out, "%-17s %-8s %s", v[i].selector, v[i].state, translated(v[i].dns));
			if (old)
				fprintf(cli->screen.out, _(" (signed until %s)"), since ? since : "");
			fputc('\n', cli->screen.out);
			continue;
		}
		json_t *key = json_object();
		json_set_text(key, "domain", v[i].domain);
		json_set_text(key, "selector", v[i].selector);
		json_set_text(key, "state", v[i].state);
		json_set_text(key, "dns", v[i].dns);
		if (old && v[i].stopped)
			json_set_time(key, "signed_until", v[i].stopped);
		json_array_append_new(keys, key);
	}
	if (cli->json)
		json_write(cli->screen.out, json_pack("{s:O}", "keys", keys));
	json_decref(keys);
}

static struct error *list_run(struct cli *cli)
{
	CLEAN(session) struct session s = SESSION_CLOSED;
	CLEAN(list) struct list domains = { 0 };
	struct shown_key *v = NULL;
	struct error *e = NULL;
	size_t n = 0;

	if (server)
		TRY(records_check_server(server));
	TRY(session_open(cli, SESSION_QUERY, &s));
	if (!s.run.state || !cli->params.domain)
		return fail(ERR_PRECHECK, "nothing is installed here: `mailsetup install --domain DOMAIN` comes first");
	params_domains(&cli->params, &domains);
	for (size_t d = 0; d < domains.n && !e; d++) {
		CLEAN(list) struct list keys = { 0 };

		params_selectors(&cli->params, domains.v[d], &keys);
		size_t used = keys.n;
		e = dkim_unused_keys(&s, domains.v[d], &keys, &keys);
		for (size_t i = 0; i < keys.n && !e; i++) {
			v = reallocate(v, n + 1, sizeof(*v));
			e = describe(&s, domains.v[d], &keys, i, used, &v[n++]);
		}
	}
	if (!e) {
		look_at_dns(&s, v, n);
		put_keys(cli, v, n);
	}
	for (size_t i = 0; i < n; i++) {
		free(v[i].domain);
		free(v[i].selector);
		free(v[i].state);
		free(v[i].dns);
	}
	free(v);
	return e;
}

static const struct option_spec list_options[] = {
	{ "server", 0, N_("IP[@PORT]"), N_("the DNS server to ask (default: the machine's resolvers)"), NULL, &server, NULL },
	{ 0 },
};

const struct command dkim_list = {
	.name = "dkim list",
	.summary = N_("each domain's keys, and what the DNS has of them"),
	.help = PARAGRAPHS(
		N_("State: `signs`; `new`, which signs when `mailsetup dkim rotate` finds it in the DNS; `old`, which "
		   "has signed; `unused`, a key on disk that nothing names. DNS: right, missing, wrong (another key), "
		   "or unknown where there was no answer.")),
	.examples = "mailsetup dkim list",
	.flags = NEEDS_ROOT,
	.options = list_options,
	.run = list_run,
};
