#include "host/package_parse.h"

#include <ctype.h>

static void add_once(struct list *l, const char *s)
{
	if (!list_has(l, s))
		list_add(l, s);
}

/* Without the locale's decimal comma, as strtod() would have it. False when s holds no number. */
static bool percent_parse(const char *s, double *ret)
{
	char *end;

	if (!isdigit((unsigned char)*s))
		return false;
	*ret = (double)strtoul(s, &end, 10);
	if (*end == '.' && isdigit((unsigned char)end[1]))
		*ret += (end[1] - '0') / 10.0;
	if (*ret > 100)
		*ret = 100;
	return true;
}

/* "postfix", "postfix:amd64", "/var/cache/apt/archives/postfix_3.5_amd64.deb " and "/tmp/apt-dpkg-install-aB1xY2/55-postfix_..." are
 * all package postfix. */
static void package_copy(const char *s, size_t n, char *ret, size_t size)
{
	static const char links[] = "/tmp/apt-dpkg-install-";
	bool numbered = n > strlen(links) && strncmp(s, links, strlen(links)) == 0;

	for (const char *slash; (slash = memchr(s, '/', n)); s = slash + 1)
		n -= (size_t)(slash + 1 - s);
	size_t digits = numbered ? strspn(s, "0123456789") : 0;
	if (digits && digits < n && s[digits] == '-') {
		s += digits + 1;
		n -= digits + 1;
	}
	size_t length = strcspn(s, "_: ");

	if (length > n)
		length = n;
	snprintf(ret, size, "%.*s", (int)length, s);
	if (strcmp(ret, "dpkg-exec") == 0)
		*ret = '\0';
}

struct apt_line apt_line_parse(const char *line)
{
	struct apt_line l = { .event = APT_OTHER };
	const char *first = strchr(line, ':');
	bool numbered = false;

	if (!first)
		return l;
	first++;
	/* pmerror may write NAME:ARCHITECTURE, so the number is the first field after the name that is one. */
	for (const char *field = first; !numbered && (field = strchr(field, ':'));)
		numbered = percent_parse(++field, &l.percent);

	if (starts_with(line, "pmerror:"))
		l.event = APT_FAILURE;
	else if (numbered && starts_with(line, "dlstatus:"))
		l.event = APT_DOWNLOAD;
	else if (numbered && starts_with(line, "pmstatus:"))
		l.event = APT_CHANGE;
	if (l.event == APT_FAILURE || l.event == APT_CHANGE)
		package_copy(first, strcspn(first, ":"), l.package, sizeof(l.package));
	return l;
}

void apt_progress_add(struct apt_progress *p, const struct apt_line *line)
{
	double percent = p->percent;

	if (line->event == APT_DOWNLOAD) {
		p->downloading = true;
		if (p->download_share <= 0)
			p->download_share = 50;
		percent = line->percent * p->download_share / 100;
	} else if (line->event == APT_CHANGE) {
		p->changing = true;
		percent = p->download_share + line->percent * (100 - p->download_share) / 100;
	}
	if (percent > p->percent)
		p->percent = percent;
}

void simulation_parse(const char *output, struct package_plan *ret)
{
	CLEAN(list) struct list lines = { 0 };

	list_split(&lines, output, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		const char *line = lines.v[i];
		struct list *to = starts_with(line, "Inst ") ? &ret->install : &ret->remove;

		if (to == &ret->remove && !starts_with(line, "Remv ") && !starts_with(line, "Purg "))
			continue;
		CLEAN(free) char *name = text_copy_n(line + 5, strcspn(line + 5, " "));
		add_once(to, name);
	}
}

void uris_parse(const char *output, struct package_plan *ret, struct list *names)
{
	CLEAN(list) struct list lines = { 0 };

	list_split(&lines, output, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		CLEAN(list) struct list fields = { 0 };
		char name[128], *quote;

		list_split(&fields, lines.v[i], " ");
		if (fields.n < 3 || *fields.v[0] != '\'' || !(quote = strchr(fields.v[0] + 1, '\'')))
			continue;
		*quote = '\0';
		list_add(&ret->downloads, fields.v[0] + 1);
		ret->download_size += strtoull(fields.v[2], NULL, 10);
		if (!names)
			continue;
		package_copy(fields.v[1], strlen(fields.v[1]), name, sizeof(name));
		add_once(names, name);
	}
}

/* The value of "NAME: VALUE", or NULL. */
static const char *field(const char *line, const char *name)
{
	size_t n = strlen(name);

	return strncmp(line, name, n) == 0 && starts_with(line + n, ": ") ? line + n + 2 : NULL;
}

void facts_parse(const char *output, struct package_facts_list *ret)
{
	CLEAN(list) struct list lines = { 0 };
	const char *value;

	list_split(&lines, output, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		struct package_facts *last = ret->n ? &ret->v[ret->n - 1] : NULL;

		if ((value = field(lines.v[i], "Package"))) {
			ret->v = reallocate(ret->v, ret->n + 1, sizeof(*ret->v));
			ret->v[ret->n++] = (struct package_facts){ .name = text_copy(value) };
		} else if (last && !last->version && (value = field(lines.v[i], "Version"))) {
			last->version = text_copy(value);
		} else if (last && (value = field(lines.v[i], "Size"))) {
			last->download = strtoull(value, NULL, 10);
		} else if (last && (value = field(lines.v[i], "Installed-Size"))) {
			last->installed = strtoull(value, NULL, 10) * 1024;
		}
	}
}

void unknown_parse(const char *complaints, struct list *ret)
{
	static const char unable[] = "E: Unable to locate package ";
	static const char no_candidate[] = "' has no installation candidate";
	CLEAN(list) struct list lines = { 0 };

	list_split(&lines, complaints, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		char *line = lines.v[i], *end;

		if (starts_with(line, unable)) {
			add_once(ret, line + strlen(unable));
		} else if (starts_with(line, "E: Package '") && (end = strstr(line, no_candidate))) {
			*end = '\0';
			add_once(ret, line + strlen("E: Package '"));
		}
	}
}

char *fetch_reason_parse(const char *complaints)
{
	static const char failed[] = "E: Failed to fetch ";
	CLEAN(list) struct list words = { 0 };
	CLEAN(bytes) struct bytes reason = { 0 };
	const char *line = strstr(complaints, failed);

	if (!line)
		return text_copy("");
	line += strlen(failed);
	line += strcspn(line, " \n");
	/* What follows in brackets is the address that was asked. */
	CLEAN(free) char *rest = text_copy_n(line, strcspn(line, "[\n"));
	list_split(&words, rest, " ");
	for (size_t i = 0; i < words.n; i++)
		bytes_printf(&reason, "%s%s", i ? " " : "", words.v[i]);
	return text_copy(bytes_text(&reason));
}

/* mirror+file:, file:, cdrom:, tor+http:...: how to reach them, apt alone knows. */
static bool is_web_address(const char *s)
{
	return starts_with(s, "http://") || starts_with(s, "https://");
}

void sources_parse(const char *output, struct list *ret, bool *ret_any)
{
	CLEAN(list) struct list lines = { 0 };

	list_split(&lines, output, "\n");
	*ret_any = lines.n > 0;
	for (size_t i = 0; i < lines.n; i++) {
		CLEAN(list) struct list fields = { 0 };

		list_split(&fields, lines.v[i], " ");
		/* A release of the form "./" is a flat directory: no archive of Debian's. */
		if (fields.n < 2 || !is_web_address(fields.v[0]) || ends_with(fields.v[1], "/"))
			continue;
		/* While no list has been fetched, apt does not know the origin and leaves its placeholder. */
		if (fields.n > 2 && strcmp(fields.v[2], "Debian") != 0 && *fields.v[2] != '$')
			continue;
		CLEAN(free) char *address = text("%sdists/%s/InRelease", fields.v[0], fields.v[1]);
		add_once(ret, address);
	}
}

void source_files_parse(const char *output, const char *release, struct list *ret)
{
	CLEAN(list) struct list lines = { 0 };

	list_split(&lines, output, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		size_t name = strcspn(lines.v[i], " "), of_release = strcspn(lines.v[i], " -/");
		const char *entry = lines.v[i] + name, *colon = strrchr(entry, ':');

		/* bullseye, bullseye-security, bullseye/updates */
		if (of_release != strlen(release) || strncmp(lines.v[i], release, of_release) != 0 || entry[0] != ' ' || !colon)
			continue;
		CLEAN(free) char *path = text_copy_n(entry + 1, (size_t)(colon - entry - 1));
		add_once(ret, path);
	}
}

void states_parse(const char *output, struct list *ret_installed, struct list *ret_known)
{
	CLEAN(list) struct list lines = { 0 };

	list_split(&lines, output, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		CLEAN(list) struct list f = { 0 };

		list_split(&f, lines.v[i], " ");
		if (f.n != 5 || strcmp(f.v[4], "not-installed") == 0)
			continue;
		bool wanted = strcmp(f.v[2], "install") == 0 || strcmp(f.v[2], "hold") == 0;
		bool whole = strcmp(f.v[3], "ok") == 0 && strcmp(f.v[4], "installed") == 0;

		list_add(ret_known, f.v[0]);
		list_addf(ret_known, "%s:%s", f.v[0], f.v[1]);
		if (!wanted || !whole)
			continue;
		list_add(ret_installed, f.v[0]);
		list_addf(ret_installed, "%s:%s", f.v[0], f.v[1]);
	}
}

/* "Inst NAME [OLD] (VERSION RELEASE... [ARCHITECTURE])"; a ':' of the version is %3a in the archive's name. */
static bool archive_name(const char *line, struct list *ret)
{
	const char *name = line + strlen("Inst "), *version = strchr(name, '(');
	const char *architecture = version ? strrchr(version, '[') : NULL;
	CLEAN(bytes) struct bytes b = { 0 };

	if (!architecture)
		return false;
	bytes_add(&b, name, strcspn(name, " "));
	bytes_add_text(&b, "_");
	for (version++; *version && *version != ' '; version++)
		if (*version == ':')
			bytes_add_text(&b, "%3a");
		else
			bytes_add(&b, version, 1);
	bytes_printf(&b, "_%.*s.deb", (int)strcspn(architecture + 1, "]"), architecture + 1);
	list_add(ret, b.data);
	return true;
}

bool archives_parse(const char *output, struct list *ret)
{
	CLEAN(list) struct list lines = { 0 };

	list_split(&lines, output, "\n");
	for (size_t i = 0; i < lines.n; i++)
		if (starts_with(lines.v[i], "Inst ") && !archive_name(lines.v[i], ret))
			return false;
	return true;
}
