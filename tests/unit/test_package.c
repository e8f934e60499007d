#include "tests/unit/unit.h"

#include "host/package_parse.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void assert_line(const char *text_line, enum apt_event event, double percent, const char *package)
{
	struct apt_line l = apt_line_parse(text_line);

	assert_int_equal(l.event, event);
	assert_true(l.percent > percent - 0.01 && l.percent < percent + 0.01);
	assert_string_equal(l.package, package);
}

static void test_status_lines(void **state)
{
	(void)state;
	assert_line("pmstatus:postfix:41.9355:Unpacking postfix (amd64)", APT_CHANGE, 41.9, "postfix");
	assert_line("pmstatus:dpkg-exec:0.0000:Running dpkg", APT_CHANGE, 0, "");
	assert_line("pmstatus:libstdc++6:100:x", APT_CHANGE, 100, "libstdc++6");
	assert_line("dlstatus:12:7.1429:Retrieving file 12 of 83", APT_DOWNLOAD, 7.1, "");
	assert_line("pmerror:spamass-milter:66.6:installed post-installation script returned 1", APT_FAILURE,
		66.6, "spamass-milter");
	assert_line("pmerror:libc6:amd64:10:x", APT_FAILURE, 10, "libc6");
	assert_line("pmerror:/var/cache/apt/archives/cron_3.0pl1-137_amd64.deb :50:x", APT_FAILURE, 50, "cron");
}

static void test_status_lines_that_are_none(void **state)
{
	(void)state;
	assert_line("", APT_OTHER, 0, "");
	assert_line("pmstatus", APT_OTHER, 0, "");
	assert_line("pmstatus:postfix", APT_OTHER, 0, "");
	assert_line("pmstatus:postfix:nan:x", APT_OTHER, 0, "");
	assert_line("dlstatus:1:-5:x", APT_OTHER, 0, "");
	assert_line("pmconffile:/etc/x:50.0:'/etc/x' '/etc/x.dpkg-new' 1 1", APT_OTHER, 50, "");
	assert_line("media-change: Debian:cdrom:please", APT_OTHER, 0, "");
	assert_line("pmstatus:postfix:1e300:x", APT_CHANGE, 1, "postfix");
	assert_line("pmstatus:postfix:999999:x", APT_CHANGE, 100, "postfix");
}

static double feed(struct apt_progress *p, const char *line)
{
	struct apt_line l = apt_line_parse(line);

	apt_progress_add(p, &l);
	return p->percent;
}

static void test_progress(void **state)
{
	struct apt_progress both = { 0 }, cached = { 0 }, lists = { .download_share = 100 };

	(void)state;
	assert_int_equal((int)feed(&both, "dlstatus:1:40:x"), 20);
	assert_int_equal((int)feed(&both, "dlstatus:2:30:x"), 20);
	assert_int_equal((int)feed(&both, "dlstatus:9:100:x"), 50);
	assert_false(both.changing);
	assert_int_equal((int)feed(&both, "pmstatus:dpkg-exec:0:x"), 50);
	assert_int_equal((int)feed(&both, "pmstatus:postfix:50:x"), 75);
	assert_int_equal((int)feed(&both, "pmerror:postfix:90:x"), 75);
	assert_true(both.changing && both.downloading);

	assert_int_equal((int)feed(&cached, "pmstatus:postfix:50:x"), 50);
	assert_false(cached.downloading);
	assert_int_equal((int)feed(&lists, "dlstatus:1:60:x"), 60);
}

static void test_simulation(void **state)
{
	CLEAN(package_plan) struct package_plan plan = { 0 };

	(void)state;
	simulation_parse("Reading package lists...\n"
			 "The following packages will be REMOVED:\n  exim4\n"
			 "Remv exim4-base [4.94] [bsd-mailx:amd64 ]\n"
			 "Inst ssl-cert (1.1.0 Debian:11.11/oldoldstable [all])\n"
			 "Inst libc6:i386 [2.31] (2.31-1 Debian:11.11 [i386]) []\n"
			 "Purg cron [3.0pl1-137]\n"
			 "Conf ssl-cert (1.1.0 Debian:11.11/oldoldstable [all])\n"
			 "Inst ssl-cert (1.1.0 Debian:11.11/oldoldstable [all])\n"
			 "Install nothing\n",
		&plan);
	assert_int_equal(plan.install.n, 2);
	assert_string_equal(plan.install.v[0], "ssl-cert");
	assert_string_equal(plan.install.v[1], "libc6:i386");
	assert_int_equal(plan.remove.n, 2);
	assert_string_equal(plan.remove.v[0], "exim4-base");
	assert_string_equal(plan.remove.v[1], "cron");
}

static void test_uris(void **state)
{
	CLEAN(package_plan) struct package_plan plan = { 0 };
	CLEAN(list) struct list names = { 0 };

	(void)state;
	uris_parse("'http://a.example/pool/ucf_3.0043_all.deb' ucf_3.0043_all.deb 73996 MD5Sum:4a49\n"
		   "'http://a.example/pool/d_1%3a2_amd64.deb' dovecot-core_1%3a2.3_amd64.deb 5000000000 \n"
		   "no address 12 34\n'unclosed x 5\n''\n",
		&plan, &names);
	assert_int_equal(plan.downloads.n, 2);
	assert_string_equal(plan.downloads.v[0], "http://a.example/pool/ucf_3.0043_all.deb");
	assert_true(plan.download_size == UINT64_C(5000073996));
	assert_int_equal(names.n, 2);
	assert_string_equal(names.v[1], "dovecot-core");
}

static void test_complaints(void **state)
{
	CLEAN(list) struct list unknown = { 0 };
	const char *fetch =
		"E: Failed to fetch http://a.example/pool/x_1_all.deb  404  Not Found [IP: 192.0.2.1 80]\n"
		"E: Unable to fetch some archives\n";
	CLEAN(free) char *reason = fetch_reason_parse(fetch);
	CLEAN(free) char *none = fetch_reason_parse("E: something else\n");

	(void)state;
	unknown_parse("W: x\nE: Unable to locate package nosuch\n"
		      "E: Package 'old' has no installation candidate\nE: Package 'odd' is broken\n",
		&unknown);
	assert_int_equal(unknown.n, 2);
	assert_string_equal(unknown.v[0], "nosuch");
	assert_string_equal(unknown.v[1], "old");
	assert_string_equal(reason, "404 Not Found");
	assert_string_equal(none, "");
}

static void test_sources(void **state)
{
	CLEAN(list) struct list sources = { 0 };
	bool any = false;

	(void)state;
	sources_parse("http://mirror.example/debian/ bullseye Debian\n"
		      "http://mirror.example/debian/ bullseye Debian\n"
		      "https://other.example/ stable Other Company\n"
		      "http://flat.example/ ./ Debian\n"
		      "cdrom:[Debian]/ bullseye Debian\n"
		      "http://unseen.example/debian/ bookworm $(ORIGIN)\n",
		&sources, &any);
	assert_true(any);
	assert_int_equal(sources.n, 2);
	assert_string_equal(sources.v[0], "http://mirror.example/debian/dists/bullseye/InRelease");
	assert_string_equal(sources.v[1], "http://unseen.example/debian/dists/bookworm/InRelease");
}

/* Debian's cloud images have a list of mirrors; which of them to ask, apt knows. */
static void test_sources_of_apt_alone(void **state)
{
	static const char *const outputs[] = {
		"mirror+file:/etc/apt/mirrors/debian.list/ bookworm $(ORIGIN)\n"
		"mirror+file:/etc/apt/mirrors/debian-security.list/ bookworm-security Debian\n",
		"file:/srv/mirror/ bookworm Debian\n",
		"cdrom://[Debian GNU/Linux 12.0.0 _Bookworm_ - Official amd64 NETINST 20230610-10:21]/ bookworm $(ORIGIN)\n",
		"tor+http://deb.debian.org/debian/ bookworm Debian\n",
		"ftp://mirror.example/debian/ bookworm Debian\n",
	};
	CLEAN(list) struct list sources = { 0 };
	bool any;

	(void)state;
	for (size_t i = 0; i < sizeof(outputs) / sizeof(*outputs); i++) {
		any = false;
		sources_parse(outputs[i], &sources, &any);
		assert_true(any);
	}
	assert_int_equal(sources.n, 0);
	sources_parse("", &sources, &any);
	assert_false(any);
}

static void test_source_files(void **state)
{
	CLEAN(list) struct list files = { 0 };

	(void)state;
	source_files_parse("bullseye /etc/apt/sources.list:1\n"
			   "bullseye-security /etc/apt/sources.list.d/the-rest.sources:12\n"
			   "bullseye/updates /etc/apt/sources.list:2\n"
			   "bullseyes /etc/apt/sources.list.d/other.list:1\n"
			   "stable /etc/apt/sources.list.d/third.list:1\n"
			   "bullseye\n",
		"bullseye", &files);
	assert_int_equal(files.n, 2);
	assert_string_equal(files.v[0], "/etc/apt/sources.list");
	assert_string_equal(files.v[1], "/etc/apt/sources.list.d/the-rest.sources");
}

static void test_states(void **state)
{
	CLEAN(list) struct list installed = { 0 }, known = { 0 };

	(void)state;
	states_parse("postfix amd64 install ok installed\n"
		     "cron amd64 hold ok installed\n"
		     "ucf all install ok half-configured\n"
		     "vim amd64 deinstall ok config-files\n"
		     "broken amd64 install reinstreq installed\n"
		     "exim4 amd64 unknown ok not-installed\n",
		&installed, &known);
	assert_int_equal(installed.n, 4);
	assert_true(list_has(&installed, "postfix") && list_has(&installed, "postfix:amd64"));
	assert_true(list_has(&installed, "cron"));
	assert_int_equal(known.n, 10);
	assert_true(list_has(&known, "vim") && list_has(&known, "broken"));
	assert_false(list_has(&known, "exim4"));
}

/* A root in a folder, with programs that answer as the real ones do. */

struct root {
	char path[64];
	struct host *host;
};

static int set_up(void **state)
{
	struct root *r = allocate(sizeof(*r));

	snprintf(r->path, sizeof(r->path), "/tmp/test_package.XXXXXX");
	assert_non_null(mkdtemp(r->path));
	put(r->path, "/usr/bin/dpkg", "#!/bin/sh\necho amd64\n", 0755);
	put(r->path, "/usr/bin/dpkg-query", "#!/bin/sh\necho 'postfix amd64 install ok installed'\nexit 1\n", 0755);
	assert_null(host_open(r->path, &r->host));
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	struct root *r = *state;

	remove_tree(r->path);
	host_close(r->host);
	free(r);
	return 0;
}

static size_t count_lines(const struct root *r, const char *path, const char *line)
{
	CLEAN(free) char *full = text("%s%s", r->path, path);
	CLEAN(fclose) FILE *f = fopen(full, "r");
	char buffer[256];
	size_t n = 0;

	while (f && fgets(buffer, sizeof(buffer), f))
		n += strncmp(buffer, line, strlen(line)) == 0;
	return n;
}

/* Notes its command in /log. The archive lacks cron until `update` has been asked for $1 times. */
static void put_apt(const struct root *r, unsigned updates)
{
	CLEAN(free)
	char *script = text(
		"#!/bin/sh\n"
		"root=%s\n"
		"case \"$*\" in *--print-uris*) command=uris;; *' update'*) command=update;; *) "
		"command=install;; esac\n"
		"echo $command >>$root/log\n"
		"have=$(grep -c update $root/log)\n"
		"case $command in\n"
		"uris) [ $have -ge %u ] || echo \"'http://a.example/cron_3_all.deb' cron_3_all.deb 5 \";;\n"
		"install) echo dlstatus:1:50:x >&3\n"
		"  if [ $have -ge %u ]; then echo pmstatus:cron:50:x >&3; exit 0; fi\n"
		"  echo 'E: Failed to fetch http://a.example/cron_3_all.deb  404  Not Found [IP: 192.0.2.1]' "
		">&2\n"
		"  exit 100;;\n"
		"esac\n",
		r->path, updates, updates);
	put(r->path, "/usr/bin/apt-get", script, 0755);
}

static void note_percent(void *context, double percent, const char *what)
{
	double *last = context;

	(void)what;
	assert_true(percent >= *last && percent <= 100);
	*last = percent;
}

static void test_stale_lists_are_fetched_once_more(void **state)
{
	static const char *const names[] = { "cron", NULL };
	const struct root *r = *state;
	double percent = 0;

	put_apt(r, 1);
	assert_null(packages_install(r->host, names, 0, note_percent, &percent));
	assert_int_equal(count_lines(r, "/log", "install"), 2);
	assert_int_equal(count_lines(r, "/log", "update"), 1);
	assert_int_equal((int)percent, 75);
}

static void test_a_file_that_stays_away_is_named(void **state)
{
	static const char *const names[] = { "cron", NULL };
	const struct root *r = *state;

	put_apt(r, 9);
	struct error *e = packages_install(r->host, names, 0, NULL, NULL);
	assert_non_null(e);
	assert_non_null(strstr(error_message(e), "404 Not Found"));
	assert_non_null(strstr(error_detail(e), "E: Failed to fetch"));
	fails_with(e, ERR_STOPPED, "could not download cron");
	assert_int_equal(count_lines(r, "/log", "install"), 2);
	assert_int_equal(count_lines(r, "/log", "update"), 1);
}

static void test_a_package_that_breaks_is_named(void **state)
{
	static const char *const names[] = { "spamass-milter", NULL };
	const struct root *r = *state;

	put(r->path, "/usr/bin/apt-get",
		"#!/bin/sh\necho pmstatus:x:1:x >&3\necho pmerror:spamass-milter:2:x >&3\nexit 100\n", 0755);
	fails_with(
		packages_install(r->host, names, 0, NULL, NULL), ERR_STOPPED, "package spamass-milter");
}

static void test_unknown_packages_are_a_precheck(void **state)
{
	static const char *const names[] = { "nosuch", NULL };
	const struct root *r = *state;
	CLEAN(package_plan) struct package_plan plan = { 0 };

	put(r->path, "/usr/bin/apt-get", "#!/bin/sh\necho 'E: Unable to locate package nosuch' >&2\nexit 100\n",
		0755);
	fails_with(packages_simulate(r->host, names, &plan), ERR_PRECHECK, "nosuch");
	put(r->path, "/usr/bin/apt-get", "#!/bin/sh\necho 'E: Held packages were changed' >&2\nexit 100\n", 0755);
	fails_with(packages_simulate(r->host, names, &plan), ERR_PRECHECK, "no way");
}

static void test_purge_takes_nothing_else(void **state)
{
	static const char *const names[] = { "postfix", "never-installed", NULL };
	static const char *const full[] = { "postfix:amd64", NULL };
	const struct root *r = *state;
	CLEAN(free)
	char *script = text("#!/bin/sh\necho \"$@\" >>%s/log\necho 'Purg postfix [3.5]'\n", r->path);

	put(r->path, "/usr/bin/apt-get",
		"#!/bin/sh\necho 'Purg postfix [3.5]'\necho 'Remv bsd-mailx [8]'\necho 'Remv mutt [2]'\n",
		0755);
	fails_with(packages_purge(r->host, names, NULL, NULL), ERR_CONFLICT, "remove bsd-mailx, mutt");
	put(r->path, "/usr/bin/apt-get", "#!/bin/sh\necho 'Purg postfix [3.5]'\necho 'Inst exim4 (4)'\n", 0755);
	fails_with(packages_purge(r->host, names, NULL, NULL), ERR_CONFLICT, "install exim4");

	put(r->path, "/usr/bin/apt-get", script, 0755);
	assert_null(packages_purge(r->host, names, NULL, NULL));
	assert_null(packages_purge(r->host, full, NULL, NULL));
	assert_int_equal(count_lines(r, "/log", "-s "), 2);
	assert_int_equal(count_lines(r, "/log", "-y "), 2);
}

static void test_missing(void **state)
{
	static const char *const names[] = { "postfix", "nosuch", NULL };
	const struct root *r = *state;
	CLEAN(list) struct list missing = { 0 };

	assert_null(packages_missing(r->host, names, &missing));
	assert_int_equal(missing.n, 1);
	assert_string_equal(missing.v[0], "nosuch");
}

static void test_a_held_lock_is_busy(void **state)
{
	static const char *const names[] = { "cron", NULL };
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	const struct root *r = *state;
	int ready[2];
	char byte;

	put_apt(r, 0);
	put(r->path, "/var/lib/dpkg/lock-frontend", "", 0640);
	assert_null(packages_lock_free(r->host));
	CLEAN(free) char *path = text("%s/var/lib/dpkg/lock-frontend", r->path);
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		CLEAN(fd) int fd = open(path, O_RDWR);
		if (fcntl(fd, F_SETLK, &lock) == 0 && write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	CLEAN(free) char *holder = text("process %d", pid);
	fails_with(packages_lock_free(r->host), ERR_BUSY, holder);
	fails_with(packages_install(r->host, names, 1, NULL, NULL), ERR_BUSY, holder);
	assert_int_equal(count_lines(r, "/log", "install"), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_null(packages_lock_free(r->host));
}

static void test_conffiles(void **state)
{
	const struct root *r = *state;
	CLEAN(list) struct list conffiles = { 0 };

	put(r->path, "/usr/bin/dpkg-query",
		"#!/bin/sh\nprintf '\\n /etc/a.conf 0123\\n /etc/b.conf 4567 obsolete\\n\\n /etc/c.conf newconffile\\n'\n", 0755);
	assert_null(packages_conffiles(r->host, &conffiles));
	assert_true(list_has(&conffiles, "/etc/a.conf 0123") && list_has(&conffiles, "/etc/b.conf 4567"));
	put(r->path, "/var/lib/ucf/hashfile", "89ab  /etc/d.conf\n", 0644);
	assert_null(packages_conffiles(r->host, &conffiles));
	assert_true(list_has(&conffiles, "/etc/d.conf 89ab"));
}

static void test_plain_names(void **state)
{
	const struct root *r = *state;
	CLEAN(list) struct list names = { 0 };

	list_split(&names, "postfix libc6:amd64 libc6:i386", " ");
	assert_null(packages_plain_names(r->host, &names));
	assert_string_equal(names.v[0], "postfix");
	assert_string_equal(names.v[1], "libc6");
	assert_string_equal(names.v[2], "libc6:i386");
}

int main(void)
{
	const struct CMUnitTest parsing[] = {
		cmocka_unit_test(test_status_lines),
		cmocka_unit_test(test_status_lines_that_are_none),
		cmocka_unit_test(test_progress),
		cmocka_unit_test(test_simulation),
		cmocka_unit_test(test_uris),
		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_sources_of_apt_alone),
		cmocka_unit_test(test_source_files),
		cmocka_unit_test(test_states),
	};
	const struct CMUnitTest running[] = {
		cmocka_unit_test_setup_teardown(test_stale_lists_are_fetched_once_more, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_file_that_stays_away_is_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_package_that_breaks_is_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unknown_packages_are_a_precheck, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_purge_takes_nothing_else, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_conffiles, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_plain_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_missing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_held_lock_is_busy, set_up, tear_down),
	};

	int failed = cmocka_run_group_tests_name("package parsing", parsing, NULL, NULL);
	return failed + cmocka_run_group_tests_name("package running", running, NULL, NULL);
}
