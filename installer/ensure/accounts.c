#include "ensure/ensure.h"
#include "base/i18n.h"
#include "ensure/verbs.h"
#include "host/account.h"

static struct error *refuse_taken(const char *kind, unsigned id, const char *holder, const char *name)
{
	if (!holder)
		return NULL;
	return fail(ERR_CONFLICT, "%s id %u belongs to %s, but %s needs it: mailboxes carry this number; give %s another one",
		kind, id, holder, name, holder);
}

struct error *ensure_group(struct run *run, const char *name, gid_t id)
{
	struct group now;

	TRY(group_find(run->host, name, &now));
	if (now.exists)
		return NULL;
	if (id != ID_ANY) {
		CLEAN(free) char *holder = NULL;

		TRY(group_name_of(run->host, id, &holder));
		TRY(refuse_taken(_("group"), id, holder, name));
	}
	if (run_is_plan(run)) {
		run_difference(run, "group", name, false, "to be made");
		return NULL;
	}
	TRY(run_intend(run, &(struct undo_record){ .verb = "group", .target = (char *)name }));
	TRY(group_add(run->host, name, id));
	run_changed(run, "group", name);
	return NULL;
}

struct error *undo_group(struct run *run, const struct undo_record *record)
{
	return group_delete(run->host, record->target);
}

struct error *ensure_user(struct run *run, const char *name, uid_t id, const char *group, const char *home)
{
	struct user now;

	TRY(user_find(run->host, name, &now));
	if (now.exists)
		return NULL;
	if (id != ID_ANY) {
		CLEAN(free) char *holder = NULL;

		TRY(user_name_of(run->host, id, &holder));
		TRY(refuse_taken(_("user"), id, holder, name));
	}
	if (run_is_plan(run)) {
		run_difference(run, "user", name, false, "to be made");
		return NULL;
	}
	TRY(run_intend(run, &(struct undo_record){ .verb = "user", .target = (char *)name }));
	TRY(user_add(run->host, name, id, group, home));
	run_changed(run, "user", name);
	return NULL;
}

struct error *undo_user(struct run *run, const struct undo_record *record)
{
	return user_delete(run->host, record->target);
}

struct error *ensure_member(struct run *run, const char *user, const char *group)
{
	CLEAN(free) char *target = text("%s:%s", group, user);
	bool member;

	TRY(group_has_member(run->host, group, user, &member));
	if (member)
		return NULL;
	if (run_is_plan(run)) {
		run_difference(run, "member", target, false, "to be added");
		return NULL;
	}
	TRY(run_intend(run, &(struct undo_record){ .verb = "member", .target = target }));
	TRY(member_add(run->host, group, user));
	run_changed(run, "member", target);
	return NULL;
}

struct error *undo_member(struct run *run, const struct undo_record *record)
{
	CLEAN(list) struct list names = { 0 };

	list_split(&names, record->target, ":");
	if (names.n != 2)
		return fail(ERR_INCOMPLETE, "malformed record");
	return member_remove(run->host, names.v[0], names.v[1]);
}
