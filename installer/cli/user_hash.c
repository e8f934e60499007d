#include "cli/user_hash.h"
#include "base/i18n.h"
#include "mail/password.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define THREADS_MAX 64

struct work {
	struct row_input *rows;
	char **present; /* the hash of the account that is there, or NULL */
	size_t n;
	atomic_size_t next;
};

/* present: the hash of the account that is there already, or NULL. */
static struct error *hash_one(struct row_input *in, const char *present)
{
	CLEAN(secret) struct bytes secret = { 0 };

	bytes_add_text(&secret, in->value[USER_PASSWORD]);
	TRY(password_check(&secret));
	if (!present)
		return password_hash(&secret, &in->value[USER_HASH]);
	if (!password_matches(&secret, present))
		return fail(ERR_CONFLICT, "the account %s exists already, with another password", in->value[USER_ADDRESS]);
	in->value[USER_HASH] = text_copy(present);
	return NULL;
}

static void *hash_some(void *argument)
{
	struct work *w = argument;

	for (;;) {
		size_t i = atomic_fetch_add(&w->next, 1);

		if (i >= w->n)
			return NULL;
		if (!w->rows[i].error && !w->rows[i].value[USER_HASH])
			w->rows[i].error = hash_one(&w->rows[i], w->present[i]);
	}
}

/* This thread works too: where no other can be started, it does all. */
static void hash_all(struct work *w)
{
	pthread_t threads[THREADS_MAX];
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t started = 0;

	while (started < THREADS_MAX && (long)started + 1 < processors &&
		pthread_create(&threads[started], NULL, hash_some, w) == 0)
		started++;
	hash_some(w);
	while (started)
		pthread_join(threads[--started], NULL);
}

static struct error *check_given(const struct row_input *in)
{
	if (in->value[USER_HASH] && in->value[USER_PASSWORD])
		return fail(ERR_USAGE, "it has a password and a hash; give one of them");
	if (!in->value[USER_HASH] && !in->value[USER_PASSWORD])
		return fail(ERR_USAGE, "its password is missing; the columns for it are password and hash");
	return NULL;
}

struct error *users_hash(struct accounts *a, struct row_input *in, size_t n)
{
	struct work w = { .rows = in, .n = n };
	struct error *e = NULL;

	w.present = allocate((n + 1) * sizeof(*w.present));
	for (size_t i = 0; i < n && !e; i++) {
		if (in[i].error)
			continue;
		in[i].error = check_given(&in[i]);
		if (!in[i].error && in[i].value[USER_PASSWORD])
			e = accounts_user_hash(a, in[i].value[USER_ADDRESS], &w.present[i]);
	}
	if (!e)
		hash_all(&w);
	for (size_t i = 0; i < n; i++)
		free(w.present[i]);
	free(w.present);
	return e;
}
