#include "tests/crash/fakes_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int fake_status;

/* A table of lines with fields between colons; the first is the key. */
static char *table(const char *path)
{
	char *full = beneath("%s", path), *content = slurp(full, NULL);

	if (!content)
		broken("read", full);
	free(full);
	return content;
}

static char *find(const char *path, const char *name)
{
	char *content = table(path);
	size_t n = strlen(name);

	for (char *line = strtok(content, "\n"); line; line = strtok(NULL, "\n"))
		if (strncmp(line, name, n) == 0 && line[n] == ':')
			return line;
	return NULL;
}

static char *field(char *line, int n)
{
	char *copy = strdup(line), *next = copy;

	while (n-- && next)
		next = strchr(next, ':') ? strchr(next, ':') + 1 : NULL;
	if (next)
		next[strcspn(next, ":")] = '\0';
	return next ? next : strdup("");
}

static bool id_taken(const char *path, unsigned id)
{
	char *content = table(path);

	for (char *line = strtok(content, "\n"); line; line = strtok(NULL, "\n"))
		if ((unsigned)atoi(field(line, 2)) == id)
			return true;
	return false;
}

/* The real ones give what is free; here the name decides, so that the order of making does not. */
static unsigned free_id(const char *path, const char *name)
{
	unsigned id = 999;

	for (; *name; name++)
		id = 100 + (id * 31 + (unsigned char)*name) % 900;
	while (id_taken(path, id))
		id = id == 100 ? 999 : id - 1;
	return id;
}

/* Writes the table anew without name's line, then with line at its end; either may be NULL. */
static void rewrite(const char *path, const char *name, const char *line)
{
	char *content = table(path), *text = NULL;
	size_t size = 0, n = name ? strlen(name) : 0;
	FILE *f = open_memstream(&text, &size);

	for (char *l = strtok(content, "\n"); l; l = strtok(NULL, "\n")) {
		if (!name || strncmp(l, name, n) != 0 || l[n] != ':')
			fprintf(f, "%s\n", l);
		else if (line)
			fprintf(f, "%s\n", line);
	}
	if (line && (!name || !find(path, name)))
		fprintf(f, "%s\n", line);
	fclose(f);
	store(beneath("%s", path), text, size, 0644);
}

uid_t user_id(const char *name)
{
	char *line = find("/etc/passwd", name);

	return line ? (uid_t)atoi(field(line, 2)) : 0;
}

gid_t group_id(const char *name)
{
	char *line = find("/etc/group", name);

	return line ? (gid_t)atoi(field(line, 2)) : 0;
}

void group_make(const char *name, const char *id)
{
	char *line;

	if (find("/etc/group", name))
		return;
	if (asprintf(&line, "%s:x:%u:", name, id ? (unsigned)atoi(id) : free_id("/etc/group", name)) > 0)
		rewrite("/etc/group", name, line);
}

void user_make(const char *name, const char *id, const char *group, const char *home, const char *shell)
{
	char *line;

	if (find("/etc/passwd", name))
		return;
	if (asprintf(&line, "%s:x:%u:%u::%s:%s", name, id ? (unsigned)atoi(id) : free_id("/etc/passwd", name),
		    (unsigned)group_id(group), home, shell) > 0)
		rewrite("/etc/passwd", name, line);
}

/* Members of the group without user, and with it where add is set. */
static void set_member(const char *group, const char *user, bool add)
{
	char *line = find("/etc/group", group), *members = NULL;
	size_t size = 0;
	char *text;

	if (!line)
		return;
	FILE *f = open_memstream(&members, &size);
	char *rest = field(line, 3);
	for (char *m = strtok(rest, ","); m; m = strtok(NULL, ","))
		if (strcmp(m, user) != 0)
			fprintf(f, "%s%s", ftell(f) ? "," : "", m);
	if (add)
		fprintf(f, "%s%s", ftell(f) ? "," : "", user);
	fclose(f);
	if (asprintf(&text, "%s:x:%s:%s", group, field(line, 2), members) > 0)
		rewrite("/etc/group", group, text);
}

static int userdel(const char *name)
{
	char *content, *own = find("/etc/group", name), *user = find("/etc/passwd", name);
	bool shared = false;

	if (!user)
		return 6;
	char *gid = field(user, 3);
	rewrite("/etc/passwd", name, NULL);
	content = table("/etc/group");
	for (char *save = NULL, *l = strtok_r(content, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (strstr(l, name))
			set_member(field(l, 0), name, false);
	content = table("/etc/passwd");
	for (char *l = strtok(content, "\n"); l; l = strtok(NULL, "\n"))
		shared |= strcmp(field(l, 3), gid) == 0;
	/* As USERGROUPS_ENAB says: its own group goes with it. */
	if (own && !shared && strcmp(field(own, 2), gid) == 0 && !*field(find("/etc/group", name), 3))
		rewrite("/etc/group", name, NULL);
	return 0;
}

static int useradd(char **argv)
{
	static const char *const order[] = { "--system", "--no-create-home", "--home-dir", NULL, "--shell",
		NULL, "--gid" };
	const char *id = NULL;

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
		if (!argv[i + 1] || (order[i] && strcmp(argv[i + 1], order[i]) != 0))
			return refuse(argv);
	char **rest = argv + 9;
	if (*rest && strcmp(*rest, "--uid") == 0) {
		id = rest[1];
		rest += 2;
	}
	if (!*rest || rest[1])
		return refuse(argv);
	if (find("/etc/passwd", *rest))
		return 9;
	if (!find("/etc/group", argv[8]) || (id && id_taken("/etc/passwd", (unsigned)atoi(id))))
		return 4;
	user_make(*rest, id, argv[8], argv[4], argv[6]);
	return 0;
}

static int groupadd(char **argv)
{
	bool numbered = argv[1] && argv[2] && strcmp(argv[2], "--gid") == 0 && argv[3];
	char *name = numbered ? argv[4] : argv[1] ? argv[2] : NULL;

	if (!name || strcmp(argv[1], "--system") != 0 || *name == '-' || argv[numbered ? 5 : 3])
		return refuse(argv);
	if (find("/etc/group", name))
		return 9;
	group_make(name, numbered ? argv[3] : NULL);
	return 0;
}

int fake_account(const char *name, char **argv)
{
	if (strcmp(name, "useradd") == 0)
		fake_status = useradd(argv);
	else if (strcmp(name, "groupadd") == 0)
		fake_status = groupadd(argv);
	else if (strcmp(name, "userdel") == 0)
		fake_status = argv[1] && !argv[2] && argv[1][0] != '-' ? userdel(argv[1]) : refuse(argv);
	else if (strcmp(name, "groupdel") == 0 && argv[1] && !argv[2] && argv[1][0] != '-')
		rewrite("/etc/group", argv[1], NULL);
	else if (strcmp(name, "usermod") == 0 && argv[1] && argv[2] && argv[3] &&
		 IS(argv + 1, "-a", "-G", argv[3], argv[4]))
		set_member(argv[3], argv[4], true);
	else if (strcmp(name, "gpasswd") == 0 && argv[1] && argv[2] && IS(argv + 1, "-d", argv[2], argv[3]))
		set_member(argv[3], argv[2], false);
	else
		return -1;
	return 0;
}
