/*
 * Which packages a rollback purges: those that came with mailsetup's transactions, and what an upgrade of Debian has added to them
 * since. apt's own marks and its own autoremove tell whose a package is that came later: automatic, and of no use to anything when
 * ours are gone. A package that another hand has asked for is never among them, nor one that was there before; and what such a
 * package needs of ours stays.
 */
#include "ensure/packages_parts.h"

/* All in plain names: a package that becomes "Multi-Arch: same" with an upgrade gets another name from dpkg. */
struct known {
	struct list before;  /* the first transaction */
	struct list brought; /* by the transactions */
	struct list others;  /* here now, and neither */
	struct list manual;
	struct list unwanted; /* by anything, as it is now */
};

static void known_free(struct known *k)
{
	list_free(&k->before);
	list_free(&k->brought);
	list_free(&k->others);
	list_free(&k->manual);
	list_free(&k->unwanted);
}

static void known_cleanup(struct known *k)
{
	known_free(k);
}

static struct error *names_of(struct run *run, const json_t *array, struct list *ret)
{
	size_t i;
	json_t *element;

	json_array_foreach(array, i, element)
		list_add(ret, json_string_value(element));
	return packages_plain_names(run->host, ret);
}

/* A transaction that never came to its end has noted nothing: then all that is new came with it. */
static struct error *know(struct run *run, const json_t *before, struct known *ret)
{
	CLEAN(list) struct list present = { 0 }, noted = { 0 };
	CLEAN(free) char *note = NULL;

	TRY(state_note_get(run->state, BROUGHT_NOTE, &note));
	CLEAN(json_decref) json_t *brought = note ? json_loads(note, 0, NULL) : NULL;
	TRY(names_of(run, brought, &noted));
	TRY(names_of(run, json_object_get(before, "packages"), &ret->before));
	TRY(packages_present(run->host, &present));
	TRY(packages_plain_names(run->host, &present));
	for (size_t i = 0; i < present.n; i++)
		if (!list_has(&ret->before, present.v[i]))
			list_add(!brought || list_has(&noted, present.v[i]) ? &ret->brought : &ret->others, present.v[i]);
	return NULL;
}

static void add_others(const struct known *k, const struct list *from, bool unwanted_before, struct list *purge)
{
	for (size_t i = 0; i < k->others.n; i++) {
		const char *name = k->others.v[i];

		if (list_has(from, name) && list_has(&k->unwanted, name) == unwanted_before && !list_has(&k->manual, name) &&
			!list_has(purge, name))
			list_add(purge, name);
	}
}

/* Adds the others that only these packages have any use for, and those that depend on these and that nothing has any use for. */
static struct error *add_followers(struct run *run, const struct known *k, struct list *purge)
{
	CLEAN(list) struct list unwanted = { 0 };
	size_t before = 0;

	if (!purge->n)
		return NULL;
	TRY(packages_go_with(run->host, (const char *const *)purge->v, SWEEP_UNWANTED, &unwanted));
	add_others(k, &unwanted, false, purge);
	while (k->unwanted.n && before < purge->n) {
		CLEAN(list) struct list dependents = { 0 };

		before = purge->n;
		TRY(packages_go_with(run->host, (const char *const *)purge->v, SWEEP_NOTHING, &dependents));
		add_others(k, &dependents, true, purge);
	}
	return NULL;
}

/* Of ours, what goes when those go that were asked for by name: the rest, something else needs by now. */
static struct error *list_free_of_others(struct run *run, const struct known *k, struct list *ret, struct list *ret_stays)
{
	CLEAN(list) struct list roots = { 0 }, unneeded = { 0 };

	for (size_t i = 0; i < k->brought.n; i++)
		if (list_has(&k->manual, k->brought.v[i]))
			list_add(&roots, k->brought.v[i]);
	TRY(packages_go_with(run->host, (const char *const *)roots.v, SWEEP_UNNEEDED, &unneeded));
	for (size_t i = 0; i < k->brought.n; i++)
		list_add(list_has(&unneeded, k->brought.v[i]) ? ret : ret_stays, k->brought.v[i]);
	return NULL;
}

static struct error *conflicts(struct run *run, const struct list *purge, bool *ret)
{
	struct error *e = purge->n ? packages_purge_check(run->host, (const char *const *)purge->v) : NULL;

	*ret = error_code(e) == ERR_CONFLICT;
	if (!*ret)
		return e;
	error_free(e);
	return NULL;
}

static void list_copy(const struct list *from, struct list *to)
{
	list_free(to);
	for (size_t i = 0; i < from->n; i++)
		list_add(to, from->v[i]);
}

struct error *list_purge(struct run *run, const json_t *before, struct list *ret, struct list *ret_stays)
{
	CLEAN(known) struct known k = { 0 };
	CLEAN(list) struct list chosen = { 0 };
	bool wrong;

	TRY(know(run, before, &k));
	list_copy(&k.brought, ret);
	if (!k.others.n)
		return NULL;
	TRY(packages_manual(run->host, &k.manual));
	TRY(packages_go_with(run->host, NULL, SWEEP_UNWANTED, &k.unwanted));
	TRY(add_followers(run, &k, ret));
	TRY(conflicts(run, ret, &wrong));
	if (!wrong)
		return NULL;
	TRY(list_free_of_others(run, &k, &chosen, ret_stays));
	list_copy(&chosen, ret);
	return add_followers(run, &k, ret);
}
