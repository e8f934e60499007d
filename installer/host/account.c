#include "host/account.h"

#include "host/file.h"
#include "host/process.h"
#include "host/seam.h"
#include <fcntl.h>
#include <pwd.h>
/* The C library's struct group has the name of ours. */
#define group libc_group
#include <grp.h>
#undef group

#define NOLOGIN "/usr/sbin/nologin"

static struct error *open_table(struct host *h, const char *path, FILE **ret)
{
	CLEAN(fd) int fd = -1;

	TRY(file_open(h, path, O_RDONLY, &fd));
	*ret = fdopen(fd, "r");
	if (!*ret)
		return fail_errno(errno, "cannot read %s", path);
	fd = -1;
	return NULL;
}

/* By name, or, where name is NULL, by id. *ret is the C library's own; NULL when there is none. */
static struct error *passwd_find(struct host *h, const char *name, uid_t uid, struct passwd **ret)
{
	CLEAN(fclose) FILE *f = NULL;

	TRY(open_table(h, "/etc/passwd", &f));
	while ((*ret = fgetpwent(f)))
		if (name ? strcmp((*ret)->pw_name, name) == 0 : (*ret)->pw_uid == uid)
			break;
	return NULL;
}

static struct error *entry_find(struct host *h, const char *name, gid_t gid, struct libc_group **ret)
{
	CLEAN(fclose) FILE *f = NULL;

	TRY(open_table(h, "/etc/group", &f));
	while ((*ret = fgetgrent(f)))
		if (name ? strcmp((*ret)->gr_name, name) == 0 : (*ret)->gr_gid == gid)
			break;
	return NULL;
}

struct error *user_find(struct host *h, const char *name, struct user *ret)
{
	struct passwd *found;

	*ret = (struct user){ 0 };
	TRY(passwd_find(h, name, 0, &found));
	if (!found)
		return NULL;
	*ret = (struct user){ .exists = true, .uid = found->pw_uid, .gid = found->pw_gid };
	snprintf(ret->home, sizeof(ret->home), "%s", found->pw_dir);
	snprintf(ret->shell, sizeof(ret->shell), "%s", found->pw_shell);
	return NULL;
}

struct error *group_find(struct host *h, const char *name, struct group *ret)
{
	struct libc_group *found;

	*ret = (struct group){ 0 };
	TRY(entry_find(h, name, 0, &found));
	if (found)
		*ret = (struct group){ .exists = true, .gid = found->gr_gid };
	return NULL;
}

struct error *user_name_of(struct host *h, uid_t uid, char **ret)
{
	struct passwd *found;

	*ret = NULL;
	TRY(passwd_find(h, NULL, uid, &found));
	*ret = found ? text_copy(found->pw_name) : NULL;
	return NULL;
}

struct error *group_name_of(struct host *h, gid_t gid, char **ret)
{
	struct libc_group *found;

	*ret = NULL;
	TRY(entry_find(h, NULL, gid, &found));
	*ret = found ? text_copy(found->gr_name) : NULL;
	return NULL;
}

struct error *group_has_member(struct host *h, const char *group, const char *user, bool *ret)
{
	struct libc_group *found;

	*ret = false;
	TRY(entry_find(h, group, 0, &found));
	for (char **member = found ? found->gr_mem : NULL; member && *member; member++)
		*ret |= strcmp(*member, user) == 0;
	return NULL;
}

struct error *users_list(struct host *h, struct list *ret)
{
	CLEAN(fclose) FILE *f = NULL;
	struct passwd *entry;

	TRY(open_table(h, "/etc/passwd", &f));
	while ((entry = fgetpwent(f)))
		list_add(ret, entry->pw_name);
	list_sort(ret);
	return NULL;
}

struct error *groups_list(struct host *h, struct list *ret)
{
	CLEAN(fclose) FILE *f = NULL;
	struct libc_group *entry;

	TRY(open_table(h, "/etc/group", &f));
	while ((entry = fgetgrent(f)))
		list_add(ret, entry->gr_name);
	list_sort(ret);
	return NULL;
}

/* No option of a program, no separator of the tables. */
static struct error *name_check(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	if (!*name || *name == '-' || name[strspn(name, allowed)] || strlen(name) > 32)
		return fail(ERR_USAGE, "this is no name for a user or group: %s", name);
	return NULL;
}

static struct error *change(struct host *h, const char *name, const struct list *argv)
{
	TRY(name_check(name));
	TRY(seam(argv->v[0], name));
	return process_run(h, &(struct process){ .argv = (const char *const *)argv->v }, NULL, NULL);
}

static void add_words(struct list *argv, const char *const *words)
{
	for (; *words; words++)
		list_add(argv, *words);
}

#define WORDS(...) (const char *const[]){ __VA_ARGS__, NULL }

struct error *user_add(struct host *h, const char *name, uid_t uid, const char *group, const char *home)
{
	CLEAN(list) struct list argv = { 0 };

	add_words(&argv, WORDS("useradd", "--system", "--no-create-home", "--home-dir", home));
	add_words(&argv, WORDS("--shell", NOLOGIN, "--gid", group));
	if (uid != ID_ANY) {
		list_add(&argv, "--uid");
		list_addf(&argv, "%u", (unsigned)uid);
	}
	list_add(&argv, name);
	return wrap(change(h, name, &argv), "cannot add the user %s", name);
}

struct error *user_delete(struct host *h, const char *name)
{
	CLEAN(list) struct list argv = { 0 };
	struct user user;

	TRY(user_find(h, name, &user));
	if (!user.exists)
		return NULL;
	add_words(&argv, WORDS("userdel", name));
	return wrap(change(h, name, &argv), "cannot delete the user %s", name);
}

struct error *group_add(struct host *h, const char *name, gid_t gid)
{
	CLEAN(list) struct list argv = { 0 };

	add_words(&argv, WORDS("groupadd", "--system"));
	if (gid != ID_ANY) {
		list_add(&argv, "--gid");
		list_addf(&argv, "%u", (unsigned)gid);
	}
	list_add(&argv, name);
	return wrap(change(h, name, &argv), "cannot add the group %s", name);
}

struct error *group_delete(struct host *h, const char *name)
{
	CLEAN(list) struct list argv = { 0 };
	struct group group;

	/* userdel takes the group of the same name along: it may be gone. */
	TRY(group_find(h, name, &group));
	if (!group.exists)
		return NULL;
	add_words(&argv, WORDS("groupdel", name));
	return wrap(change(h, name, &argv), "cannot delete the group %s", name);
}

struct error *member_add(struct host *h, const char *group, const char *user)
{
	CLEAN(list) struct list argv = { 0 };
	bool member;

	TRY(group_has_member(h, group, user, &member));
	if (member)
		return NULL;
	TRY(name_check(group));
	add_words(&argv, WORDS("usermod", "-a", "-G", group, user));
	return wrap(change(h, user, &argv), "cannot add %s to the group %s", user, group);
}

struct error *member_remove(struct host *h, const char *group, const char *user)
{
	CLEAN(list) struct list argv = { 0 };
	bool member;

	TRY(group_has_member(h, group, user, &member));
	if (!member)
		return NULL;
	TRY(name_check(group));
	add_words(&argv, WORDS("gpasswd", "-d", user, group));
	return wrap(change(h, user, &argv), "cannot take %s out of the group %s", user, group);
}
