#include "checks/ask.h"
#include "checks/mailbox.h"

#define REMEDY                                                                                               \
	"mailsetup verify --only maps; postconf smtpd_recipient_restrictions smtpd_sender_restrictions; "     \
	"mailsetup status"

/* The refusal must be the list's own: an unknown recipient would be refused anyway. */
static void judge(const struct check_context *c, const char *from, const char *to, const char *listed,
	struct finding *f)
{
	CLEAN(dialogue_close) struct dialogue *d = NULL;
	CLEAN(free) char *refusal = test_refusal(c->mailbox);
	CLEAN(bytes) struct bytes reply = { 0 };
	int code;

	if (finding_error(f, ask_smtp(c, c->outside->server_ipv4, 25, &d, NULL), ASK_LOGS) ||
		finding_error(f, ask_recipient(d, from, to, &code, &reply), ASK_LOGS))
		return;
	/* The text comes after the address, which holds the same word. */
	const char *text_of_it = strstr(bytes_text(&reply), "rejected: ");
	if (code == 554 && text_of_it && strstr(text_of_it, refusal))
		finding_ok(f, "%s", bytes_text(&reply));
	else if (ask_waits_for_dns(c, bytes_text(&reply)))
		ask_dns_unknown(c, f, bytes_text(&reply));
	else
		finding_failed(f, REMEDY, "%s is on the blocklist, but the answer is %s", listed, bytes_text(&reply));
}

static void run_recipient(const struct check_context *c, struct finding *f)
{
	CLEAN(free) char *refused = test_address(c->mailbox, TEST_REFUSED);

	judge(c, "", refused, refused, f);
}

static void run_sender(const struct check_context *c, struct finding *f)
{
	CLEAN(free) char *banned = test_address(c->mailbox, TEST_BANNED);

	judge(c, banned, c->mailbox, banned, f);
}

const struct check check_block_recipient = {
	.name = "block-recipient",
	.title = N_("A recipient on the blocklist is refused"),
	.outside = true,
	.mail = true,
	.timeout = 40,
	.run = run_recipient,
};

const struct check check_block_sender = {
	.name = "block-sender",
	.title = N_("A sender on the blocklist is refused"),
	.outside = true,
	.mail = true,
	.timeout = 40,
	.run = run_sender,
};
