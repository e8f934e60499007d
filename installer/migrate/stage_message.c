#include "migrate/stage_message.h"
#include "base/i18n.h"
#include "migrate/tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_MAX (2ULL << 30)

static struct error *next_part(struct source *s, const void **ret, size_t *ret_size)
{
	if (s->fd < 0)
		return unpack_data(s->u, ret, ret_size);
	ssize_t n = read(s->fd, s->buffer, sizeof(s->buffer));
	if (n < 0)
		return fail_errno(errno, "cannot read a message that the archive links to");
	*ret = s->buffer;
	*ret_size = (size_t)n;
	return NULL;
}

static const char *compression_of(const void *data, size_t size)
{
	static const struct {
		const char *magic;
		size_t size;
	} known[] = { { "\x1f\x8b\x08", 3 }, { "BZh9", 4 }, { "\xfd" "7zXZ", 5 }, { "\x28\xb5\x2f\xfd", 4 }, { "Dovecot-LZ4", 11 } };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (size > known[i].size && memcmp(data, known[i].magic, known[i].size) == 0)
			return N_("compressed by the old server: let it unpack its mail first (`doveadm sync` into a Maildir without the zlib plugin)");
	return NULL;
}

/* Does the file go on with these bytes? */
static bool goes_on(int fd, off_t offset, const char *data, size_t size)
{
	char buffer[32768];

	while (size) {
		size_t part = size < sizeof(buffer) ? size : sizeof(buffer);
		ssize_t n = pread(fd, buffer, part, offset);

		if (n <= 0 || memcmp(buffer, data, (size_t)n) != 0)
			return false;
		data += n;
		offset += n;
		size -= (size_t)n;
	}
	return true;
}

static struct error *copy_head(int from, int to, off_t size)
{
	char buffer[32768];

	for (off_t at = 0; at < size;) {
		size_t part = size - at < (off_t)sizeof(buffer) ? (size_t)(size - at) : sizeof(buffer);
		ssize_t n = pread(from, buffer, part, at);

		if (n <= 0)
			return fail_errno(n < 0 ? errno : EIO, "cannot read a message that was there already");
		TRY(write_all(to, buffer, (size_t)n, _("a message of the import")));
		at += n;
	}
	return NULL;
}

struct taking {
	struct target *t;
	const struct maildir_place *place;
	struct maildir_name name;
	const char *base;
	size_t base_size;
	uint64_t size;
	int known; /* the same so far, or -1 */
	int out;   /* or -1 */
	char *written; /* BASE of out */
};

static struct error *start_file(struct taking *k)
{
	if (k->t->im->dry)
		return NULL;
	return target_create(k->t, k->place->is_new, k->base, k->base_size, &k->name, &k->out, &k->written);
}

static struct error *take_part(struct taking *k, off_t offset, const void *data, size_t size)
{
	if (k->known >= 0 && goes_on(k->known, offset, data, size))
		return NULL;
	if (k->known >= 0 || (!offset && k->out < 0)) {
		TRY(start_file(k));
		if (k->known >= 0 && k->out >= 0)
			TRY(copy_head(k->known, k->out, offset));
		fd_cleanup(&k->known);
		k->known = -1;
	}
	return k->out >= 0 ? write_all(k->out, data, size, _("a message of the import")) : NULL;
}

/* INTERNALDATE is the file's mtime; what no mail can have becomes now. */
static struct error *finish_file(struct taking *k, int64_t mtime)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, { .tv_sec = mtime } };
	struct stat st;

	if (mtime <= 0 || mtime > time(NULL) + 86400)
		times[1] = times[0];
	if (futimens(k->out, times) < 0 || fstat(k->out, &st) < 0)
		return fail_errno(errno, "cannot set the date of a message");
	if (k->t->im->listed && fprintf(k->t->im->listed, "%zu %zu %llu %s\n", k->t->mailbox, k->t->folder,
					(unsigned long long)st.st_ino, k->written) < 0)
		return fail_errno(errno, "cannot write the list of the import");
	return NULL;
}

static struct error *take_parts(struct taking *k, struct source *source, int64_t mtime, const char **ret_reason)
{
	const void *data;
	size_t size;

	for (uint64_t offset = 0;; offset += size) {
		TRY(next_part(source, &data, &size));
		if (!size)
			break;
		*ret_reason = offset ? NULL : compression_of(data, size);
		if (*ret_reason)
			return NULL;
		TRY(take_part(k, (off_t)offset, data, size));
	}
	if (k->known >= 0) {
		target_folder(k->t)->present++;
		target_present(k->t, k->base, k->base_size);
		return NULL;
	}
	if (k->out >= 0)
		TRY(finish_file(k, mtime));
	target_folder(k->t)->imported++;
	return NULL;
}

static struct error *take_content(struct taking *k, struct source *source, int64_t mtime, const char **ret_reason)
{
	struct stat st;

	TRY(target_known(k->t, k->base, k->base_size, &k->known));
	if (k->known >= 0 && (fstat(k->known, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != k->size)) {
		/* Another message of this name. */
		fd_cleanup(&k->known);
		k->known = -1;
	}
	struct error *e = take_parts(k, source, mtime, ret_reason);
	fd_cleanup(&k->known);
	fd_cleanup(&k->out);
	free(k->written);
	return e;
}

static bool has_folder(const struct mailbox *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->folders[i].name, name) == 0)
			return true;
	return false;
}

/* The message that a hard link names, which is staged or here. */
static struct error *open_linked(struct target *t, const struct member *m, int *ret_fd, uint64_t *ret_size, const char **ret_reason)
{
	CLEAN(maildir_place) struct maildir_place p;
	size_t mailbox = t->mailbox;
	const struct mailbox *from;
	struct maildir_name n;
	struct stat st;

	maildir_judge(m->link, &p);
	*ret_reason = N_("a hard link to what is no message that came over");
	if (p.kind != MAILDIR_MESSAGE || maildir_name_read(p.name, &n))
		return NULL;
	/* Dovecot links one mail to several folders, and to several recipients. */
	from = report_mailbox(&t->im->report, p.root);
	if (!from || !from->path || !has_folder(from, p.folder))
		return NULL;
	CLEAN(free) char *back = text_copy(target_folder(t)->name);
	TRY(target_open(t, (size_t)(from - t->im->report.mailboxes), p.folder));
	TRY(target_linked(t, p.name, n.base, ret_fd));
	TRY(target_open(t, mailbox, back));
	if (*ret_fd < 0 || fstat(*ret_fd, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	*ret_size = (uint64_t)st.st_size;
	*ret_reason = NULL;
	return NULL;
}

static const char *refusal(const struct member *m, uint64_t size)
{
	switch (m->type) {
	case MEMBER_FILE:
	case MEMBER_HARDLINK:
		return !size		  ? N_("empty: there is no message in it") :
		       size > MESSAGE_MAX ? N_("larger than 2 GB") :
					    NULL;
	case MEMBER_SYMLINK:
		return N_("a symbolic link, not a message");
	case MEMBER_SPARSE:
		return N_("a file with holes, not a message");
	default:
		return N_("a device, fifo or socket, not a message");
	}
}

struct error *message_take(struct target *t, const struct member *m, const struct maildir_place *p, struct source *source,
	const char **ret_reason)
{
	struct taking k = { .t = t, .place = p, .known = -1, .out = -1, .size = m->size };
	CLEAN(bytes) struct bytes shorter = { 0 };
	CLEAN(fd) int linked = -1;

	if (!t->im->report.mailboxes[t->mailbox].path)
		return NULL;
	*ret_reason = maildir_name_read(p->name, &k.name);
	if (!*ret_reason && m->type == MEMBER_HARDLINK && t->im->dry) {
		target_folder(t)->imported++;
		return NULL;
	}
	if (!*ret_reason && m->type == MEMBER_HARDLINK)
		TRY(open_linked(t, m, &linked, &k.size, ret_reason));
	if (!*ret_reason)
		*ret_reason = refusal(m, k.size);
	if (*ret_reason)
		return NULL;
	source->fd = linked;
	k.base = p->name;
	k.base_size = k.name.base;
	if (k.name.sized && k.name.size != k.size) {
		maildir_base_without_sizes(&shorter, p->name, k.name.base);
		target_alias(t, k.base, k.base_size, shorter.data, shorter.size);
		k.base = shorter.data;
		k.base_size = shorter.size;
	}
	return take_content(&k, source, m->mtime, ret_reason);
}
