#include "tests/crash/fakes_parts.h"
#include "tests/crash/fakes.h"
#include "tests/crash/packages.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT 64 /* more than the archive has */

static char *status_of(const struct package *p)
{
	char *path = beneath("/fake/packages/%s", p->name), *status = slurp(path, NULL);

	free(path);
	return status ? status : strdup("");
}

static bool is(const struct package *p, const char *status)
{
	char *now = status_of(p);
	bool same = strcmp(now, status) == 0;

	free(now);
	return same;
}

static void set_status(const struct package *p, const char *status)
{
	char *path = beneath("/fake/packages/%s", p->name);

	if (status)
		store(path, status, strlen(status), 0644);
	else
		unlink(path);
	free(path);
}

static void set_auto(const char *name, bool automatic)
{
	char *path = beneath("/fake/auto/%s", name);

	if (automatic)
		store(path, "", 0, 0644);
	else
		unlink(path);
	free(path);
}

static const struct package *find(const char *name)
{
	size_t n = strcspn(name, ":");

	for (const struct package *p = archive; p->name; p++)
		if (strlen(p->name) == n && strncmp(p->name, name, n) == 0)
			return p;
	return NULL;
}

/* Kills mailsetup, then itself, in the middle of a transaction: ROOT/fake/kill-after says how many packages come through. */
static void maybe_die(void)
{
	char *path = beneath("/fake/kill-after"), *left = slurp(path, NULL), text[16];

	if (!left)
		return;
	int n = atoi(left);
	if (n > 0) {
		store(path, text, (size_t)snprintf(text, sizeof(text), "%d", n - 1), 0644);
		return;
	}
	unlink(path);
	kill(getppid(), SIGKILL);
	kill(getpid(), SIGKILL);
}

static void each_word(const char *words, void (*act)(const struct package *, const char *), const struct package *p)
{
	char *copy = strdup(words ? words : ""), *save = NULL;

	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		act(p, w);
	free(copy);
}

static void place(const struct packed *f)
{
	char *path = beneath("%s", f->path);
	size_t n = strlen(path);

	make_directories(path);
	if (path[n - 1] == '/') {
		path[n - 1] = '\0';
		if (mkdir(path, f->mode) == 0 && (chmod(path, f->mode) < 0 ||
			(f->owner && chown(path, user_id(f->owner), group_id(f->owner)) < 0)))
			broken("own", path);
	} else if (!exists(path)) { /* --force-confold */
		store(path, f->content, strlen(f->content), f->mode);
	}
	free(path);
}

static void add_program(const struct package *p, const char *name)
{
	char *path = beneath("/usr/sbin/%s", name);

	(void)p;
	if (symlink(fake_program, path) < 0 && errno != EEXIST)
		broken("link", path);
	free(path);
}

static void drop_program(const struct package *p, const char *name)
{
	(void)p;
	unlink(beneath("/usr/sbin/%s", name));
}

static void unpack(const struct package *p, bool automatic)
{
	maybe_die();
	set_auto(p->name, automatic);
	for (const struct packed *f = p->files; f->path; f++)
		place(f);
	each_word(p->programs, add_program, p);
	set_status(p, "unpacked");
}

static void add_user(const struct package *p, const char *name)
{
	(void)p;
	group_make(name, NULL);
	user_make(name, NULL, name, "/nonexistent", "/usr/sbin/nologin");
}

static void add_group(const struct package *p, const char *name)
{
	(void)p;
	group_make(name, NULL);
}

/* Read, not run: a shell for each package would take a tenth of all the time. */
static bool may_start(void)
{
	char *path = beneath("/usr/sbin/policy-rc.d"), *policy = slurp(path, NULL);

	return !policy || !strstr(policy, "exit 101");
}

/* A daemon that a package starts before mailsetup has configured it is what must never happen: it leaves a trace. */
static void start(const struct package *p)
{
	if (!may_start())
		return;
	unit_start_now(p->unit);
	char *trace = beneath("/fake/started-by-a-package/%s", p->unit);
	store(trace, "", 0, 0644);
	free(trace);
}

static void configure(const struct package *p)
{
	maybe_die();
	each_word(p->users, add_user, p);
	each_word(p->groups, add_group, p);
	for (const struct packed *f = p->made; f && f->path; f++)
		place(f);
	if (p->sysv) {
		sysv_links(p->name, 'S');
	} else if (p->unit && p->enabled) {
		char *link = unit_link(p->unit), *target = NULL;
		make_directories(link);
		if (asprintf(&target, "/lib/systemd/system/%s", p->unit) < 0 || (symlink(target, link) < 0 && errno != EEXIST))
			broken("link", link);
	}
	if (p->unit && p->enabled)
		start(p);
	set_status(p, "installed");
}

static void drop(const struct packed *files)
{
	size_t n = 0;

	while (files && files[n].path)
		n++;
	while (n-- && files) {
		char *path = beneath("%s", files[n].path);
		size_t end = strlen(path) - 1;

		if (path[end] == '/') {
			path[end] = '\0';
			rmdir(path);
		} else {
			unlink(path);
			*strrchr(path, '/') = '\0';
			rmdir(path); /* fails where something else is in it */
		}
		free(path);
	}
}

static void purge(const struct package *p)
{
	maybe_die();
	if (p->unit) {
		unit_stop_now(p->unit);
		unlink(unit_link(p->unit));
	}
	if (p->sysv)
		sysv_links(p->name, '-');
	drop(p->made);
	drop(p->files);
	each_word(p->programs, drop_program, p);
	set_auto(p->name, false);
	set_status(p, NULL);
}

/* wanted[i]: archive[i] is to be installed. */
static void want(bool *wanted, const struct package *p)
{
	wanted[p - archive] = true;
	char *copy = strdup(p->depends ? p->depends : ""), *save = NULL;
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		want(wanted, find(w));
	free(copy);
}

static int resolve(char **names, bool *wanted, bool dependencies)
{
	for (; *names; names++) {
		const struct package *p = find(*names);

		if (!p) {
			fprintf(stderr, "E: Unable to locate package %s\n", *names);
			return 100;
		}
		if (dependencies)
			want(wanted, p);
		else
			wanted[p - archive] = true;
	}
	for (size_t i = 0; archive[i].name; i++)
		wanted[i] = wanted[i] && !(dependencies && is(&archive[i], "installed"));
	return 0;
}

static bool half_done(void)
{
	for (const struct package *p = archive; p->name; p++)
		if (is(p, "unpacked"))
			return true;
	return false;
}

static bool named(char **names, const struct package *p)
{
	for (; *names; names++)
		if (find(*names) == p)
			return true;
	return false;
}

static int change(const char *command, char **names)
{
	bool wanted[COUNT] = { 0 };
	bool installs = strcmp(command, "install") == 0;

	if (half_done()) {
		fputs("E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.\n", stderr);
		return 100;
	}
	int status = resolve(names, wanted, installs);
	for (size_t i = 0; !status && installs && archive[i].name; i++)
		if (wanted[i])
			unpack(&archive[i], !named(names, &archive[i]));
	for (size_t i = 0; !status && installs && archive[i].name; i++)
		if (named(names, &archive[i]))
			set_auto(archive[i].name, false);
	for (size_t i = 0; !status && installs && archive[i].name; i++)
		if (wanted[i])
			configure(&archive[i]);
	for (size_t i = COUNT; i-- && !status && !installs;)
		if (wanted[i])
			purge(&archive[i]);
	dprintf(3, "pmstatus:%s:100.0000:Done\n", command);
	return status;
}

static int simulate(char **names, const char *word)
{
	bool wanted[COUNT] = { 0 };
	int status = resolve(names, wanted, strcmp(word, "Inst") == 0);

	for (size_t i = 0; !status && archive[i].name; i++)
		if (wanted[i])
			printf("%s %s (1 Debian:11/stable [amd64])\n", word, archive[i].name);
	return status;
}

/* Those named, and each automatic one that no other needs. */
static int simulate_sweep(char **names)
{
	bool purged[COUNT] = { 0 }, kept[COUNT] = { 0 };
	int status = resolve(names, purged, false);

	for (size_t i = 0; !status && archive[i].name; i++)
		if (!purged[i] && is(&archive[i], "installed") && !exists(beneath("/fake/auto/%s", archive[i].name)))
			want(kept, &archive[i]);
	for (size_t i = 0; !status && archive[i].name; i++)
		if (purged[i] || (!kept[i] && is(&archive[i], "installed")))
			printf("Purg %s (1 Debian:11/stable [amd64])\n", archive[i].name);
	return status;
}

static int print_uris(char **names)
{
	bool wanted[COUNT] = { 0 };
	int status = resolve(names, wanted, true);

	for (size_t i = 0; !status && archive[i].name; i++)
		if (wanted[i])
			printf("'http://archive.example/pool/%s_1_amd64.deb' %s_1_amd64.deb 1000 SHA256:0\n", archive[i].name,
				archive[i].name);
	return status;
}

#define UNATTENDED                                                                                                          \
	"-y", "-q", "-o", "APT::Status-Fd=3", "-o", "Dpkg::Use-Pty=0", "-o", "Acquire::Retries=3", "-o",                    \
		"Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold", "-o",                    \
		"Dpkg::Options::=--force-remove-reinstreq", "-o", "APT::Get::AutomaticRemove=false", \
		"--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"

/* argv begins with these words: what follows, or NULL. */
static char **after(char **argv, const char *const *words)
{
	for (; *words; words++, argv++)
		if (!*argv || strcmp(*argv, *words) != 0)
			return NULL;
	return argv;
}
#define AFTER(...) after(argv + 1, (const char *const[]){ __VA_ARGS__, NULL })

static int apt_get(char **argv)
{
	char **rest;

	if ((rest = AFTER("-s", "-y", "-q", "-o", "Dir::Log::Planner=/dev/null", "--no-install-recommends", "install")))
		return simulate(rest, "Inst");
	if ((rest = AFTER("-s", "-y", "-q", "-o", "APT::Get::AutomaticRemove=false", "purge")))
		return simulate(rest, "Purg");
	if ((rest = AFTER("-s", "-y", "-q", "--auto-remove", "-o", "APT::AutoRemove::SuggestsImportant=false", "-o",
		     "APT::AutoRemove::RecommendsImportant=true", "purge")))
		return simulate_sweep(rest);
	if ((rest = AFTER("-qq", "-y", "--print-uris", "--no-install-recommends", "install")))
		return print_uris(rest);
	if (AFTER("indextargets", "--format", "$(REPO_URI) $(RELEASE) $(ORIGIN)", "Created-By: Packages")) {
		puts("http://archive.example/debian/ bullseye Debian");
		return 0;
	}
	if ((rest = AFTER(UNATTENDED)) && *rest && strcmp(*rest, "update") == 0 && !rest[1])
		return 0;
	if (rest && *rest && (strcmp(*rest, "install") == 0 || strcmp(*rest, "purge") == 0))
		return change(*rest, rest + 1);
	return refuse(argv);
}

/* dpkg's words: wish, flag, status. */
static const char *long_status(const struct package *p)
{
	return is(p, "unpacked") ? "install ok unpacked" : is(p, "installed") ? "install ok installed" : NULL;
}

/* As the release of /usr/lib/os-release has it; all others are of version 1. */
static const char *version_of(const char *package)
{
	static const struct {
		const char *number, *versions[4];
	} releases[] = {
#define FACT(...)
#define RELEASE(number, name, ended, ...) { number, { __VA_ARGS__ } },
#include "engine/release.def"
#undef RELEASE
#undef FACT
	};
	static const char *const packages[] = { "postfix", "dovecot-core", "spamassassin", "openssl" };
	char *path = beneath("/usr/lib/os-release"), *os = slurp(path, NULL), line[64];

	for (size_t i = 0; os && i < sizeof(releases) / sizeof(*releases); i++) {
		snprintf(line, sizeof(line), "VERSION_ID=\"%s\"", releases[i].number);
		for (size_t k = 0; strstr(os, line) && k < sizeof(packages) / sizeof(*packages); k++)
			if (strcmp(packages[k], package) == 0)
				return releases[i].versions[k];
	}
	return "1";
}

static int dpkg_query(char **argv)
{
	char **names;
	int status = 0;

	if (IS(argv + 1, "-W", "-f", "${db:Status-Status} ${binary:Package}\\n")) {
		for (const struct package *p = archive; p->name; p++)
			if (long_status(p))
				printf("%s %s\n", strrchr(long_status(p), ' ') + 1, p->name);
		puts("installed base-files");
		return 0;
	}
	if ((names = AFTER("-W", "-f", "${db:Status-Status} ${Package} ${Version}\\n"))) {
		for (; *names; names++)
			if (find(*names) && long_status(find(*names)))
				printf("%s %s %s\n", strrchr(long_status(find(*names)), ' ') + 1, *names, version_of(*names));
			else
				status = 1;
		return status;
	}
	if (!(names = AFTER("-W", "-f", "${Package} ${Architecture} ${Status}\\n")))
		return refuse(argv);
	for (; *names; names++) {
		const struct package *p = find(*names);

		if (strcmp(*names, "base-files") == 0)
			puts("base-files amd64 install ok installed");
		else if (p && long_status(p))
			printf("%s amd64 %s\n", p->name, long_status(p));
		else
			status = 1;
	}
	return status;
}

static int apt_cache(char **argv)
{
	char **names = AFTER("--no-all-versions", "show");
	int status = 0;

	if (!names)
		return refuse(argv);
	for (; *names; names++)
		if (find(*names))
			printf("Package: %s\nVersion: %s\n\n", *names, version_of(*names));
		else
			status = 100;
	return status;
}

static int dpkg(char **argv)
{
	if (IS(argv + 1, "--print-architecture")) {
		puts("amd64");
		return 0;
	}
	if (IS(argv + 1, "--audit")) {
		for (const struct package *p = archive; p->name; p++)
			if (is(p, "unpacked"))
				printf(" %s\n", p->name);
		return half_done();
	}
	if (!IS(argv + 1, "--force-confdef", "--force-confold", "--configure", "-a"))
		return refuse(argv);
	for (const struct package *p = archive; p->name; p++)
		if (is(p, "unpacked"))
			configure(p);
	return 0;
}

static int apt_mark(char **argv)
{
	if (IS(argv + 1, "showhold"))
		return 0;
	if (IS(argv + 1, "showmanual")) {
		for (const struct package *p = archive; p->name; p++)
			if (long_status(p) && !exists(beneath("/fake/auto/%s", p->name)))
				puts(p->name);
		puts("base-files");
		return 0;
	}
	if (!argv[1] || (strcmp(argv[1], "auto") != 0 && strcmp(argv[1], "manual") != 0))
		return refuse(argv);
	for (char **name = argv + 2; *name; name++) {
		if (!find(*name) && strcmp(*name, "base-files") != 0)
			return 100;
		set_auto(*name, strcmp(argv[1], "auto") == 0);
	}
	return 0;
}

int fake_package(const char *name, char **argv)
{
	if (strcmp(name, "apt-get") == 0)
		fake_status = apt_get(argv);
	else if (strcmp(name, "apt-cache") == 0)
		fake_status = apt_cache(argv);
	else if (strcmp(name, "dpkg-query") == 0)
		fake_status = dpkg_query(argv);
	else if (strcmp(name, "dpkg") == 0)
		fake_status = dpkg(argv);
	else if (strcmp(name, "apt-mark") == 0)
		fake_status = apt_mark(argv);
	else
		return -1;
	return 0;
}
