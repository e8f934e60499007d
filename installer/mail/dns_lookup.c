#include "mail/dns.h"
#include "mail/dns_rdata.h"

#include <poll.h>
#include <time.h>
#include <unbound.h>

#define RESOLV_CONF "/etc/resolv.conf"

enum { RCODE_NOERROR = 0, RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3, RCODE_REFUSED = 5 };

DEFINE_CLEANUP(struct ub_ctx *, ub_ctx_delete)

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
		return "no resolver in " RESOLV_CONF;
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (ub_ctx_set_option(ctx, options[i][0], options[i][1]))
			return "the resolver library refuses its options";
	if (server ? ub_ctx_set_fwd(ctx, server) : ub_ctx_resolvconf(ctx, RESOLV_CONF))
		return server ? "the DNS server's address is malformed" : "cannot read " RESOLV_CONF;
	/* A thread, not a child process: the caller's own children stay its only ones. */
	if (ub_ctx_async(ctx, 1))
		return "the resolver library refuses its options";
	/* Last: this ends the configuration. */
	for (size_t i = 0; i < sizeof(zones) / sizeof(*zones); i++)
		if (ub_ctx_zone_add(ctx, zones[i], "nodefault"))
			return "the resolver library refuses its options";
	return NULL;
}

struct answer {
	const struct dns_type *type;
	struct list *texts;
	enum dns_state state;
	const char *reason;
	bool done;
};

static void judge(struct answer *a, const struct ub_result *result)
{
	size_t before = a->texts->n;

	if (result->havedata) {
		for (size_t i = 0; result->data[i]; i++) {
			struct dns_rdata rdata = { (const unsigned char *)result->data[i],
				(size_t)result->len[i] };

			if (result->len[i] >= 0)
				a->type->add(rdata, a->texts);
		}
		bool usable = a->texts->n > before;
		a->state = usable ? DNS_FOUND : DNS_UNKNOWN;
		a->reason = usable ? NULL : "the answer is malformed";
		return;
	}
	switch (result->rcode) {
	case RCODE_NOERROR:
	case RCODE_NXDOMAIN:
		a->state = DNS_NONE;
		a->reason = NULL;
		return;
	case RCODE_SERVFAIL:
		a->reason = "the resolver gave no answer (SERVFAIL)";
		return;
	case RCODE_REFUSED:
		a->reason = "the resolver refused the question (REFUSED)";
		return;
	default:
		a->reason = "the resolver answered with an error";
	}
}

static void on_answer(void *context, int status, struct ub_result *result)
{
	struct answer *a = context;

	a->done = true;
	if (status)
		a->reason = ub_strerror(status);
	else
		judge(a, result);
	ub_resolve_free(result);
}

static int64_t now_milliseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void wait_for(struct ub_ctx *ctx, struct answer *a, unsigned timeout)
{
	int64_t end = now_milliseconds() + (int64_t)timeout * 1000, left;
	struct pollfd p = { .fd = ub_fd(ctx), .events = POLLIN };

	while (!a->done && (left = end - now_milliseconds()) > 0)
		if (poll(&p, 1, (int)left) > 0 && ub_process(ctx))
			return;
}

/* The name to ask for: an address is turned into its name beneath in-addr.arpa or ip6.arpa. */
static char *question(const char *name, const struct dns_type *type)
{
	return type->number == DNS_PTR ? dns_reverse_name(name) : text_copy(name);
}

enum dns_state dns_lookup(const char *server, const char *name, const char *type_name, unsigned timeout,
	struct list *ret, const char **ret_reason)
{
	CLEAN(ub_ctx_delete) struct ub_ctx *ctx = NULL;
	CLEAN(free) char *asked = NULL;
	const struct dns_type *type = dns_type_find(type_name);
	struct answer a = { .type = type, .texts = ret, .state = DNS_UNKNOWN };
	int id;

	if (!type)
		a.reason = "this type of record is not supported";
	else if (!(asked = question(name, type)))
		a.reason = "this is not an IP address";
	else if (!(ctx = ub_ctx_create()))
		a.reason = "the resolver library does not start";
	else if (!(a.reason = configure(ctx, server))) {
		a.reason = "no answer in time";
		int status = ub_resolve_async(ctx, asked, type->number, DNS_CLASS_IN, &a, on_answer, &id);
		if (status)
			a.reason = ub_strerror(status);
		else
			wait_for(ctx, &a, timeout);
		if (!status && !a.done)
			ub_cancel(ctx, id);
	}
	if (ret_reason)
		*ret_reason = a.reason;
	return a.state;
}
