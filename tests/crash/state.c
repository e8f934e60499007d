#include "tests/crash/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *root = "";

/* The files that a unit reads when it starts; a directory stands for the files in it. */
static const struct {
	const char *unit;
	const char *files[5];
} reads[] = {
	{ "postfix.service", { "/etc/postfix", "/etc/postfix/tls" } },
	{ "dovecot.service",
		{ "/etc/dovecot", "/etc/dovecot/conf.d", "/etc/postfix/tls", "/var/mail/sieve/before" } },
	{ "opendkim.service", { "/etc/opendkim.conf", "/etc/dkimkeys", "/etc/dkimkeys/clefs/exemple.fr" } },
	{ "spamassassin.service", { "/etc/default/spamassassin", "/etc/spamassassin" } },
	{ "spamd.service", { "/etc/default/spamd", "/etc/spamassassin" } },
	{ "spamass-milter.service", { "/etc/default/spamass-milter" } },
	{ "mailsetup-learn.timer", { "/etc/systemd/system/mailsetup-learn.timer" } },
};

void state_root(const char *path)
{
	root = path;
}

void broken(const char *what, const char *path)
{
	fprintf(stderr, "fake machine: cannot %s %s: %s\n", what, path, strerror(errno));
	_exit(98);
}

char *beneath(const char *format, ...)
{
	char *path, *full;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&path, format, arguments) < 0)
		broken("name", format);
	va_end(arguments);
	if (asprintf(&full, "%s%s", root, path) < 0)
		broken("name", path);
	free(path);
	return full;
}

char *slurp(const char *path, size_t *ret_size)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return NULL;
	if (fd < 0 || fstat(fd, &st) < 0)
		broken("read", path);
	char *content = calloc(1, (size_t)st.st_size + 1);
	if (read(fd, content, (size_t)st.st_size) != st.st_size)
		broken("read", path);
	close(fd);
	if (ret_size)
		*ret_size = (size_t)st.st_size;
	return content;
}

void make_directories(const char *path)
{
	char *copy = strdup(path);

	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			broken("make", copy);
		*slash = '/';
	}
	free(copy);
}

void store(const char *path, const char *content, size_t size, unsigned mode)
{
	char *temporary;

	if (asprintf(&temporary, "%s+", path) < 0)
		broken("name", path);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 && errno == ENOENT) {
		make_directories(path);
		fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	}
	if (fd < 0 || write(fd, content, size) != (ssize_t)size || fchmod(fd, mode) < 0 ||
		rename(temporary, path) < 0)
		broken("write", path);
	close(fd);
	free(temporary);
}

bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static bool there_is(const char *directory, const char *name)
{
	char *path = beneath("%s/%s", directory, name);
	bool found = exists(path);

	free(path);
	return found;
}

bool unit_exists(const char *unit)
{
	char *name = strndup(unit, strcspn(unit, "."));
	bool sysv = strstr(unit, ".service") && there_is("/etc/init.d", name);

	free(name);
	return sysv || there_is("/lib/systemd/system", unit) || there_is("/etc/systemd/system", unit);
}

bool unit_is_active(const char *unit)
{
	return there_is("/fake/active", unit);
}

static void add_file(FILE *text, const char *path)
{
	char *full = beneath("%s", path);
	struct stat st;
	size_t size = 0;
	uint64_t hash = 0xcbf29ce484222325;

	if (stat(full, &st) < 0 || !S_ISREG(st.st_mode)) {
		free(full);
		return;
	}
	char *content = slurp(full, &size);
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)content[i]) * 0x100000001b3;
	fprintf(text, "%s %016jx\n", path, (uintmax_t)hash);
	free(content);
	free(full);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void add_path(FILE *text, const char *path)
{
	char *full = beneath("%s", path), *below;
	struct dirent **entries;
	int n = scandir(full, &entries, NULL, by_name);

	for (int i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.' && asprintf(&below, "%s/%s", path, entries[i]->d_name) > 0) {
			add_file(text, below);
			free(below);
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	else
		add_file(text, path);
	free(full);
}

void unit_start_now(const char *unit)
{
	char *path = beneath("/fake/active/%s", unit), *read_then = NULL;
	size_t size = 0;
	FILE *text = open_memstream(&read_then, &size);

	for (size_t i = 0; i < sizeof(reads) / sizeof(*reads); i++)
		for (size_t f = 0; strcmp(reads[i].unit, unit) == 0 && reads[i].files[f]; f++)
			add_path(text, reads[i].files[f]);
	fclose(text);
	store(path, read_then, size, 0644);
	free(read_then);
	free(path);
}

void unit_stop_now(const char *unit)
{
	char *path = beneath("/fake/active/%s", unit);

	unlink(path);
	free(path);
}

char *unit_link(const char *unit)
{
	bool timer = strstr(unit, ".timer");

	return beneath("/etc/systemd/system/%s.target.wants/%s", timer ? "timers" : "multi-user", unit);
}
