#include "checks/mailbox.h"
#include "base/interrupt.h"
#include "host/crypto.h"
#include "host/file.h"
#include "host/process.h"
#include "host/queue.h"
#include "mail/accounts.h"
#include "mail/mailbox.h"
#include "mail/name.h"
#include "mail/password.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#define LOCK_DIRECTORY "/run"
#define LOCK_NAME      "mailsetup-verify.lock"

static struct error *take_lock(struct host *h, int *ret)
{
	CLEAN(fd) int directory = -1;
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	TRY(file_open(h, LOCK_DIRECTORY, O_RDONLY | O_DIRECTORY, &directory));
	CLEAN(fd) int fd = openat(directory, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_errno(errno, "cannot open %s/%s", LOCK_DIRECTORY, LOCK_NAME);
	for (unsigned tries = 0; fcntl(fd, F_OFD_SETLK, &lock) < 0; tries++) {
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return fail_errno(errno, "cannot lock %s/%s", LOCK_DIRECTORY, LOCK_NAME);
		if (interrupted())
			return fail(ERR_STOPPED, "interrupted while waiting for another verification");
		if (tries == 300)
			return fail(ERR_BUSY, "another verification is running, try again when it has ended");
		poll(NULL, 0, 100);
	}
	*ret = fd;
	fd = -1;
	return NULL;
}

static bool is_of(const char *mailbox, const char *address)
{
	return strncasecmp(address, mailbox, (size_t)(address_domain(mailbox) - 1 - mailbox)) == 0;
}

static bool concerns(const struct queue_entry *entry, const char *mailbox)
{
	bool found = is_of(mailbox, entry->sender);

	for (size_t i = 0; i < entry->recipients.n; i++)
		found |= is_of(mailbox, entry->recipients.v[i]);
	return found;
}

struct in_queue {
	const char *mailbox;
	struct list ids;
	char *reason;
};

static void look(void *context, const struct queue_entry *entry)
{
	struct in_queue *q = context;

	if (!concerns(entry, q->mailbox))
		return;
	list_add(&q->ids, entry->id);
	for (size_t i = 0; i < entry->reasons.n && !q->reason; i++)
		if (*entry->reasons.v[i])
			q->reason = text_copy(entry->reasons.v[i]);
}

struct error *test_mailbox_stuck(struct host *h, const char *mailbox, char **ret_reason)
{
	struct in_queue q = { .mailbox = mailbox };
	struct error *e = queue_each(h, look, &q);

	list_free(&q.ids);
	*ret_reason = q.reason;
	return e;
}

static struct error *empty_queue(struct host *h, const char *mailbox)
{
	struct in_queue q = { .mailbox = mailbox };
	struct error *e = process_available(h, "postqueue") ? queue_each(h, look, &q) : NULL;
	size_t deleted;

	if (!e && q.ids.n)
		e = queue_change(h, QUEUE_DELETE, &q.ids, &deleted);
	list_free(&q.ids);
	free(q.reason);
	return e;
}

char *test_address(const char *mailbox, const char *word)
{
	const char *domain = address_domain(mailbox);

	return text("%.*s-%s@%s", (int)(domain - 1 - mailbox), mailbox, word, domain);
}

char *test_refusal(const char *mailbox)
{
	return text_copy_n(mailbox, (size_t)(address_domain(mailbox) - 1 - mailbox));
}

/* In the guide's tables, by its columns. */
static const struct beside {
	const char *table, *key, *word;
	bool local; /* the key is the local part alone */
} beside[] = {
	{ "postfix_alias_virtuels", "courriel", TEST_ALIAS, false },
	{ "postfix_alias", "alias", TEST_ALIAS, true },
	{ "postfix_liste_noire_destinataires", "courriel", TEST_REFUSED, false },
	{ "postfix_liste_noire_expediteurs", "courriel", TEST_BANNED, false },
};
#define BESIDE (sizeof(beside) / sizeof(*beside))

static char *key_of(const struct beside *b, const char *mailbox)
{
	CLEAN(free) char *address = test_address(mailbox, b->word);

	return b->local ? text_copy_n(address, strcspn(address, "@")) : TAKE(address);
}

static struct error *add_beside(struct accounts *a, const char *mailbox)
{
	CLEAN(free) char *refusal = test_refusal(mailbox);
	CLEAN(free) char *action = text("REJECT %s", refusal);
	const struct cell values[BESIDE][2] = {
		{ { "destination", mailbox } },
		{ { "destination", mailbox } },
		{ { "action", action } },
		{ { "code_retour", "554" }, { "message", refusal } },
	};

	for (size_t i = 0; i < BESIDE; i++) {
		CLEAN(free) char *key = key_of(&beside[i], mailbox);
		const struct cell cells[] = { { beside[i].key, key }, { "active", "1" }, values[i][0],
			values[i][1], { 0 } };

		TRY(accounts_row_insert(a, beside[i].table, cells));
	}
	return NULL;
}

static struct error *remove_beside(struct accounts *a, const char *mailbox)
{
	struct error *e = NULL;

	for (size_t i = 0; i < BESIDE; i++) {
		CLEAN(free) char *key = key_of(&beside[i], mailbox);

		e = join(e, accounts_row_delete(a, beside[i].table, beside[i].key, key));
	}
	return e;
}

/* The queue before the account: a message to an unknown address would bounce. And after it: one that was on its
 * way. The account stays, switched off, while anything of it does: by it the next verification finds the rest. */
static struct error *remove_all_of(struct host *h, struct accounts *a, const char *address)
{
	struct error *e = empty_queue(h, address);
	bool changed;

	e = join(e, remove_beside(a, address));
	e = join(e, accounts_row_switch(a, "postfix_utilisateurs", "utilisateur", address, false, &changed));
	e = join(e, mailbox_remove(h, address));
	e = join(e, empty_queue(h, address));
	return e ? e : accounts_user_delete(a, address);
}

static struct error *sweep(struct host *h, struct accounts *a)
{
	CLEAN(list) struct list users = { 0 };
	struct error *e = NULL;

	TRY(accounts_users(a, &users));
	for (size_t i = 0; i < users.n; i++)
		if (starts_with(users.v[i], MAILBOX_PREFIX))
			e = join(e, remove_all_of(h, a, users.v[i]));
	return wrap(e, "removing what an earlier verification left");
}

static struct error *make(struct host *h, const char *domain, struct test_mailbox *m)
{
	CLEAN(accounts_close) struct accounts *a = NULL;
	CLEAN(free) char *hash = NULL;
	char name[17], password[33];

	random_hex(name, sizeof(name) - 1);
	random_hex(password, sizeof(password) - 1);
	name[16] = password[32] = '\0';
	bytes_add_text(&m->password, password);
	explicit_bzero(password, sizeof(password));
	m->address = text(MAILBOX_PREFIX "%s@%s", name, domain);

	TRY(accounts_open(h, false, &a));
	TRY(sweep(h, a));
	TRY(password_hash(&m->password, &hash));
	TRY(accounts_user_add(a, m->address, hash, "mailsetup verify", "utilisateur", true));
	struct error *e = add_beside(a, m->address);
	return e ? join(e, remove_all_of(h, a, m->address)) : NULL;
}

static void test_mailbox_free(struct test_mailbox *m)
{
	bytes_wipe(&m->password);
	free(TAKE(m->address));
	fd_cleanup(&m->lock);
	m->lock = -1;
}

struct error *test_mailbox_make(struct host *h, const char *domain, struct test_mailbox *ret)
{
	struct test_mailbox m = { .lock = -1 };
	struct error *e = take_lock(h, &m.lock);

	if (!e)
		e = make(h, domain, &m);
	if (e) {
		test_mailbox_free(&m);
		return e;
	}
	*ret = m;
	return NULL;
}

struct error *test_mailbox_remove(struct host *h, struct test_mailbox *m)
{
	CLEAN(accounts_close) struct accounts *a = NULL;

	if (!m->address)
		return NULL;
	struct error *e = accounts_open(h, false, &a);
	if (!e)
		e = remove_all_of(h, a, m->address);
	e = wrap(e, "removing the test mailbox %s (the next verification tries again)", m->address);
	test_mailbox_free(m);
	return e;
}
