#include "tests/unit/peer.h"

/* A server of IMAP that knows one folder and the message 17. */
#define MAIL "Subject: \303\251t\303\251\r\n\r\n* 3 FETCH (UID 17 is not a response)\r\n)\r\nA004 NO way\r\n"

static void imap_command(struct peer *p, const char *tag, const char *command)
{
	CLEAN(bytes) struct bytes b = { 0 };
	const char *result = "OK done";

	if (strcmp(command, "CAPABILITY") == 0)
		bytes_add_text(&b, "* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\n");
	else if (starts_with(command, "AUTHENTICATE PLAIN") && !strstr(command, "AGpl")) /* "\0je..." */
		result = "NO [AUTHENTICATIONFAILED] Authentication failed.";
	else if (starts_with(command, "SELECT") && !strstr(command, "INBOX"))
		result = strstr(command, "Full")   ? "NO [SERVERBUG] ouch"
			 : strstr(command, "Spam") ? "NO Mailbox doesn't exist: Spam (0.002 secs)."
						   : "NO [NONEXISTENT] no such thing";
	else if (starts_with(command, "SELECT"))
		bytes_add_text(&b, "* 3 EXISTS\r\n* OK [UIDVALIDITY 7] fine\r\n");
	else if (starts_with(command, "UID SEARCH"))
		bytes_add_text(&b, strstr(command, "none") ? "* SEARCH\r\n" : "* SEARCH 4 17\r\n");
	else if (strcmp(command, "UID FETCH 17 BODY[]") == 0)
		bytes_printf(&b, "* 3 FETCH (UID 17 BODY[] {%zu}\r\n%s)\r\n", strlen(MAIL), MAIL);
	else if (strcmp(command, "LOGOUT") == 0)
		bytes_add_text(&b, "* BYE Logging out\r\n");
	bytes_printf(&b, "%s %s\r\n", tag, result);
	say_bytes(p, b.data, b.size);
}

static void imap(struct peer *p)
{
	say(p, "* OK ready\r\n");
	for (;;) {
		char *line = hear(p), *space = strchr(line, ' ');

		if (!space)
			_exit(0);
		*space = '\0';
		imap_command(p, line, space + 1);
	}
}

static void imap_in_tls(struct peer *p)
{
	serve_tls(p);
	imap(p);
}

static void imap_logs_in(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes password = of(SECRET);
	struct server s = start(imap_in_tls);
	struct endpoint e = endpoint(&s);

	e.security = SECURITY_TLS;
	e.user = "jean@exemple.fr";
	e.password = &password;
	e.certificate_file = certificate_file;
	must(imap_login(&e));
	free(stop(&s));

	s = start(imap);
	e = endpoint(&s);
	e.user = "paul@exemple.fr";
	e.password = &password;
	refused(imap_login(&e), "NO [AUTHENTICATIONFAILED]");
	free(stop(&s));
	e.user = NULL;
	refused(imap_login(&e), "needs a user");
}

static struct endpoint imap_endpoint(struct server *s, const struct bytes *password)
{
	*s = start(imap);

	struct endpoint e = endpoint(s);

	e.user = "jean@exemple.fr";
	e.password = password;
	return e;
}

static void imap_searches_a_header(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes password = of(SECRET);
	CLEAN(list) struct list uids = { 0 };
	struct server s;
	struct endpoint e = imap_endpoint(&s, &password);

	must(imap_search_header(&e, "INBOX", "X-Token", "100%25 \"\\", &uids));
	assert_int_equal(uids.n, 2);
	assert_string_equal(uids.v[0], "4");
	assert_string_equal(uids.v[1], "17");
	CLEAN(free) char *heard = stop(&s);
	assert_non_null(strstr(heard, " UID SEARCH HEADER \"X-Token\" \"100%25 \\\"\\\\\"\n"));

	CLEAN(list) struct list empty = { 0 };
	e = imap_endpoint(&s, &password);
	must(imap_search_header(&e, "INBOX", "X-Token", "none", &empty));
	free(stop(&s));
	e = imap_endpoint(&s, &password);
	must(imap_search_header(&e, "Spam", "X-Token", "a", &empty));
	free(stop(&s));
	e = imap_endpoint(&s, &password);
	must(imap_search_header(&e, "Elsewhere", "X-Token", "a", &empty));
	free(stop(&s));
	assert_int_equal(empty.n, 0);
	e = imap_endpoint(&s, &password);
	refused(imap_search_header(&e, "Full", "X-Token", "a", &empty), "[SERVERBUG]");
	free(stop(&s));
	refused(imap_search_header(&e, "INBOX", "X-Token", "a\r\nb LOGOUT", &empty), "printable");
}

static void imap_fetches_a_message_as_it_is(void **state)
{
	(void)state;
	CLEAN(bytes) struct bytes password = of(SECRET), got = { 0 };
	struct server s;
	struct endpoint e = imap_endpoint(&s, &password);

	must(imap_fetch(&e, "INBOX", "17", &got));
	assert_string_equal(got.data, MAIL);
	free(stop(&s));
	e = imap_endpoint(&s, &password);
	refused(imap_fetch(&e, "INBOX", "18", &got), "INBOX holds no message with UID 18");
	free(stop(&s));
	e = imap_endpoint(&s, &password);
	refused(imap_fetch(&e, "Spam", "17", &got), "Mailbox doesn't exist");
	free(stop(&s));
	refused(imap_fetch(&e, "INBOX", "1:*", &got), "no UID");
	refused(imap_fetch(&e, "INBOX", "", &got), "no UID");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(imap_logs_in),
		cmocka_unit_test(imap_searches_a_header),
		cmocka_unit_test(imap_fetches_a_message_as_it_is),
	};
	return cmocka_run_group_tests(tests, prepare, tidy);
}
