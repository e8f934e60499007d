/* Keys and actions of access tables, destinations of aliases, lines of text. */
#include "tests/unit/unit.h"

#include "mail/name.h"

typedef struct error *normalise(const char *s, char **ret);

static struct error *sender(const char *s, char **ret)
{
	return access_key_normalise(s, true, ret);
}

static struct error *recipient(const char *s, char **ret)
{
	return access_key_normalise(s, false, ret);
}

static void becomes(normalise *f, const char *in, const char *out)
{
	CLEAN(free) char *got = NULL, *again = NULL;
	struct error *e = f(in, &got);

	if (e)
		fail_msg("\"%s\": %s", in, error_message(e));
	assert_string_equal(got, out);
	e = f(got, &again);
	if (e)
		fail_msg("\"%s\" again: %s", got, error_message(e));
	assert_string_equal(again, out);
}

static void refused(normalise *f, const char *in, const char *reason)
{
	char *got = NULL;
	struct error *e = f(in, &got);

	if (!e)
		fail_msg("\"%s\" became \"%s\"", in, got);
	assert_int_equal(error_code(e), ERR_USAGE);
	assert_null(got);
	if (!strstr(error_message(e), reason))
		fail_msg("\"%s\" does not say \"%s\"", error_message(e), reason);
	error_free(e);
}

#define A10 "aaaaaaaaaa"
#define A64 A10 A10 A10 A10 A10 A10 "aaaa"

static void keys(void **state)
{
	(void)state;
	becomes(sender, "Tata@Tata.FR", "tata@tata.fr");
	becomes(sender, "tata.fr.", "tata.fr");
	becomes(sender, "news@Été.fr", "news@xn--t-9fab.fr");
	becomes(sender, "bounce+x=y!z'#$%&*/?^_`{|}~-@dehors.example", "bounce+x=y!z'#$%&*/?^_`{|}~-@dehors.example");
	becomes(sender, "a..b.@dehors.example", "a..b.@dehors.example"); /* strangers do write such */
	becomes(sender, "root@", "root@");
	becomes(sender, "<>", "<>");
	becomes(recipient, "test+liste@exemple.fr", "test+liste@exemple.fr");
	refused(recipient, "<>", "cannot stand");
	refused(sender, "", "empty");
	refused(sender, "@", "nothing before");
	refused(sender, "@exemple.fr", "nothing before");
	refused(sender, "a b@exemple.fr", "space");
	refused(sender, "\"a b\"@exemple.fr", "\"");
	refused(sender, "a\\b@exemple.fr", "\\");
	refused(sender, "a\n@exemple.fr", "invisible");
	refused(sender, "a\xff@exemple.fr", "UTF-8");
	refused(sender, "é@exemple.fr", "cannot stand");
	refused(sender, "a,b@exemple.fr", ",");
	refused(sender, "a@b@exemple.fr", "@");
	refused(sender, "a@[192.0.2.1]", "IP address");
	refused(sender, "192.0.2.1", "IP address");
	refused(sender, "exemple", "one label");
	refused(sender, A64 "a@exemple.fr", "65 bytes");
}

static void destinations(void **state)
{
	(void)state;
	becomes(destination_normalise, "Jean.Dupont+tag@Gmail.COM", "Jean.Dupont+tag@gmail.com");
	becomes(destination_normalise, "o'brien@dehors.example", "o'brien@dehors.example");
	becomes(destinations_normalise, " a@exemple.fr ,b@exemple.fr,, a@exemple.fr,", "a@exemple.fr,b@exemple.fr");
	refused(destinations_normalise, "", "empty");
	refused(destinations_normalise, " , ", "empty");
	refused(destinations_normalise, "a@exemple.fr b@exemple.fr", "@");
	refused(destination_normalise, "jean", "no @");
	refused(destination_normalise, "|/bin/sh@exemple.fr", "|");
	refused(destination_normalise, "/etc/passwd@exemple.fr", "/");
	refused(destination_normalise, ":include:/x@exemple.fr", ":");
	refused(destination_normalise, "-f@exemple.fr", "neither a letter nor a digit");
	refused(destination_normalise, "~root@exemple.fr", "neither a letter nor a digit");
	refused(destination_normalise, "a%b@exemple.fr", "%");
	refused(destination_normalise, "a!b@exemple.fr", "!");
	refused(destination_normalise, "a@exemple.fr\n", "invisible");
}

static void actions(void **state)
{
	(void)state;
	becomes(access_action_normalise, "reject", "REJECT");
	becomes(access_action_normalise, "Reject  5.1.6 parti, désolé", "REJECT 5.1.6 parti, désolé");
	becomes(access_action_normalise, "DEFER_IF_PERMIT", "DEFER_IF_PERMIT");
	becomes(access_action_normalise, "550 5.1.6 gone", "550 5.1.6 gone");
	becomes(access_action_normalise, "499  later", "499 later");
	becomes(access_action_normalise, "redirect Chef@Exemple.fr", "REDIRECT Chef@exemple.fr");
	becomes(access_action_normalise, "BCC chef@exemple.fr", "BCC chef@exemple.fr");
	becomes(access_action_normalise, "PREPEND X-Note: à lire", "PREPEND X-Note: à lire");
	becomes(access_action_normalise, "FILTER smtp:[127.0.0.1]:10025", "FILTER smtp:[127.0.0.1]:10025");
	becomes(access_action_normalise, "FILTER smtp:", "FILTER smtp:");
	becomes(access_action_normalise, "ok", "OK");
	becomes(access_action_normalise, "dunno", "DUNNO");
	refused(access_action_normalise, "", "empty");
	refused(access_action_normalise, "550", "number alone");
	refused(access_action_normalise, "550 ", "number alone");
	refused(access_action_normalise, "1", "number alone");
	refused(access_action_normalise, "350 text", "400 to 599");
	refused(access_action_normalise, "600 text", "400 to 599");
	refused(access_action_normalise, "550-5.1.1", "400 to 599");
	refused(access_action_normalise, "5500 text", "no action");
	refused(access_action_normalise, "permit_mynetworks", "no action");
	refused(access_action_normalise, "reject_unauth_destination", "no action");
	refused(access_action_normalise, "check_sender_access hash:/x", "no action");
	refused(access_action_normalise, " REJECT", "no action");
	refused(access_action_normalise, "OK text", "nothing stands after");
	refused(access_action_normalise, "DUNNO text", "nothing stands after");
	refused(access_action_normalise, "REDIRECT", "an address comes after");
	refused(access_action_normalise, "BCC |sh@x.fr", "|");
	refused(access_action_normalise, "PREPEND X-Note", "header line");
	refused(access_action_normalise, "PREPEND X Note: a", "header line");
	refused(access_action_normalise, "PREPEND : a", "header line");
	refused(access_action_normalise, "FILTER smtp", "TRANSPORT:DESTINATION");
	refused(access_action_normalise, "FILTER a b:c", "TRANSPORT:DESTINATION");
	refused(access_action_normalise, "FILTER smtp:a b", "destination holds");
	refused(access_action_normalise, "REJECT a\r\nb", "control character");
	refused(access_action_normalise, "REJECT \xff", "UTF-8");
}

static void lines(void **state)
{
	CLEAN(bytes) struct bytes longest = { 0 };
	struct error *e;

	(void)state;
	for (int i = 0; i < 10; i++)
		bytes_add_text(&longest, A10);
	assert_null(line_check("text", longest.data, 100));
	e = line_check("text", longest.data, 99);
	assert_int_equal(error_code(e), ERR_USAGE);
	error_free(e);
	e = line_check("name", "a\tb", 99);
	assert_non_null(strstr(error_message(e), "the name holds a control character"));
	error_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys),
		cmocka_unit_test(destinations),
		cmocka_unit_test(actions),
		cmocka_unit_test(lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
