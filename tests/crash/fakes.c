#include "tests/crash/fakes.h"

#include "tests/crash/fakes_parts.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int refuse(char **argv)
{
	fprintf(stderr, "fake %s: this call is unknown:", argv[0]);
	for (char **a = argv + 1; *a; a++)
		fprintf(stderr, " '%s'", *a);
	fputc('\n', stderr);
	return 97;
}

bool same_words(char **argv, const char *const *words)
{
	for (; *words; words++, argv++)
		if (!*argv || strcmp(*argv, *words) != 0)
			return false;
	return !*argv;
}

static char *value_of(const char *file, const char *name)
{
	char *path = beneath("%s", file);
	char *content = slurp(path, NULL);

	if (!content)
		broken("read", path);
	for (char *line = strtok(content, "\n"); line; line = strtok(NULL, "\n")) {
		size_t n = strlen(name);
		if (strncmp(line, name, n) == 0 && line[n + strspn(line + n, " ")] == '=')
			return strchr(line, '=') + 1 + strspn(strchr(line, '=') + 1, " ");
	}
	return NULL;
}

static int fake_postconf(char **argv)
{
	if (!IS(argv + 1, "-h", "inet_protocols"))
		return refuse(argv);
	char *value = value_of("/etc/postfix/main.cf", "inet_protocols");
	puts(value ? value : "all");
	return 0;
}

/* The fake has no SQLite: a row's text stands in the file as it is. */
static int fake_postmap(char **argv)
{
	size_t size = 0;
	char *map = beneath("/etc/postfix/sqlite-domaines.cf"),
	     *database = beneath("/etc/postfix/bdd/postfix.sqlite");

	if (!argv[1] || !argv[2] || !IS(argv + 3, "sqlite:/etc/postfix/sqlite-domaines.cf") ||
		strcmp(argv[1], "-q") != 0)
		return refuse(argv);
	char *rows = slurp(database, &size);
	if (!exists(map) || !rows || !memmem(rows, size, argv[2], strlen(argv[2])))
		return 1;
	puts(argv[2]);
	return 0;
}

static int fake_reader(char **argv, const char *file)
{
	char *path = beneath("%s", file);

	if (!exists(path))
		broken("read", path);
	return argv ? 0 : 1;
}

/* Not in one go: what a kill leaves of a compiled file may be cut short. */
static int fake_sievec(char **argv)
{
	size_t size;
	char *source = beneath("/var/mail/sieve/before/spam.sieve"),
	     *output = beneath("/var/mail/sieve/before/spam.svbin");

	if (!IS(argv + 1, "/var/mail/sieve/before/spam.sieve"))
		return refuse(argv);
	char *rule = slurp(source, &size);
	FILE *f = rule ? fopen(output, "w") : NULL;
	if (!f)
		broken("write", output);
	fprintf(f, "compiled from %zu bytes\n%s", size, rule);
	return fclose(f) == 0 ? 0 : 1;
}

static int fake_tmpfiles(char **argv)
{
	char type, path[256], user[64], group[64];
	unsigned mode;

	if (!argv[1] || strcmp(argv[1], "--create") != 0 || !argv[2] || argv[3])
		return refuse(argv);
	char *conf = beneath("%s", argv[2]), *content = slurp(conf, NULL);
	if (!content)
		broken("read", conf);
	for (char *line = strtok(content, "\n"); line; line = strtok(NULL, "\n")) {
		if (*line == '#')
			continue;
		if (sscanf(line, "%c %255s %o %63s %63s", &type, path, &mode, user, group) != 5 || type != 'd')
			return refuse(argv);
		char *full = beneath("%s", path);
		if ((mkdir(full, 0700) < 0 && errno != EEXIST) ||
			chown(full, user_id(user), group_id(group)) < 0 || chmod(full, mode) < 0)
			broken("make", full);
	}
	return 0;
}

static int fake_helper(char **argv)
{
	size_t n = 0;

	while (argv[n])
		n++;
	if (n != 8 || strcmp(argv[5], "download-file") != 0 || strncmp(argv[6], "http", 4) != 0)
		return refuse(argv);
	store(beneath("%s", argv[7]), "Origin: Debian\n", 15, 0644);
	return 0;
}

/* Links of a SysV script: S01NAME in /etc/rc2.d to rc5.d where it is enabled, K01NAME where it is disabled. */
static char *rc_link(int level, char kind, const char *name)
{
	return beneath("/etc/rc%d.d/%c01%s", level, kind, name);
}

void sysv_links(const char *name, char kind)
{
	char *target;

	if (asprintf(&target, "../init.d/%s", name) < 0)
		broken("name", name);
	for (int level = 2; level <= 5; level++) {
		unlink(rc_link(level, 'S', name));
		unlink(rc_link(level, 'K', name));
		char *path = rc_link(level, kind, name);
		make_directories(path);
		if (kind != '-' && symlink(target, path) < 0)
			broken("link", path);
	}
}

static int fake_update_rc(char **argv)
{
	if (!argv[1] || !argv[2] || argv[3])
		return refuse(argv);
	bool known = exists(rc_link(2, 'S', argv[1])) || exists(rc_link(2, 'K', argv[1]));
	if (strcmp(argv[2], "enable") == 0)
		sysv_links(argv[1], 'S');
	else if (strcmp(argv[2], "disable") == 0)
		sysv_links(argv[1], 'K');
	else if (strcmp(argv[2], "defaults") != 0)
		return refuse(argv);
	else if (!known)
		sysv_links(argv[1], 'S');
	return 0;
}

int fake_run(char **argv, const char *root)
{
	const char *slash = strrchr(argv[0], '/');
	const char *name = slash ? slash + 1 : argv[0];

	state_root(root);
	fake_status = 0;
	if (strcmp(name, "postconf") == 0)
		return fake_postconf(argv);
	if (strcmp(name, "postmap") == 0)
		return fake_postmap(argv);
	if (strcmp(name, "postfix") == 0 && IS(argv + 1, "check"))
		return fake_reader(argv, "/etc/postfix/master.cf");
	if (strcmp(name, "doveconf") == 0 && IS(argv + 1, "-n"))
		return fake_reader(argv, "/etc/dovecot/dovecot.conf");
	if (strcmp(name, "opendkim") == 0 && IS(argv + 1, "-n", "-x", "/etc/opendkim.conf"))
		return fake_reader(argv, "/etc/dkimkeys/TableClefs");
	if (strcmp(name, "sievec") == 0)
		return fake_sievec(argv);
	if (strcmp(name, "systemd-tmpfiles") == 0)
		return fake_tmpfiles(argv);
	if (strcmp(name, "apt-helper") == 0)
		return fake_helper(argv);
	if (strcmp(name, "update-rc.d") == 0)
		return fake_update_rc(argv);
	if (fake_account(name, argv) >= 0 || fake_package(name, argv) >= 0)
		return fake_status;
	return refuse(argv);
}
