#include "base/i18n.h"
#include "mail/maildir.h"
#include "mail/mutf7.h"

#include <ctype.h>
#include <limits.h>
#include <strings.h>

#define STANDARD_FLAGS "DFPRST"
#define FIRST_STANDARD 26

const char *maildir_folder_fault(const char *name)
{
	CLEAN(bytes) struct bytes title = { 0 };
	size_t n = strlen(name);

	if (*name != '.' || n < 2)
		return N_("a folder of Maildir++ is \".NAME\"");
	if (n > NAME_MAX)
		return N_("a folder under a name of more than 255 bytes");
	if (name[n - 1] == '.' || strstr(name, ".."))
		return N_("a folder with an empty part in its name");
	/* Dovecot lists these, and opens another or none. */
	if (name[1] == '~' || strchr(name, '/') || strcasecmp(name, ".INBOX") == 0)
		return N_("a folder under a name that Dovecot cannot open");
	return mutf7_decode(name + 1, &title) ? NULL : N_("a folder whose name is not in modified UTF-7");
}

static int flag_of(char c)
{
	const char *standard = strchr(STANDARD_FLAGS, c);

	if (c >= 'a' && c <= 'z')
		return c - 'a';
	return c && standard ? FIRST_STANDARD + (int)(standard - STANDARD_FLAGS) : -1;
}

static void read_info(const char *info, struct maildir_name *ret)
{
	int last = -1;

	ret->info = strncmp(info, ":2,", 3) == 0;
	ret->odd = !ret->info;
	if (!ret->info)
		return;
	/* Behind a second comma stands what is another program's. */
	for (const char *p = info + 3; *p; p++) {
		int flag = *p == ',' ? -1 : flag_of(*p);
		/* D to T come first. */
		int order = flag < 0 ? -1 : (flag + 32 - FIRST_STANDARD) % 32;

		ret->odd |= order <= last;
		if (*p == ',')
			return;
		last = order > last ? order : last;
		if (flag >= 0)
			ret->flags |= 1U << flag;
	}
}

static bool is_field(const char *p, const char *letters)
{
	return p[0] == ',' && p[1] && strchr(letters, p[1]) && p[2] == '=';
}

/* As Dovecot reads it: the first field, and only where nothing but digits is in it. */
static void read_size(const char *base, struct maildir_name *ret)
{
	const char *p = base, *end = base + ret->base;

	while (p < end && !is_field(p, "S"))
		p++;
	if (p == end)
		return;
	for (p += 3; isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(ret->size, 10, &ret->size) ||
			__builtin_add_overflow(ret->size, (uint64_t)(*p - '0'), &ret->size))
			ret->size = UINT64_MAX;
	ret->sized = p == end || *p == ',';
	if (!ret->sized)
		ret->size = 0;
}

const char *maildir_name_read(const char *name, struct maildir_name *ret)
{
	size_t n = strlen(name);

	*ret = (struct maildir_name){ .base = strcspn(name, ":") };
	if (*name == '.' || !ret->base)
		return N_("a message under a hidden or an empty name");
	if (n > NAME_MAX)
		return N_("a message under a name of more than 255 bytes");
	for (const char *p = name; *p; p++)
		if (*p <= ' ' || *p >= 0x7f || *p == '/')
			return N_("a message under a name with a space, a control character or a byte outside of ASCII");
	if (name[ret->base])
		read_info(name + ret->base, ret);
	read_size(name, ret);
	return NULL;
}

void maildir_name_make(struct bytes *ret, const char *base, size_t base_size, bool info, uint32_t flags)
{
	bytes_add(ret, base, base_size);
	if (!info)
		return;
	bytes_add(ret, ":2,", 3);
	for (unsigned i = 0; i < strlen(STANDARD_FLAGS); i++)
		if (flags >> (FIRST_STANDARD + i) & 1)
			bytes_add(ret, &STANDARD_FLAGS[i], 1);
	for (unsigned i = 0; i < MAILDIR_KEYWORDS_MAX; i++)
		if (flags >> i & 1)
			bytes_add(ret, (char[]){ (char)('a' + i) }, 1);
}

static bool cut_field(char *base)
{
	while (*base && !is_field(base, "SW"))
		base++;
	if (!*base)
		return false;
	const char *rest = base + 3 + strspn(base + 3, "0123456789");
	memmove(base, rest, strlen(rest) + 1);
	return true;
}

void maildir_base_without_sizes(struct bytes *ret, const char *base, size_t base_size)
{
	CLEAN(free) char *rest = text_copy_n(base, base_size);

	/* What stood around a field may be one. */
	while (cut_field(rest))
		continue;
	if (!*rest || *rest == '.')
		bytes_add(ret, "0", 1);
	bytes_add_text(ret, rest);
}
