/* Which packages a rollback purges, when others have come since: over a small dpkg and apt that know what depends on what. */
#include "tests/unit/unit.h"

#include "ensure/packages_parts.h"

#include <stdlib.h>

static const struct events no_events;
static char root[sizeof("/tmp/mailsetup-purge-XXXXXX")];
static struct host *host;
static struct run run;

/* /packages: "NAME auto|manual NEEDED...". apt-get -s: what depends on the named ones goes with them and, with --auto-remove, each
 * automatic one that no manual one needs, however far. */
static const char apt_get[] =
	"#!/bin/sh\n"
	"sweep=0 names= option=\n"
	"for word; do\n"
	"	case $option$word in -o*) option=; continue ;; --auto-remove) sweep=1 ;; -o) ;; purge) names=' ' ;; esac\n"
	"	[ \"$word\" = -o ] && option=-o\n"
	"	[ -z \"$names\" ] || [ \"$word\" = purge ] || names=\"$names$word \"\n"
	"done\n"
	"awk -v sweep=$sweep -v names=\"$names\" '\n"
	"	{ name[NR] = $1; manual[$1] = $2 == \"manual\"; needs[$1] = \" \"; for (i = 3; i <= NF; i++) needs[$1] = needs[$1] $i \" \" }\n"
	"	END {\n"
	"		n = split(names, word, \" \"); for (i = 1; i <= n; i++) gone[word[i]] = 1\n"
	"		for (more = 1; more;) { more = 0; for (i in name) if (!gone[name[i]]) for (g in gone)\n"
	"			if (gone[g] && index(needs[name[i]], \" \" g \" \")) { gone[name[i]] = 1; more = 1 } }\n"
	"		for (i in name) if (manual[name[i]] && !gone[name[i]]) kept[name[i]] = 1\n"
	"		for (more = 1; more;) { more = 0; for (i in name) for (k in kept)\n"
	"			if (kept[k] && !kept[name[i]] && index(needs[k], \" \" name[i] \" \")) { kept[name[i]] = 1; more = 1 } }\n"
	"		for (i in name) if (gone[name[i]] || (sweep && !kept[name[i]])) print \"Purg \" name[i] \" [1]\"\n"
	"	}' %s/packages\n";
static const char dpkg_query[] = "#!/bin/sh\n"
	"case $3 in\n"
	"*Status-Status*) sed 's/^\\([^ ]*\\).*/installed \\1/' %s/packages ;;\n"
	"*) shift 3; for name; do echo \"$name amd64 install ok installed\"; done ;;\n"
	"esac\n";
static const char apt_mark[] = "#!/bin/sh\nsed -n 's/^\\([^ ]*\\) manual.*/\\1/p' %s/packages\n";

/* %s in the script is the root. */
static void put_program(const char *path, const char *script)
{
	const char *place = strstr(script, "%s");
	CLEAN(free) char *whole = text("%.*s%s%s", (int)(place - script), script, root, place + 2);

	put(root, path, whole, 0755);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/mailsetup-purge-XXXXXX");
	assert_non_null(mkdtemp(root));
	must(host_open(root, &host));
	put_folder(root, "/var/lib");
	put_program("/usr/bin/apt-get", apt_get);
	put_program("/usr/bin/dpkg-query", dpkg_query);
	put_program("/usr/bin/apt-mark", apt_mark);
	put(root, "/usr/bin/dpkg", "#!/bin/sh\necho amd64\n", 0755);
	run = (struct run){ .host = host, .events = &no_events };
	must(state_open(host, true, &run.state));
	must(state_note_set(run.state, BROUGHT_NOTE, "[\"postfix\",\"perl\",\"libdb:amd64\",\"libold\"]"));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	state_close(run.state);
	host_close(host);
	remove_tree(root);
	return 0;
}

static void expect(const char *packages, const char *purged, const char *kept)
{
	CLEAN(list) struct list purge = { 0 }, stays = { 0 };
	CLEAN(bytes) struct bytes a = { 0 }, b = { 0 };
	CLEAN(json_decref) json_t *before = json_pack("{s:[s,s,s]}", "packages", "base", "libc6:amd64", "init");

	put(root, "/packages", packages, 0644);
	must(list_purge(&run, before, &purge, &stays));
	list_sort(&purge);
	list_sort(&stays);
	for (size_t i = 0; i < purge.n; i++)
		bytes_printf(&a, "%s ", purge.v[i]);
	for (size_t i = 0; i < stays.n; i++)
		bytes_printf(&b, "%s ", stays.v[i]);
	assert_string_equal(bytes_text(&a), purged);
	assert_string_equal(bytes_text(&b), kept);
}

#define BEFORE_IT "base manual libc6\nlibc6 auto\n"

static void what_came_goes(void **state)
{
	(void)state;
	expect(BEFORE_IT "init auto\npostfix manual perl libdb\nperl auto\nlibdb auto\n", "libdb perl postfix ", "");
	/* A package that dpkg names otherwise since an upgrade is the same one. */
	expect("base manual\nlibc6 auto\nlibdb auto\npostfix manual libdb\n", "libdb postfix ", "");
}

static void theirs_stay(void **state)
{
	(void)state;
	expect(BEFORE_IT "postfix manual libdb\nlibdb auto\nnano manual libtheirs\nlibtheirs auto\n", "libdb postfix ", "");
	/* That it is refused, packages_purge_check() says. */
	expect(BEFORE_IT "postfix manual\nmailman manual postfix\n", "postfix ", "");
	fails_with(packages_purge_check(host, (const char *const[]){ "postfix", NULL }), ERR_CONFLICT, "remove mailman");
}

static void what_an_upgrade_adds_goes_too(void **state)
{
	(void)state;
	expect(BEFORE_IT "postfix manual libnew\nlibnew auto libdeep\nlibdeep auto\nlibold auto\n", "libdeep libnew libold postfix ", "");
	/* Not where something else has a use for it, or another hand asked for it. */
	expect(BEFORE_IT "postfix manual libnew\nlibnew auto\nnano manual libnew\n", "postfix ", "");
	expect(BEFORE_IT "postfix manual libnew\nlibnew manual\n", "postfix ", "");
	/* Nor what was of no use to anything all the time. */
	expect(BEFORE_IT "postfix manual\norphan auto\n", "postfix ", "");
}

static void what_the_new_release_needs_stays(void **state)
{
	(void)state;
	expect("base manual init\ninit auto usrmerge\nusrmerge auto perl\npostfix manual perl libdb\nperl auto\nlibdb auto\n",
		"libdb postfix ", "perl ");
	/* But not when nothing needs it any more. */
	expect("base manual init\ninit auto\nusrmerge auto perl\npostfix manual perl\nperl auto\n", "perl postfix usrmerge ", "");
	/* What goes takes others along that are of no use either. */
	expect("base manual\npostfix manual libnew\nlibnew auto\nusrmerge auto libnew\n", "libnew postfix usrmerge ", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_came_goes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(theirs_stay, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_an_upgrade_adds_goes_too, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_the_new_release_needs_stays, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
