#include "mail/maildir.h"
#include "mail/mutf7.h"

#include <ctype.h>
#include <limits.h>

#define STANDARD_FLAGS "DFPRST"
#define FIRST_STANDARD 26

const char *maildir_folder_fault(const char *name)
{
	CLEAN(bytes) struct bytes title = { 0 };
	size_t n = strlen(name);

	if (*name != '.' || n < 2)
		return "a folder of Maildir++ is \".NAME\"";
	if (n > NAME_MAX)
		return "a folder under a name of more than 255 bytes";
	if (name[n - 1] == '.' || strstr(name, ".."))
		return "a folder with an empty part in its name";
	return mutf7_decode(name + 1, &title) ? NULL : "a folder whose name is not in modified UTF-7";
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
	ret->info = strncmp(info, ":2,", 3) == 0;
	ret->odd = !ret->info;
	int last = -1;
	for (const char *p = info + 3; ret->info && *p; p++) {
		int flag = flag_of(*p);
		/* D to T come first. */
		int order = flag < 0 ? -1 : (flag + 32 - FIRST_STANDARD) % 32;

		ret->odd |= order <= last;
		last = order > last ? order : last;
		if (flag >= 0)
			ret->flags |= 1U << flag;
	}
}

static void read_size(const char *base, struct maildir_name *ret)
{
	for (const char *p = base; p < base + ret->base; p++) {
		if (strncmp(p, ",S=", 3) != 0 || !isdigit((unsigned char)p[3]))
			continue;
		char *end;
		ret->size = strtoull(p + 3, &end, 10);
		ret->sized = true;
		return;
	}
}

const char *maildir_name_read(const char *name, struct maildir_name *ret)
{
	size_t n = strlen(name);

	*ret = (struct maildir_name){ .base = strcspn(name, ":") };
	if (*name == '.' || !ret->base)
		return "a message under a hidden or an empty name";
	if (n > NAME_MAX)
		return "a message under a name of more than 255 bytes";
	for (const char *p = name; *p; p++)
		if (*p <= ' ' || *p >= 0x7f || *p == '/')
			return "a message under a name with a space, a control character or a byte outside of ASCII";
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
			bytes_add(ret, STANDARD_FLAGS + i, 1);
	for (unsigned i = 0; i < MAILDIR_KEYWORDS_MAX; i++)
		if (flags >> i & 1)
			bytes_add(ret, (char[]){ (char)('a' + i) }, 1);
}

void maildir_base_without_sizes(struct bytes *ret, const char *base, size_t base_size)
{
	for (size_t i = 0; i < base_size; i++) {
		bool field = i + 3 < base_size && base[i] == ',' && (base[i + 1] == 'S' || base[i + 1] == 'W') && base[i + 2] == '=';

		if (!field) {
			bytes_add(ret, base + i, 1);
			continue;
		}
		for (i += 3; i < base_size && isdigit((unsigned char)base[i]);)
			i++;
		i--;
	}
}
