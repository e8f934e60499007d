#include "base/i18n.h"
#include "host/crypto.h"
#include "host/file.h"
#include "host/package_internal.h"
#include "host/package_parse.h"
#include "host/process.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void package_plan_free(struct package_plan *p)
{
	list_free(&p->install);
	list_free(&p->remove);
	list_free(&p->downloads);
	*p = (struct package_plan){ 0 };
}

void package_facts_free(struct package_facts_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].name);
		free(l->v[i].version);
	}
	free(l->v);
	*l = (struct package_facts_list){ 0 };
}

void list_add_all(struct list *l, const char *const *names)
{
	for (; names && *names; names++)
		list_add(l, *names);
}

struct error *packages_states(
	struct host *h, const char *const *names, struct list *ret_installed, struct list *ret_known)
{
	CLEAN(list) struct list argv = { 0 };
	CLEAN(bytes) struct bytes output = { 0 };

	if (!*names)
		return NULL;
	list_split(&argv, "dpkg-query -W -f", " ");
	list_add(&argv, "${Package} ${Architecture} ${Status}\\n");
	list_add_all(&argv, names);
	/* Status 1: some of the names are unknown. */
	const struct process p = { .argv = (const char *const *)argv.v, .accept = 1 };
	TRY(process_run(h, &p, &output, NULL));
	states_parse(bytes_text(&output), ret_installed, ret_known);
	return NULL;
}

struct error *packages_missing(struct host *h, const char *const *names, struct list *ret)
{
	CLEAN(list) struct list installed = { 0 };
	CLEAN(list) struct list known = { 0 };

	TRY(packages_states(h, names, &installed, &known));
	for (; *names; names++)
		if (!list_has(&installed, *names))
			list_add(ret, *names);
	return NULL;
}

struct error *packages_present(struct host *h, struct list *ret)
{
	CLEAN(bytes) struct bytes output = { 0 };
	CLEAN(list) struct list lines = { 0 };

	TRY(process_simple(
		h, &output, "dpkg-query", "-W", "-f", "${db:Status-Status} ${binary:Package}\\n", NULL));
	list_split(&lines, bytes_text(&output), "\n");
	for (size_t i = 0; i < lines.n; i++) {
		const char *name = strchr(lines.v[i], ' ');

		if (name && !starts_with(lines.v[i], "not-installed ") &&
			!starts_with(lines.v[i], "config-files "))
			list_add(ret, name + 1);
	}
	list_sort(ret);
	return NULL;
}

struct error *packages_plain_names(struct host *h, struct list *names)
{
	CLEAN(bytes) struct bytes output = { 0 };
	CLEAN(list) struct list native = { 0 };

	TRY(process_simple(h, &output, "dpkg", "--print-architecture", NULL));
	list_split(&native, bytes_text(&output), "\n");
	for (size_t i = 0; native.n && i < names->n; i++) {
		char *architecture = strchr(names->v[i], ':');

		if (architecture && strcmp(architecture + 1, native.v[0]) == 0)
			*architecture = '\0';
	}
	return NULL;
}

#define UCF_SUMS  "/var/lib/ucf/hashfile" /* lines "MD5  PATH" */
#define UCF_LIMIT (4 * 1024 * 1024)

static struct error *ucf_conffiles(struct host *h, struct list *ret)
{
	CLEAN(bytes) struct bytes content = { 0 };
	CLEAN(list) struct list lines = { 0 };
	struct file_info info;

	TRY(file_stat(h, UCF_SUMS, &info));
	if (!info.exists)
		return NULL;
	TRY(file_read(h, UCF_SUMS, UCF_LIMIT, &content));
	list_split(&lines, bytes_text(&content), "\n");
	for (size_t i = 0; i < lines.n; i++) {
		const size_t sum = strcspn(lines.v[i], " ");
		const char *path = lines.v[i] + sum + strspn(lines.v[i] + sum, " ");

		list_addf(ret, "%s %.*s", path, (int)sum, lines.v[i]);
	}
	return NULL;
}

struct error *packages_conffiles(struct host *h, struct list *ret)
{
	CLEAN(bytes) struct bytes output = { 0 };
	CLEAN(list) struct list lines = { 0 };

	TRY(process_simple(h, &output, "dpkg-query", "-W", "-f", "${Conffiles}\\n", NULL));
	list_split(&lines, bytes_text(&output), "\n");
	for (size_t i = 0; i < lines.n; i++) {
		CLEAN(list) struct list words = { 0 };

		/* A third word says that the package does not bring it any more. */
		list_split(&words, lines.v[i], " ");
		if (words.n >= 2)
			list_addf(ret, "%s %s", words.v[0], words.v[1]);
	}
	return ucf_conffiles(h, ret);
}

struct error *package_file_is_as_brought(struct host *h, const char *path, bool *ret)
{
	CLEAN(file_image) struct file_image image = { 0 };
	CLEAN(list) struct list conffiles = { 0 };
	char sum[33];

	*ret = false;
	TRY(file_capture(h, path, &image));
	if (!S_ISREG(image.info.mode))
		return NULL;
	md5_hex(image.content.data, image.content.size, sum);
	TRY(packages_conffiles(h, &conffiles));
	CLEAN(free) char *as_brought = text("%s %s", path, sum);
	*ret = list_has(&conffiles, as_brought);
	return NULL;
}

static struct error *marks_show(struct host *h, const char *command, struct list *ret)
{
	CLEAN(bytes) struct bytes output = { 0 };

	TRY(process_simple(h, &output, "apt-mark", command, NULL));
	list_split(ret, bytes_text(&output), "\n");
	list_sort(ret);
	return NULL;
}

struct error *packages_manual(struct host *h, struct list *ret)
{
	return marks_show(h, "showmanual", ret);
}

struct error *packages_held(struct host *h, struct list *ret)
{
	return marks_show(h, "showhold", ret);
}

struct error *packages_audit(struct host *h, struct bytes *ret)
{
	static const char *const argv[] = { "dpkg", "--audit", NULL };
	const struct process p = { .argv = argv, .accept = 1 };

	return process_run(h, &p, ret, NULL);
}

static struct error *simulation_explain(struct error *e)
{
	CLEAN(list) struct list unknown = { 0 };
	CLEAN(bytes) struct bytes names = { 0 };

	unknown_parse(error_detail(e), &unknown);
	if (!unknown.n)
		return recode(wrap(e, "apt sees no way to install the packages"), ERR_PRECHECK);
	for (size_t i = 0; i < unknown.n; i++)
		bytes_printf(&names, "%s%s", i ? ", " : "", unknown.v[i]);
	error_free(e);
	return fail(ERR_PRECHECK,
		"apt knows no package %s: check /etc/apt/sources.list, run `apt-get update`, then start again",
		names.data);
}

struct error *packages_uris(
	struct host *h, const char *const *names, struct package_plan *ret, struct list *ret_names)
{
	CLEAN(list) struct list argv = { 0 };
	CLEAN(bytes) struct bytes output = { 0 };

	list_split(&argv, "apt-get -qq -y --print-uris --no-install-recommends install", " ");
	list_add_all(&argv, names);
	const struct process p = { .argv = (const char *const *)argv.v };
	TRY(process_run(h, &p, &output, NULL));
	uris_parse(bytes_text(&output), ret, ret_names);
	return NULL;
}

/* Spares a second look at apt's lists, half a second on a small machine, where every archive is there already. */
static struct error *archives_cached(struct host *h, const char *simulation, bool *ret)
{
	CLEAN(list) struct list archives = { 0 };

	*ret = archives_parse(simulation, &archives);
	for (size_t i = 0; *ret && i < archives.n; i++) {
		CLEAN(free) char *path = text("/var/cache/apt/archives/%s", archives.v[i]);
		struct file_info info;

		TRY(file_stat(h, path, &info));
		*ret = info.exists;
	}
	return NULL;
}

static struct error *simulate(struct host *h, const char *const *names, struct package_plan *ret, struct bytes *output)
{
	CLEAN(list) struct list argv = { 0 };

	/* Even a simulation would write its log. */
	list_split(&argv, "apt-get -s -y -q -o Dir::Log::Planner=/dev/null --no-install-recommends install", " ");
	list_add_all(&argv, names);
	const struct process p = { .argv = (const char *const *)argv.v };
	struct error *e = process_run(h, &p, output, NULL);
	if (e)
		return simulation_explain(e);
	simulation_parse(bytes_text(output), ret);
	return NULL;
}

struct error *packages_simulate(struct host *h, const char *const *names, struct package_plan *ret)
{
	CLEAN(bytes) struct bytes output = { 0 };

	return *names ? simulate(h, names, ret, &output) : NULL;
}

struct error *packages_simulate_downloads(struct host *h, const char *const *names, struct package_plan *ret)
{
	CLEAN(bytes) struct bytes output = { 0 };
	bool cached;

	if (!*names)
		return NULL;
	TRY(simulate(h, names, ret, &output));
	TRY(archives_cached(h, bytes_text(&output), &cached));
	return cached ? NULL : packages_uris(h, names, ret, NULL);
}

struct error *packages_describe(struct host *h, const struct list *names, struct package_facts_list *ret)
{
	CLEAN(list) struct list argv = { 0 };
	CLEAN(bytes) struct bytes output = { 0 };

	if (!names->n)
		return NULL;
	list_split(&argv, "apt-cache --no-all-versions show", " ");
	list_add_all(&argv, (const char *const *)names->v);
	const struct process p = { .argv = (const char *const *)argv.v };
	TRY(process_run(h, &p, &output, NULL));
	facts_parse(bytes_text(&output), ret);
	return NULL;
}

/* "STATUS NAME VERSION", of a package that is not there without the last. */
static void add_version(const char *line, struct package_facts_list *ret)
{
	CLEAN(list) struct list words = { 0 };

	list_split(&words, line, " ");
	if (words.n < 3 || strcmp(words.v[0], "not-installed") == 0 || strcmp(words.v[0], "config-files") == 0)
		return;
	ret->v = reallocate(ret->v, ret->n + 1, sizeof(*ret->v));
	ret->v[ret->n++] = (struct package_facts){ .name = text_copy(words.v[1]), .version = text_copy(words.v[2]) };
}

static bool has_version(const struct package_facts_list *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].name, name) == 0)
			return true;
	return false;
}

struct error *packages_versions(struct host *h, const char *const *names, struct package_facts_list *ret)
{
	CLEAN(list) struct list installed = { 0 }, candidates = { 0 }, lines = { 0 };
	CLEAN(bytes) struct bytes output = { 0 }, shown = { 0 };

	list_split(&installed, "dpkg-query -W -f", " ");
	list_add(&installed, "${db:Status-Status} ${Package} ${Version}\\n");
	list_add_all(&installed, names);
	const struct process query = { .argv = (const char *const *)installed.v, .accept = 1 };
	TRY(process_run(h, &query, &output, NULL));
	list_split(&lines, bytes_text(&output), "\n");
	for (size_t i = 0; i < lines.n; i++)
		add_version(lines.v[i], ret);
	list_split(&candidates, "apt-cache --no-all-versions show", " ");
	const size_t words = candidates.n;
	for (; *names; names++)
		if (!has_version(ret, *names))
			list_add(&candidates, *names);
	if (candidates.n == words)
		return NULL;
	/* Status 100: some, or all of them, are unknown. */
	const struct process show = { .argv = (const char *const *)candidates.v, .accept = 100 };
	TRY(process_run(h, &show, &shown, NULL));
	facts_parse(bytes_text(&shown), ret);
	return NULL;
}

static struct error *targets_read(struct host *h, const char *option, struct list *ret, bool *ret_any)
{
	CLEAN(bytes) struct bytes output = { 0 };

	TRY(process_simple(h, &output, "apt-get", "indextargets", "--format",
		"$(REPO_URI) $(RELEASE) $(ORIGIN)", "Created-By: Packages", option, NULL));
	sources_parse(bytes_text(&output), ret, ret_any);
	return NULL;
}

struct error *packages_sources(struct host *h, struct list *ret, bool *ret_any)
{
	bool more = false;

	TRY(targets_read(h, NULL, ret, ret_any));
	if (ret->n)
		return NULL;
	/* Before the first `apt-get update`, apt shows only what it would fetch. */
	TRY(targets_read(h, "--no-release-info", ret, &more));
	*ret_any |= more;
	return NULL;
}

struct error *packages_source_files(struct host *h, const char *release, struct list *ret)
{
	CLEAN(bytes) struct bytes output = { 0 };

	TRY(process_simple(h, &output, "apt-get", "indextargets", "--format", "$(RELEASE) $(SOURCESENTRY)", "--no-release-info", NULL));
	source_files_parse(bytes_text(&output), release, ret);
	return NULL;
}

static struct error *lock_check(struct host *h, const char *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	CLEAN(fd) int fd = -1, comm = -1;
	char name[32] = "";

	struct error *e = file_open(h, path, O_RDONLY, &fd);
	/* Who may not see the lock could not take it either. */
	if (error_errno(e) == ENOENT || error_errno(e) == EACCES) {
		error_free(e);
		return NULL;
	}
	TRY(e);
	if (fcntl(fd, F_GETLK, &lock) < 0)
		return fail_errno(errno, "cannot see who holds %s", path);
	if (lock.l_type == F_UNLCK)
		return NULL;

	CLEAN(free) char *proc = text("/proc/%d/comm", lock.l_pid);
	e = file_open(h, proc, O_RDONLY, &comm);
	error_free(e);
	if (comm >= 0 && read(comm, name, sizeof(name) - 1) > 0)
		name[strcspn(name, "\n")] = '\0';
	/* A lock of an open file, or of another pid namespace, has no pid here. */
	CLEAN(free) char *process = lock.l_pid > 0 ? text(_(" (process %d)"), lock.l_pid) : text_copy("");
	return fail(ERR_BUSY, "%s%s holds %s: wait until it has ended, then start again",
		*name ? name : _("another program"), process, path);
}

struct error *packages_lock_free(struct host *h)
{
	static const char *const paths[] = { "/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock",
		"/var/lib/apt/lists/lock", "/var/cache/apt/archives/lock" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		TRY(lock_check(h, paths[i]));
	return NULL;
}
