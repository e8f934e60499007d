#include "migrate/prove.h"
#include "base/bytes.h"
#include "host/process.h"
#include "mail/mutf7.h"

#define COUNT_SECONDS 3600 /* Dovecot reads each new folder once, a million messages in a minute */

char *folder_title(const char *name)
{
	CLEAN(bytes) struct bytes title = { 0 };

	if (!*name)
		return text_copy("INBOX");
	if (!mutf7_decode(name + 1, &title))
		return text_copy(name + 1);
	return text_copy(bytes_text(&title));
}

void connected_users(struct host *h, struct list *ret)
{
	CLEAN(bytes) struct bytes output = { 0 };
	struct error *e = process_simple(h, &output, "doveadm", "-f", "json", "who", NULL);
	CLEAN(json_decref) json_t *who = e ? NULL : json_loads(bytes_text(&output), 0, NULL);
	json_t *one;
	size_t i;

	error_free(e);
	json_array_foreach (who, i, one) {
		const char *user = json_string_value(json_object_get(one, "username"));

		if (user && !list_has(ret, user))
			list_add(ret, user);
	}
}

static struct error *ask(struct host *h, const char *address, json_t **ret)
{
	const char *argv[] = { "doveadm", "-f", "json", "mailbox", "status", "-u", address, "messages", "*", NULL };
	CLEAN(bytes) struct bytes output = { 0 };

	/* 64: one of the folders cannot be opened; the others are counted. */
	TRY(process_run(h, &(struct process){ .argv = argv, .timeout = COUNT_SECONDS, .accept = 64 }, &output, NULL));
	*ret = json_loads(bytes_text(&output), 0, NULL);
	return json_is_array(*ret) ? NULL : fail(ERR_STOPPED, "doveadm does not say how many messages %s has", address);
}

static void set_count(struct mailbox *m, const char *title, int64_t count)
{
	for (size_t i = 0; i < m->n; i++) {
		CLEAN(free) char *own = folder_title(m->folders[i].name);

		if (strcmp(own, title) == 0)
			m->folders[i].counted = count;
	}
}

struct error *count_by_dovecot(struct host *h, struct report *r, const struct list *off)
{
	for (size_t i = 0; i < r->n; i++) {
		CLEAN(json_decref) json_t *status = NULL;
		json_t *one;
		size_t k;

		if (!r->mailboxes[i].address || list_has(off, r->mailboxes[i].address))
			continue;
		TRY(wrap(ask(h, r->mailboxes[i].address, &status), "%s", r->mailboxes[i].address));
		json_array_foreach (status, k, one) {
			const char *title = json_string_value(json_object_get(one, "mailbox"));
			const char *count = json_string_value(json_object_get(one, "messages"));

			if (title && count)
				set_count(&r->mailboxes[i], title, strtoll(count, NULL, 10));
		}
	}
	return NULL;
}

bool counts_add_up(const struct report *r, const struct list *off)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct mailbox *m = &r->mailboxes[i];

		for (size_t k = 0; m->address && !list_has(off, m->address) && k < m->n; k++)
			if (m->folders[k].counted != (int64_t)m->folders[k].files)
				return false;
	}
	return true;
}
