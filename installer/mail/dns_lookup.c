#include "base/clock.h"
#include "base/i18n.h"
#include "mail/dns.h"
#include "mail/dns_rdata.h"

#include <poll.h>
#include <unbound.h>

#define RESOLV_CONF "/etc/resolv.conf"

enum { RCODE_NOERROR = 0, RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3, RCODE_REFUSED = 5 };

/* Without one, libunbound would ask 127.0.0.1. */
static bool has_nameserver(const char *path)
{
	CLEAN(fclose) FILE *f = fopen(path, "re");
	char line[512];

	for (unsigned n = 0; f && n < 1000 && fgets(line, sizeof(line), f); n++) {
		const char *word = line + strspn(line, " \t");

		if (starts_with(word, "nameserver") && (word[10] == ' ' || word[10] == '\t'))
			return true;
	}
	return false;
}

/* A resolver that passes everything on, whatever the name: libunbound answers for .test and for private
 * addresses itself otherwise. */
static const char *configure(struct ub_ctx *ctx, const char *server)
{
	static const char *const options[][2] = {
		{ "do-not-query-localhost:", "no" },
		{ "unblock-lan-zones:", "yes" },
		{ "insecure-lan-zones:", "yes" },
		{ "module-config:", "iterator" },
	};
	/* The library's own empty zones. */
	static const char *const zones[] = { "test.", "invalid.", "onion.", "home.arpa." };

	if (!server && !has_nameserver(RESOLV_CONF))
		return _("no resolver in /etc/resolv.conf");
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (ub_ctx_set_option(ctx, options[i][0], options[i][1]))
			return _("the resolver library refuses its options");
	if (server ? ub_ctx_set_fwd(ctx, server) : ub_ctx_resolvconf(ctx, RESOLV_CONF))
		return server ? _("the DNS server's address is malformed") : _("cannot read /etc/resolv.conf");
	/* A thread, not a child process: the caller's own children stay its only ones. */
	if (ub_ctx_async(ctx, 1))
		return _("the resolver library refuses its options");
	/* Last: this ends the configuration. */
	for (size_t i = 0; i < sizeof(zones) / sizeof(*zones); i++)
		if (ub_ctx_zone_add(ctx, zones[i], "nodefault"))
			return _("the resolver library refuses its options");
	return NULL;
}

struct resolver {
	struct ub_ctx *context; /* NULL: reason says why there is none */
	const char *reason;
	double end; /* of clock_now() */
};

/* A question on its way. */
struct asked {
	struct dns_question *question;
	const struct dns_type *type;
	int id;
	bool running, done;
};

static void judge(struct asked *a, const struct ub_result *result)
{
	struct dns_question *q = a->question;
	size_t before = q->answers.n;

	if (result->havedata) {
		for (size_t i = 0; result->data[i]; i++) {
			struct dns_rdata rdata = { (const unsigned char *)result->data[i],
				(size_t)result->len[i] };

			if (result->len[i] >= 0)
				a->type->add(rdata, &q->answers);
		}
		bool usable = q->answers.n > before;
		q->state = usable ? DNS_FOUND : DNS_UNKNOWN;
		q->reason = usable ? NULL : _("the answer is malformed");
		return;
	}
	switch (result->rcode) {
	case RCODE_NOERROR:
	case RCODE_NXDOMAIN:
		q->state = DNS_NONE;
		q->reason = NULL;
		return;
	case RCODE_SERVFAIL:
		q->reason = _("the resolver gave no answer (SERVFAIL)");
		return;
	case RCODE_REFUSED:
		q->reason = _("the resolver refused the question (REFUSED)");
		return;
	default:
		q->reason = _("the resolver answered with an error");
	}
}

static void on_answer(void *context, int status, struct ub_result *result)
{
	struct asked *a = context;

	a->done = true;
	if (status)
		a->question->reason = ub_strerror(status);
	else
		judge(a, result);
	ub_resolve_free(result);
}

struct resolver *resolver_open(const char *server, unsigned seconds)
{
	struct resolver *r = allocate(sizeof(*r));

	r->end = clock_now() + seconds;
	r->context = ub_ctx_create();
	r->reason = r->context ? configure(r->context, server) : _("the resolver library does not start");
	return r;
}

void resolver_close(struct resolver *r)
{
	if (r && r->context)
		ub_ctx_delete(r->context);
	free(r);
}

/* The name to ask for: an address is turned into its name beneath in-addr.arpa or ip6.arpa. */
static char *wire_name(const char *name, const struct dns_type *type)
{
	return type->number == DNS_PTR ? dns_reverse_name(name) : text_copy(name);
}

static void begin(struct resolver *r, struct asked *a)
{
	struct dns_question *q = a->question;
	CLEAN(free) char *name = NULL;

	q->state = DNS_UNKNOWN;
	q->reason = r->reason;
	a->type = dns_type_find(q->type);
	if (!a->type)
		q->reason = _("this type of record is not supported");
	else if (!(name = wire_name(q->name, a->type)))
		q->reason = _("this is not an IP address");
	if (q->reason)
		return;
	q->reason = _("no answer in time");
	int status = ub_resolve_async(r->context, name, a->type->number, DNS_CLASS_IN, a, on_answer, &a->id);
	a->running = !status;
	if (status)
		q->reason = ub_strerror(status);
}

static bool any_running(const struct asked *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].running && !v[i].done)
			return true;
	return false;
}

void resolver_ask(struct resolver *r, struct dns_question *questions, size_t n)
{
	CLEAN(free) struct asked *v = allocate(n * sizeof(*v));
	int left;

	for (size_t i = 0; i < n; i++) {
		v[i].question = &questions[i];
		begin(r, &v[i]);
	}
	while (any_running(v, n) && (left = clock_left(r->end)) > 0) {
		struct pollfd p = { .fd = ub_fd(r->context), .events = POLLIN };

		if (poll(&p, 1, left) > 0 && ub_process(r->context))
			break;
	}
	for (size_t i = 0; i < n; i++)
		if (v[i].running && !v[i].done)
			ub_cancel(r->context, v[i].id);
}

enum dns_state resolver_lookup(struct resolver *r, const char *name, const char *type, struct list *ret, const char **ret_reason)
{
	struct dns_question q = { .name = name, .type = type };

	resolver_ask(r, &q, 1);
	for (size_t i = 0; i < q.answers.n; i++)
		list_add(ret, q.answers.v[i]);
	list_free(&q.answers);
	if (ret_reason)
		*ret_reason = q.reason;
	return q.state;
}

enum dns_state dns_lookup(const char *server, const char *name, const char *type, unsigned timeout, struct list *ret,
	const char **ret_reason)
{
	CLEAN(resolver_close) struct resolver *r = resolver_open(server, timeout);

	return resolver_lookup(r, name, type, ret, ret_reason);
}
