#include "engine/release.h"
#include "host/package.h"

static const char *const packages[] = { "postfix", "dovecot-core", "spamassassin", "openssl", NULL };
#define PACKAGES (sizeof(packages) / sizeof(*packages) - 1)

static const struct known {
	const char *number, *name;
	bool ended;
	const char *versions[PACKAGES];
} known[] = {
#define FACT(...)
#define RELEASE(number, name, ended, ...) { number, name, ended, { __VA_ARGS__ } },
#include "engine/release.def"
#undef RELEASE
#undef FACT
};
#define KNOWN (sizeof(known) / sizeof(*known))

static const struct fact {
	const char *package, *before, *version, *since;
	size_t field; /* its place in struct release */
} facts[] = {
#define RELEASE(...)
#define FACT(name, package, before, version, since) { package, before, version, since, offsetof(struct release, name) },
#include "engine/release.def"
#undef FACT
#undef RELEASE
};

static void read_number(const char *s, unsigned long ret[2])
{
	char *end;

	ret[0] = strtoul(s, &end, 10);
	ret[1] = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
}

bool version_reaches(const char *version, const char *number)
{
	const char *colon = strchr(version, ':');
	unsigned long has[2], wanted[2];

	read_number(colon ? colon + 1 : version, has);
	read_number(number, wanted);
	return has[0] != wanted[0] ? has[0] > wanted[0] : has[1] >= wanted[1];
}

char *releases_known(void)
{
	struct bytes all = { 0 };

	for (size_t i = 0; i < KNOWN; i++)
		bytes_printf(&all, "%s%s", i ? ", " : "", known[i].number);
	return all.data;
}

static const struct known *find_known(const struct os_release *os)
{
	for (size_t i = 0; i < KNOWN && strcmp(os->id, "debian") == 0; i++)
		if (strcmp(os->version, known[i].number) == 0)
			return &known[i];
	return NULL;
}

/* Of a package that dpkg or apt knows, or NULL. */
static const char *found_version(const struct package_facts_list *found, const char *package)
{
	for (size_t i = 0; i < found->n; i++)
		if (strcmp(found->v[i].name, package) == 0)
			return found->v[i].version;
	return NULL;
}

static const char *usual_version(const struct known *k, const char *package)
{
	size_t i = 0;

	while (strcmp(packages[i], package) != 0)
		i++;
	return k->versions[i];
}

static void fill(struct release *r, const struct known *k, const struct package_facts_list *found)
{
	r->known = k;
	r->ended = k && k->ended;
	for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++) {
		const struct fact *f = &facts[i];
		const char *version = found_version(found, f->package);

		r->guessed |= !version && !k;
		if (!version)
			version = usual_version(k ? k : &known[KNOWN - 1], f->package);
		*(const char **)((char *)r + f->field) = version_reaches(version, f->version) ? f->since : f->before;
	}
}

struct error *release_read(struct host *h, struct release *ret)
{
	CLEAN(package_facts) struct package_facts_list found = { 0 };

	*ret = (struct release){ 0 };
	TRY(os_release_read(h, &ret->os));
	TRY(packages_versions(h, packages, &found));
	fill(ret, find_known(&ret->os), &found);
	return NULL;
}

struct error *release_named(const char *word, struct release *ret)
{
	CLEAN(free) char *shown = text_copy_n(word, 40), *all = releases_known();

	*ret = (struct release){ .os.id = "debian" };
	for (size_t i = 0; i < KNOWN; i++)
		if (strcmp(word, known[i].number) == 0 || strcasecmp(word, known[i].name) == 0) {
			snprintf(ret->os.version, sizeof(ret->os.version), "%s", known[i].number);
			snprintf(ret->os.codename, sizeof(ret->os.codename), "%s", known[i].name);
			fill(ret, &known[i], &(struct package_facts_list){ 0 });
			return NULL;
		}
	return fail(ERR_USAGE, "%s: no release of Debian that mailsetup knows; those are %s", shown, all);
}

void releases_names(struct list *ret)
{
	for (size_t i = 0; i < KNOWN; i++)
		list_add(ret, known[i].name);
}
