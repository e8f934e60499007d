#include "checks/tally.h"
#include "host/local_socket.h"
#include "mail/layout.h"

static const struct {
	const char *what, *path, *request, *greeting;
} sockets[] = {
	{ N_("delivery"), POSTFIX_CHROOT "/private/dovecot-lmtp", "QUIT\r\n", "220 " },
	{ N_("passwords"), POSTFIX_CHROOT "/private/auth", "VERSION\t1\t1\n", "VERSION\t" },
};

static void run(const struct check_context *c, struct finding *f)
{
	CLEAN(tally) struct tally t = { 0 };

	(void)c;
	for (size_t i = 0; i < sizeof(sockets) / sizeof(*sockets); i++) {
		CLEAN(bytes) struct bytes request = { 0 }, reply = { 0 };
		static const char remedy[] = "systemctl restart dovecot; doveconf service/lmtp service/auth; mailsetup status";

		bytes_add_text(&request, sockets[i].request);
		if (tally_error(&t,
			    local_socket_ask(sockets[i].path, "postfix", &request, strlen(sockets[i].greeting), &reply),
			    remedy, "%s", translated(sockets[i].what)))
			continue;
		if (starts_with(reply.data, sockets[i].greeting))
			tally_ok(&t, "%s answers", sockets[i].path);
		else
			tally_failed(&t, remedy, "%s: %s greets with %s", translated(sockets[i].what), sockets[i].path, reply.data);
	}
	tally_finding(&t, f);
}

const struct check check_dovecot_sockets = {
	.name = "dovecot-sockets",
	.title = N_("Dovecot takes Postfix's deliveries and questions for passwords"),
	.base = true,
	.run = run,
};
