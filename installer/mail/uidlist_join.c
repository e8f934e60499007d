#include "mail/uidlist.h"
#include "base/bytes.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define UID_MAX 0xf0000000U /* a folder must be able to number what comes later */

struct reader {
	FILE *f;
	char line[4096];
	size_t number;
	unsigned version;
	uint32_t validity, next;
	char guid[33];
	struct bytes others; /* fields of the header that are kept as they are, each behind a space */
	uint32_t last;	     /* UID */
};

static void reader_cleanup(struct reader *r)
{
	bytes_free(&r->others);
}

/* false at the end. A NUL, a longer line, or a last one without its newline was never written by Dovecot: the end, too. */
static bool read_line(struct reader *r)
{
	size_t n = fgets(r->line, sizeof(r->line), r->f) ? strlen(r->line) : 0;

	if (n < 2 || r->line[n - 1] != '\n')
		return false;
	r->line[n - 1] = '\0';
	r->number++;
	return true;
}

static bool read_number(const char **at, uint32_t *ret)
{
	uint64_t n = 0;
	const char *p = *at;

	for (; isdigit((unsigned char)*p) && n <= UINT32_MAX; p++)
		n = n * 10 + (uint64_t)(*p - '0');
	if (p == *at || n > UINT32_MAX)
		return false;
	*at = p;
	*ret = (uint32_t)n;
	return true;
}

static bool read_fields(struct reader *r, const char *p)
{
	while (*p) {
		const char *field = ++p; /* behind the space */
		size_t size = strcspn(p, " ");

		if (*p == 'V' || *p == 'N') {
			p++;
			if (!read_number(&p, *field == 'V' ? &r->validity : &r->next))
				return false;
		} else if (*p == 'G' && strspn(p + 1, "0123456789abcdef") == 32) {
			memcpy(r->guid, p + 1, 32);
		} else if (size && *p != 'G') {
			bytes_add(&r->others, field - 1, size + 1);
		}
		p = field + size;
	}
	return true;
}

static struct error *read_header(struct reader *r)
{
	const char *p = r->line;
	bool good = read_line(r);

	p = r->line;
	good = good && (*p == '1' || *p == '3') && p[1] == ' ';
	if (good)
		r->version = (unsigned)(*p - '0');
	if (good && r->version == 1) {
		p += 2;
		good = read_number(&p, &r->validity) && *p++ == ' ' && read_number(&p, &r->next);
	} else if (good) {
		good = read_fields(r, p + 1);
	}
	return good && r->validity && r->next && r->next < UID_MAX ? NULL : fail(ERR_STOPPED, "dovecot-uidlist, line 1: not a header of a list of UIDs");
}

/* *ret_rest: what follows the UID, as version 3 has it. *ret_uid is 0 at the end. */
static struct error *read_record(struct reader *r, uint32_t *ret_uid, const char **ret_rest)
{
	const char *p;

	*ret_uid = 0;
	if (!read_line(r))
		return NULL;
	p = r->line;
	/* Dovecot appends to a list of version 3 without a new header. */
	if (!read_number(&p, ret_uid) || *p != ' ' || *ret_uid <= r->last || *ret_uid >= (r->version == 1 ? r->next : UID_MAX))
		return fail(ERR_STOPPED, "dovecot-uidlist, line %zu: not a UID that is higher than the last", r->number);
	r->last = *ret_uid;
	const char *name = r->version == 1 ? p + 1 : strstr(p, " :");
	if (name && r->version == 3)
		name += strlen(" :");
	if (!name || !*name || *name == ':' || strchr(name, '/'))
		return fail(ERR_STOPPED, "dovecot-uidlist, line %zu: no name", r->number);
	*ret_rest = p;
	return NULL;
}

static void put_record(FILE *out, unsigned version, uint32_t uid, const char *rest)
{
	/* Version 1 may have flags behind the name. */
	int n = version == 1 ? (int)strcspn(rest + 1, ":") : 0;

	if (version == 1)
		fprintf(out, "%" PRIu32 " :%.*s\n", uid, n, rest + 1);
	else
		fprintf(out, "%" PRIu32 "%s\n", uid, rest);
}

static struct error *copy(struct reader *r, uint32_t from, FILE *out, size_t *ret_count)
{
	const char *rest = NULL;
	uint32_t uid;

	for (;;) {
		TRY(read_record(r, &uid, &rest));
		if (!uid)
			return NULL;
		if (uid < from)
			continue;
		put_record(out, r->version, uid, rest);
		++*ret_count;
	}
}

/* All of the list is sound; next is above each UID of it; its records come next. */
static struct error *look_through(struct reader *r)
{
	const char *rest = NULL;
	uint32_t uid;

	TRY(read_header(r));
	do
		TRY(read_record(r, &uid, &rest));
	while (uid);
	if (r->next <= r->last)
		r->next = r->last + 1;
	rewind(r->f);
	r->last = 0;
	r->number = 0;
	return read_line(r) ? NULL : fail(ERR_STOPPED, "dovecot-uidlist changes while it is read");
}

struct error *uidlist_join(FILE *here, FILE *there, FILE *out, size_t *ret_kept)
{
	CLEAN(reader) struct reader ours = { .f = here }, theirs = { .f = there };
	size_t count = 0;

	*ret_kept = 0;
	TRY(look_through(&theirs));
	if (here)
		TRY(look_through(&ours));
	if (here && ours.validity != theirs.validity)
		return NULL;
	const struct reader *head = here ? &ours : &theirs;
	fprintf(out, "3 V%" PRIu32 " N%" PRIu32 "%s%s%s\n", theirs.validity, ours.next > theirs.next ? ours.next : theirs.next,
		*head->guid ? " G" : "", head->guid, bytes_text(&head->others));
	if (here)
		TRY(copy(&ours, 0, out, &count));
	return copy(&theirs, here ? ours.next : 0, out, ret_kept);
}
