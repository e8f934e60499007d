#include "migrate/report.h"
#include "base/bytes.h"
#include "base/json_text.h"

static void reasons_free(struct reason *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].text);
		free(v[i].example);
	}
	free(v);
}

static void mailbox_free(struct mailbox *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->folders[i].name);
	free(m->folders);
	free(m->root);
	free(m->address);
	free(m->path);
}

void report_free(struct report *r)
{
	for (size_t i = 0; i < r->n; i++)
		mailbox_free(&r->mailboxes[i]);
	free(r->mailboxes);
	reasons_free(r->refused, r->n_refused);
	reasons_free(r->left_out, r->n_left_out);
	*r = (struct report){ 0 };
}

struct mailbox *report_mailbox(struct report *r, const char *root)
{
	/* An archive names one mailbox after the other. */
	for (size_t i = r->n; i-- > 0;)
		if (strcmp(r->mailboxes[i].root, root) == 0)
			return &r->mailboxes[i];
	return NULL;
}

struct mailbox *report_mailbox_add(struct report *r, const char *root, const char *address)
{
	r->mailboxes = reallocate(r->mailboxes, r->n + 1, sizeof(*r->mailboxes));
	struct mailbox *m = &r->mailboxes[r->n++];
	const char *at = address ? strchr(address, '@') : NULL;

	*m = (struct mailbox){ .root = text_copy(root), .address = text_copy(address) };
	if (at)
		m->path = text("%s/%.*s", at + 1, (int)(at - address), address);
	return m;
}

struct folder *report_folder(struct report *r, struct mailbox *m, const char *name)
{
	for (size_t i = m->n; i-- > 0;)
		if (strcmp(m->folders[i].name, name) == 0)
			return &m->folders[i];
	m->folders = reallocate(m->folders, m->n + 1, sizeof(*m->folders));
	m->folders[m->n] = (struct folder){ .name = text_copy(name), .number = r->folders++, .counted = -1 };
	return &m->folders[m->n++];
}

void reason_count(struct reason **v, size_t *n, const char *text, const char *path)
{
	for (size_t i = 0; i < *n; i++)
		if (strcmp((*v)[i].text, text) == 0) {
			(*v)[i].n++;
			return;
		}
	*v = reallocate(*v, *n + 1, sizeof(**v));
	(*v)[(*n)++] = (struct reason){ .text = text_copy(text), .example = text_copy(path), .n = 1 };
}

struct totals report_totals(const struct report *r)
{
	struct totals t = { 0 };

	/* One under a name that fits no folder is refused, and counted in none. */
	for (size_t i = 0; i < r->n_refused; i++)
		t.refused += r->refused[i].n;
	t.archive = t.refused;
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < r->mailboxes[i].n; k++) {
			const struct folder *f = &r->mailboxes[i].folders[k];

			t.archive += f->archive - f->refused;
			t.imported += f->imported;
			t.present += f->present;
			t.without_account += r->mailboxes[i].address ? 0 : f->archive - f->refused;
		}
	return t;
}

static json_t *reasons_json(const struct reason *v, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list,
			json_pack("{so so sI}", "reason", json_text(v[i].text), "example", json_text(v[i].example), "count",
				(json_int_t)v[i].n));
	return list;
}

static json_t *mailbox_json(const struct mailbox *m)
{
	json_t *folders = json_array();

	for (size_t i = 0; i < m->n; i++) {
		const struct folder *f = &m->folders[i];

		json_array_append_new(folders,
			json_pack("{so sb sI sI sI sI sI}", "name", json_text(f->name), "made", f->made, "archive", (json_int_t)f->archive, "imported",
				(json_int_t)f->imported, "present", (json_int_t)f->present, "refused", (json_int_t)f->refused,
				"files", (json_int_t)f->files));
	}
	return json_pack("{so ss? so}", "root", json_text(m->root), "address", m->address, "folders", folders);
}

json_t *report_json(const struct report *r)
{
	json_t *mailboxes = json_array();

	for (size_t i = 0; i < r->n; i++)
		json_array_append_new(mailboxes, mailbox_json(&r->mailboxes[i]));
	return json_pack("{so so so}", "mailboxes", mailboxes, "refused", reasons_json(r->refused, r->n_refused), "left_out",
		reasons_json(r->left_out, r->n_left_out));
}

static bool read_folder(const json_t *json, struct report *r, struct mailbox *m)
{
	json_int_t archive, imported, present, refused, files;
	const char *name;
	int made;

	if (json_unpack((json_t *)json, "{ss sb sI sI sI sI sI}", "name", &name, "made", &made, "archive", &archive, "imported", &imported, "present",
		    &present, "refused", &refused, "files", &files) < 0)
		return false;
	struct folder *f = report_folder(r, m, name);
	f->made = made;
	f->archive = (uint64_t)archive;
	f->imported = (uint64_t)imported;
	f->present = (uint64_t)present;
	f->refused = (uint64_t)refused;
	f->files = (uint64_t)files;
	return true;
}

static bool read_mailbox(const json_t *json, struct report *r)
{
	const char *root, *address = NULL;
	json_t *folders, *one;
	size_t i;

	if (json_unpack((json_t *)json, "{ss s?s so}", "root", &root, "address", &address, "folders", &folders) < 0)
		if (json_unpack((json_t *)json, "{ss sn so}", "root", &root, "address", "folders", &folders) < 0)
			return false;
	struct mailbox *m = report_mailbox_add(r, root, address);
	json_array_foreach (folders, i, one)
		if (!read_folder(one, r, m))
			return false;
	return true;
}

static bool read_reasons(const json_t *list, struct reason **v, size_t *n)
{
	const char *why, *example;
	json_int_t count;
	size_t i;
	json_t *one;

	json_array_foreach (list, i, one) {
		if (json_unpack(one, "{ss ss sI}", "reason", &why, "example", &example, "count", &count) < 0)
			return false;
		reason_count(v, n, why, example);
		(*v)[*n - 1].n = (uint64_t)count;
	}
	return true;
}

struct error *report_read(const json_t *json, struct report *ret)
{
	const json_t *mailboxes = json_object_get(json, "mailboxes");
	bool good = json_is_array(mailboxes);
	json_t *one;
	size_t i;

	*ret = (struct report){ 0 };
	json_array_foreach (mailboxes, i, one)
		good = good && read_mailbox(one, ret);
	good = good && read_reasons(json_object_get(json, "refused"), &ret->refused, &ret->n_refused) &&
	       read_reasons(json_object_get(json, "left_out"), &ret->left_out, &ret->n_left_out);
	return good ? NULL : fail(ERR_CONFLICT, "the record of the import is not as mailsetup writes it");
}
