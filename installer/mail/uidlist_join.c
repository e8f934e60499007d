#include "mail/uidlist.h"
#include "base/memory.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

struct reader {
	FILE *f;
	char *line;
	size_t space, number;
	unsigned version;
	uint32_t validity, next;
	char guid[33];
	uint32_t last; /* UID */
};

static void reader_cleanup(struct reader *r)
{
	free(r->line);
}

/* false at the end. A NUL, or a last line without its newline, was never written by Dovecot: the end, too. */
static bool read_line(struct reader *r)
{
	ssize_t n = getline(&r->line, &r->space, r->f);

	if (n < 2 || r->line[n - 1] != '\n' || strlen(r->line) != (size_t)n)
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

		if (*p == 'V' || *p == 'N') {
			p++;
			if (!read_number(&p, *field == 'V' ? &r->validity : &r->next))
				return false;
		} else if (*p == 'G' && strspn(p + 1, "0123456789abcdef") == 32) {
			memcpy(r->guid, p + 1, 32);
		}
		p += strcspn(p, " ");
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
	return good && r->validity && r->next ? NULL : fail(ERR_STOPPED, "dovecot-uidlist, line 1: not a header of a list of UIDs");
}

/* *ret_rest: what follows the UID, as version 3 has it. *ret_uid is 0 at the end. */
static struct error *read_record(struct reader *r, uint32_t *ret_uid, const char **ret_rest)
{
	const char *p;

	*ret_uid = 0;
	if (!read_line(r))
		return NULL;
	p = r->line;
	if (!read_number(&p, ret_uid) || *p != ' ' || *ret_uid <= r->last || *ret_uid >= r->next)
		return fail(ERR_STOPPED, "dovecot-uidlist, line %zu: not a UID that is higher than the last", r->number);
	r->last = *ret_uid;
	const char *name = r->version == 1 ? p + 1 : strstr(p, " :");
	name += name && r->version == 3 ? 2 : 0;
	if (!name || !*name || strchr(name, '/'))
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

struct error *uidlist_join(FILE *here, FILE *there, FILE *out, size_t *ret_kept)
{
	CLEAN(reader) struct reader ours = { .f = here }, theirs = { .f = there };
	size_t count = 0;

	*ret_kept = 0;
	TRY(read_header(&theirs));
	if (here)
		TRY(read_header(&ours));
	if (here && ours.validity != theirs.validity)
		return NULL;
	const char *guid = here ? ours.guid : theirs.guid;
	fprintf(out, "3 V%" PRIu32 " N%" PRIu32 "%s%s\n", theirs.validity, ours.next > theirs.next ? ours.next : theirs.next,
		*guid ? " G" : "", guid);
	if (here)
		TRY(copy(&ours, 0, out, &count));
	return copy(&theirs, here ? ours.next : 0, out, ret_kept);
}
