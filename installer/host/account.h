/*
 * Users and groups of the machine, read from its /etc/passwd and /etc/group (beneath the root, no NSS), changed
 * with useradd(8), usermod(8), groupadd(8), userdel(8), groupdel(8), gpasswd(1).
 */
#pragma once

#include "host/host.h"
#include <sys/types.h>

#define ID_ANY ((uid_t)-1) /* "the next free system id" where one is asked for */

struct user {
	bool exists;
	uid_t uid;
	gid_t gid;
	char home[256];
	char shell[256];
};
struct group {
	bool exists;
	gid_t gid;
};

/* Absence is not an error: ret->exists is false. */
struct error *user_find(struct host *h, const char *name, struct user *ret) MUST_USE;
struct error *group_find(struct host *h, const char *name, struct group *ret) MUST_USE;
/* Who has this id; *ret is NULL when nobody has. */
struct error *user_name_of(struct host *h, uid_t uid, char **ret) MUST_USE;
struct error *group_name_of(struct host *h, gid_t gid, char **ret) MUST_USE;
struct error *group_has_member(struct host *h, const char *group, const char *user, bool *ret) MUST_USE;
struct error *users_list(struct host *h, struct list *ret) MUST_USE;  /* names, sorted */
struct error *groups_list(struct host *h, struct list *ret) MUST_USE; /* names, sorted */

/* A system user without password and shell. gid_name is its primary group, which must exist. */
struct error *user_add(struct host *h, const char *name, uid_t uid, const char *group, const char *home) MUST_USE;
struct error *user_delete(struct host *h, const char *name) MUST_USE;  /* absence is success; home is kept */
struct error *group_add(struct host *h, const char *name, gid_t gid) MUST_USE;
struct error *group_delete(struct host *h, const char *name) MUST_USE; /* absence is success */
struct error *member_add(struct host *h, const char *group, const char *user) MUST_USE;
struct error *member_remove(struct host *h, const char *group, const char *user) MUST_USE;
