/*
 * libFuzzer's target over what an archive may say in names and small files: whatever the bytes are, what is accepted keeps the promises
 * of the headers. The first byte of the input chooses the part, the rest is its text.
 */
#include "mail/dovecot_files.h"
#include "mail/maildir.h"
#include "mail/mutf7.h"
#include "mail/uidlist.h"
#include "mail/utf8.h"

#include <strings.h>

#define HOLDS(condition)                                                                                     \
	do {                                                                                                 \
		if (!(condition)) {                                                                          \
			fprintf(stderr, "%s:%d: not: %s\n", __func__, __LINE__, #condition);                 \
			abort();                                                                             \
		}                                                                                            \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void holds_folder(const char *folder)
{
	HOLDS(folder[0] == '.' && folder[1] && folder[1] != '~' && strlen(folder) <= 255);
	HOLDS(!strchr(folder, '/') && !strstr(folder, "..") && !ends_with(folder, ".") && strcasecmp(folder, ".INBOX") != 0);
	for (const char *p = folder; *p; p++)
		HOLDS(*p >= ' ' && *p <= '~');
}

/* --- names --- */

static void holds_base(const char *base, size_t size)
{
	CLEAN(bytes) struct bytes shorter = { 0 };
	struct maildir_name n;

	maildir_base_without_sizes(&shorter, base, size);
	HOLDS(shorter.size && shorter.size <= size + 1);
	HOLDS(shorter.size > 255 || !maildir_name_read(shorter.data, &n));
	HOLDS(shorter.size > 255 || (!n.sized && n.base == shorter.size));
}

static void fuzz_name(const char *name)
{
	CLEAN(bytes) struct bytes made = { 0 }, again = { 0 };
	struct maildir_name n, m;

	if (maildir_name_read(name, &n))
		return;
	HOLDS(*name && *name != '.' && strlen(name) <= 255 && n.base && n.base <= strlen(name) && !memchr(name, ':', n.base));
	for (const char *p = name; *p; p++)
		HOLDS(*p > ' ' && *p <= '~' && *p != '/');
	HOLDS(n.info || !n.flags);
	maildir_name_make(&made, name, n.base, n.info, n.flags);
	HOLDS(made.size <= strlen(name));
	HOLDS(n.odd == (strcmp(made.data, name) != 0));
	HOLDS(!maildir_name_read(made.data, &m));
	HOLDS(!m.odd && m.base == n.base && m.info == n.info && m.flags == n.flags && m.sized == n.sized && m.size == n.size);
	maildir_name_make(&again, made.data, m.base, m.info, m.flags);
	HOLDS(bytes_equal(&made, &again));
	holds_base(name, n.base);
}

static void fuzz_folder(const char *name)
{
	CLEAN(bytes) struct bytes title = { 0 };
	uint32_t c;

	if (maildir_folder_fault(name))
		return;
	holds_folder(name);
	HOLDS(mutf7_decode(name + 1, &title) && title.size);
	for (size_t i = 0, n; i < title.size; i += n) {
		n = utf8_character(title.data + i, title.size - i, &c);
		HOLDS(n && !utf8_is_control(c));
	}
}

/* --- paths --- */

static bool climbs(const char *path)
{
	for (const char *p = path; *p; p += strcspn(p, "/"), p += *p == '/')
		if (strncmp(p, "..", 2) == 0 && (!p[2] || p[2] == '/'))
			return true;
	return *path == '/';
}

static void holds_root(const char *root, bool clean)
{
	HOLDS(!climbs(root) && !ends_with(root, "/"));
	for (const char *p = root; *p; p += strcspn(p, "/"), p += *p == '/')
		HOLDS(*p != '/' && !(p[0] == '.' && (!p[1] || p[1] == '/')));
	for (const char *p = root; clean && *p; p++)
		HOLDS((unsigned char)*p >= ' ' && *p != 0x7f);
}

/* The shortest path of the same place is the same place. */
static void holds_again(const struct maildir_place *p)
{
	CLEAN(free) char *path = text("%s%s%s%s%s/%s", p->root, *p->root ? "/" : "", p->folder, *p->folder ? "/" : "",
		p->kind == MAILDIR_SIEVE ? "sieve" : p->is_new ? "new" : "cur", p->name);
	CLEAN(maildir_place) struct maildir_place q;

	maildir_judge(path, &q);
	HOLDS(q.kind == p->kind && q.is_new == p->is_new && strcmp(q.root, p->root) == 0 && strcmp(q.folder, p->folder) == 0 &&
		strcmp(q.name, p->name) == 0);
}

static void fuzz_path(const char *path)
{
	CLEAN(maildir_place) struct maildir_place p;
	struct maildir_name n;

	maildir_judge(path, &p);
	HOLDS((p.kind == MAILDIR_HOSTILE) == climbs(path));
	HOLDS((p.reason != NULL) == (p.kind == MAILDIR_HOSTILE || p.kind == MAILDIR_BAD_MESSAGE));
	if (p.kind == MAILDIR_OTHER || p.kind == MAILDIR_HOSTILE) {
		HOLDS(!p.root && !p.folder && !p.name);
		return;
	}
	HOLDS(p.root && p.folder && p.name && !strchr(p.name, '/') && !strchr(p.folder, '/'));
	holds_root(p.root, p.kind != MAILDIR_LEFTOVER && p.kind != MAILDIR_BAD_MESSAGE);
	if (*p.folder && p.kind != MAILDIR_LEFTOVER && p.kind != MAILDIR_BAD_MESSAGE)
		holds_folder(p.folder);
	if (p.kind == MAILDIR_MESSAGE)
		HOLDS(!maildir_name_read(p.name, &n));
	if (p.kind == MAILDIR_SIEVE)
		HOLDS(*p.name != '.' && ends_with(p.name, ".sieve") && strlen(p.name) <= 255);
	if (p.kind == MAILDIR_MESSAGE || p.kind == MAILDIR_SIEVE)
		holds_again(&p);
}

/* --- Dovecot's small files --- */

static void holds_keywords(const struct keywords *k)
{
	for (int i = 0; i < MAILDIR_KEYWORDS_MAX; i++)
		for (int j = 0; k->v[i] && j < i; j++)
			HOLDS(!k->v[j] || strcasecmp(k->v[i], k->v[j]) != 0);
}

static void holds_map(const struct keywords *before, const struct keywords *here, const struct keywords *there, const int map[26])
{
	bool full = true;

	for (int i = 0; i < MAILDIR_KEYWORDS_MAX; i++)
		full = full && here->v[i];
	for (int i = 0; i < MAILDIR_KEYWORDS_MAX; i++) {
		HOLDS(map[i] >= -1 && map[i] < MAILDIR_KEYWORDS_MAX);
		HOLDS(!before->v[i] || strcmp(before->v[i], here->v[i]) == 0);
		if (there->v[i])
			HOLDS(map[i] < 0 ? full : strcasecmp(here->v[map[i]], there->v[i]) == 0);
		else
			HOLDS(map[i] < 0 || !here->v[map[i]]);
	}
}

static void fuzz_keywords(const struct bytes *first, const struct bytes *second)
{
	CLEAN(keywords) struct keywords before, here, there, again;
	CLEAN(bytes) struct bytes text1 = { 0 }, text2 = { 0 };
	int map[26];

	keywords_read(first, &before);
	keywords_read(first, &here);
	keywords_read(second, &there);
	holds_keywords(&here);
	keywords_merge(&here, &there, map);
	holds_keywords(&here);
	holds_map(&before, &here, &there, map);
	keywords_write(&here, &text1);
	keywords_read(&text1, &again);
	keywords_write(&again, &text2);
	HOLDS(bytes_equal(&text1, &text2));
}

static void fuzz_subscriptions(const struct bytes *content, bool courier)
{
	CLEAN(list) struct list names = { 0 }, again = { 0 };
	CLEAN(bytes) struct bytes written = { 0 };

	subscriptions_read(content, courier, &names);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *folder = text(".%s", names.v[i]);

		HOLDS(!i || strcmp(names.v[i - 1], names.v[i]) < 0);
		if (strcmp(names.v[i], "INBOX") != 0)
			holds_folder(folder);
	}
	subscriptions_write(&names, &written);
	subscriptions_read(&written, false, &again);
	HOLDS(again.n == names.n);
	for (size_t i = 0; i < names.n; i++)
		HOLDS(strcmp(names.v[i], again.v[i]) == 0);
}

/* --- lists of UIDs --- */

static FILE *stream(const struct bytes *b)
{
	return b->size ? fmemopen(b->data, b->size, "r") : NULL;
}

/* How many UIDs `joined` has; they rise, and stay below the next. */
static size_t holds_list(const char *joined)
{
	unsigned long validity, next, uid, last = 0;
	size_t n = 0;

	HOLDS(sscanf(joined, "3 V%lu N%lu", &validity, &next) == 2 && validity && validity <= UINT32_MAX && next <= UINT32_MAX);
	for (const char *p = strchr(joined, '\n') + 1; *p; p = strchr(p, '\n') + 1, n++) {
		size_t length = strcspn(p, "\n");

		HOLDS(p[length] && sscanf(p, "%lu ", &uid) == 1 && uid > last && uid < next);
		const char *name = memmem(p, length, " :", 2);
		HOLDS(name && name + 2 < p + length && name[2] != ':' && !memchr(name, '/', (size_t)(p + length - name)));
		last = uid;
	}
	return n;
}

static struct error *join_lists(const struct bytes *here, const struct bytes *there, struct bytes *ret, size_t *ret_kept)
{
	CLEAN(fclose) FILE *h = stream(here), *t = stream(there), *out = open_memstream(&ret->data, &ret->size);

	*ret_kept = 0;
	return t ? uidlist_join(h, t, out, ret_kept) : NULL;
}

static void fuzz_uidlist(const struct bytes *here, const struct bytes *there)
{
	CLEAN(bytes) struct bytes joined = { 0 }, again = { 0 };
	size_t kept, same;
	struct error *e = join_lists(here, there, &joined, &kept);

	error_free(e);
	if (e || !kept)
		return;
	size_t n = holds_list(joined.data);
	HOLDS(here->size ? n >= kept : n == kept);
	HOLDS(!join_lists(&(struct bytes){ 0 }, &joined, &again, &same));
	HOLDS(same == n && bytes_equal(&joined, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN(bytes) struct bytes first = { 0 }, second = { 0 };

	if (!size)
		return 0;
	/* A byte that none of the files has stands between two of a kind. */
	const uint8_t *cut = memchr(data + 1, 0xff, size - 1);
	bytes_add(&first, data + 1, cut ? (size_t)(cut - data - 1) : size - 1);
	bytes_add(&second, cut ? cut + 1 : data, cut ? (size_t)(data + size - cut - 1) : 0);
	CLEAN(bytes) struct bytes whole = { 0 };
	bytes_add(&whole, data + 1, size - 1);
	switch (*data % 6) {
	case 0:
		fuzz_path(whole.data);
		break;
	case 1:
		fuzz_name(whole.data);
		break;
	case 2:
		fuzz_folder(whole.data);
		break;
	case 3:
		fuzz_keywords(&first, &second);
		break;
	case 4:
		fuzz_subscriptions(&whole, *data >= 'a');
		break;
	default:
		fuzz_uidlist(&second, &first);
		break;
	}
	return 0;
}
