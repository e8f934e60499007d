#include "checks/ask.h"
#include "checks/tally.h"

static const struct port {
	unsigned number;
	bool tls;
	const char *greeting;
	const char *unit;
} ports[] = {
	{ 25, false, "220 ", "postfix" },
	{ 465, true, "220 ", "postfix" },
	{ 587, false, "220 ", "postfix" },
	{ 143, false, "* OK", "dovecot" },
	{ 993, true, "* OK", "dovecot" },
	{ 4190, false, "\"IMPLEMENTATION\"", "dovecot" },
};

static struct error *ask(const struct check_context *c, const char *address, const struct port *port)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	CLEAN(free) char *line = NULL;

	TRY(ask_open(c, address, port->number, &d));
	if (port->tls)
		TRY(dialogue_start_tls(d, c->params->hostname, 0, 0, NULL));
	TRY(dialogue_line(d, &line));
	if (!starts_with(line, port->greeting))
		return fail(ERR_STOPPED, "port %u greets with %s", port->number, line);
	return NULL;
}

static void ask_all(const struct check_context *c, const char *address, const char *family, struct finding *f)
{
	CLEAN(tally) struct tally t = { 0 };
	CLEAN(bytes) struct bytes good = { 0 };

	for (size_t i = 0; i < sizeof(ports) / sizeof(*ports); i++) {
		CLEAN(free)
		char *remedy = text("ss -ltnp 'sport = %u'; systemctl restart %s; nft list ruleset",
			ports[i].number, ports[i].unit);

		if (!tally_error(&t, ask(c, address, &ports[i]), remedy, NULL))
			bytes_printf(&good, "%u ", ports[i].number);
	}
	tally_ok(&t, "%sgreet a stranger over %s", bytes_text(&good), family);
	tally_finding(&t, f);
}

static void run_ipv4(const struct check_context *c, struct finding *f)
{
	ask_all(c, c->outside->server_ipv4, "IPv4", f);
}

static void run_ipv6(const struct check_context *c, struct finding *f)
{
	if (*c->outside->server_ipv6)
		ask_all(c, c->outside->server_ipv6, "IPv6", f);
	else
		finding_unknown(f, "", "this machine has no IPv6");
}

const struct check check_ports = {
	.name = "ports",
	.title = N_("All ports greet from outside over IPv4"),
	.outside = true,
	.timeout = 40,
	.run = run_ipv4,
};

const struct check check_ports_ipv6 = {
	.name = "ports-ipv6",
	.title = N_("All ports greet from outside over IPv6"),
	.outside = true,
	.timeout = 40,
	.run = run_ipv6,
};
