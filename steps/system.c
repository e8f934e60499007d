#include "base/i18n.h"
#include "ensure/ensure.h"
#include "host/facts.h"
#include "host/file.h"
#include "host/network.h"
#include "host/package.h"
#include "host/unit.h"
#include "steps/packages.h"
#include "steps/steps.h"

#define MEGABYTE      (1024ULL * 1024)
#define SPACE_NEEDED  (700 * MEGABYTE) /* packages unpacked, their archives, and room to work */
#define INODES_NEEDED 20000
#define MEMORY_NEEDED (450 * MEGABYTE) /* spamd and its rules take 150 MB, five children share most of it */

static void check_release(struct run *run)
{
	const struct release *r = &run->release;
	CLEAN(free) char *known = releases_known();

	if (r->known)
		return;
	if (!run->params->force_release)
		run_blocker(run,
			"this is %s %s; mailsetup %s knows Debian %s; --force-release installs all the same, by the versions of the packages",
			r->os.id[0] ? r->os.id : _("an unknown system"), r->os.version[0] ? r->os.version : r->os.codename,
			MAILSETUP_VERSION, known);
	else if (r->guessed)
		run_blocker(run, "--force-release goes by the versions of the packages, and apt does not know them: run `apt-get update`, "
				 "then start again");
}

static struct error *check_folder(struct run *run, const char *path, uint64_t space_needed)
{
	uint64_t space, inodes;
	bool read_only;

	TRY(file_space(run->host, path, &space, &inodes, &read_only));
	if (read_only)
		run_blocker(run, "%s is on a file system that is mounted read-only; `mount -o remount,rw` it", path);
	else if (space < space_needed)
		run_blocker(run, "%s has %llu MB free, but %llu MB are needed; make room", path,
			(unsigned long long)(space / MEGABYTE), (unsigned long long)(space_needed / MEGABYTE));
	else if (inodes && inodes < INODES_NEEDED)
		run_blocker(run, "%s has %llu inodes free, but %u are needed; remove files that are not needed", path,
			(unsigned long long)inodes, INODES_NEEDED);
	return NULL;
}

static struct error *check_space(struct run *run)
{
	TRY(check_folder(run, "/etc", 10 * MEGABYTE));
	TRY(check_folder(run, "/usr", SPACE_NEEDED));
	return check_folder(run, "/var", SPACE_NEEDED);
}

static struct error *check_memory(struct run *run)
{
	uint64_t total;

	TRY(memory_read(run->host, &total));
	if (total < MEMORY_NEEDED)
		run_blocker(run, "the machine has %llu MB of memory, but spam filtering needs %llu MB",
			(unsigned long long)(total / MEGABYTE), (unsigned long long)(MEMORY_NEEDED / MEGABYTE));
	return NULL;
}

static struct error *check_own_name(struct run *run)
{
	CLEAN(free) char *name = NULL;

	TRY(hostname_read(run->host, &name));
	if (!strchr(name, '.') && strncmp(name, run->params->hostname, strcspn(run->params->hostname, ".")) != 0)
		run_notice(run, "the machine calls itself \"%s\"; its mail will go out as %s", name, run->params->hostname);
	return NULL;
}

static bool is_ours(const char *program)
{
	return strcmp(program, "master") == 0 || strcmp(program, "dovecot") == 0;
}

/* A Postfix or Dovecot that is there already is taken over; anything else would keep ours from starting. */
static struct error *check_ports(struct run *run)
{
	static const unsigned ports[] = { 25, 465, 587, 143, 993, 4190 };
	CLEAN(free) struct listener *listeners = NULL;
	size_t n;

	TRY(listeners_read(run->host, &listeners, &n));
	for (size_t p = 0; p < sizeof(ports) / sizeof(*ports); p++)
		for (size_t i = 0; i < n; i++) {
			const struct listener *l = &listeners[i];

			if (l->port != ports[p] || is_ours(l->program))
				continue;
			run_blocker(run, "port %u is taken by %s (pid %d); stop and disable it", l->port,
				l->program[0] ? l->program : _("an unknown program"), (int)l->pid);
			break;
		}
	return NULL;
}

static struct error *check_dpkg(struct run *run)
{
	CLEAN(bytes) struct bytes audit = { 0 };
	CLEAN(undo_record) struct undo_record ours = { 0 };

	TRY(packages_lock_free(run->host));
	TRY(packages_audit(run->host, &audit));
	if (!audit.size)
		return NULL;
	if (run->state)
		TRY(journal_find(run->state, "packages", "apt", &ours));
	/* What our own interrupted run left, the step packages heals. */
	if (!ours.seq)
		run_blocker(run, "dpkg was interrupted before mailsetup came; run `dpkg --configure -a`, then install again");
	return NULL;
}

static void check_held(struct run *run, const struct list *missing)
{
	CLEAN(list) struct list held = { 0 };
	struct error *e = packages_held(run->host, &held);

	for (size_t i = 0; !e && i < held.n; i++)
		if (list_has(missing, held.v[i]))
			run_blocker(run, "package %s is on hold; `apt-mark unhold %s` allows it", held.v[i], held.v[i]);
	error_free(e);
}

/* One MTA per machine is Debian's rule: apt would remove the other without a word. */
static void check_removals(struct run *run, const struct package_plan *plan)
{
	for (size_t i = 0; i < plan->remove.n; i++)
		run_blocker(run, "apt would remove %s to make room for Postfix; if you agree, remove it first: apt-get remove %s",
			plan->remove.v[i], plan->remove.v[i]);
}

static struct error *check_sources(struct run *run)
{
	CLEAN(list) struct list sources = { 0 };
	bool any;

	TRY(packages_sources(run->host, &sources, &any));
	if (!any)
		run_blocker(run, "apt has no package source; see sources.list(5)");
	for (size_t i = 0; i < sources.n; i++) {
		struct error *e = package_source_answers(run->host, sources.v[i], 15);

		if (e && error_code(e) != ERR_PRECHECK)
			return e;
		if (e)
			run_blocker(run, "package source %s does not answer; see /etc/apt/sources.list and the network",
				sources.v[i]);
		error_free(e);
	}
	return NULL;
}

static struct error *check_packages(struct run *run, const struct list *missing)
{
	const size_t before = run->blockers.n;

	TRY(check_dpkg(run));
	if (run->blockers.n > before)
		return NULL;
	check_held(run, missing);
	package_plan_free(&run->apt);
	struct error *e = packages_simulate_downloads(run->host, (const char *const *)missing->v, &run->apt);
	if (e) {
		/* No lists yet, or old ones: apt-get update may know more, if the sources answer. */
		error_free(e);
		return check_sources(run);
	}
	check_removals(run, &run->apt);
	return run->apt.downloads.n ? check_sources(run) : NULL;
}

static struct error *system_precheck(struct run *run)
{
	CLEAN(list) struct list wanted = { 0 }, missing = { 0 };
	CLEAN(step_record) struct step_record packages = { 0 };

	check_release(run);
	if (run->blockers.n)
		return NULL;
	TRY(units_available(run->host));
	TRY(check_ports(run));
	package_names(&run->release, &wanted);
	TRY(packages_missing(run->host, (const char *const *)wanted.v, &missing));
	if (!missing.n)
		return NULL;
	if (run->state)
		TRY(state_step_get(run->state, step_packages.name, &packages));
	TRY(check_memory(run));
	/* Once they have all been there, an upgrade of Debian has left one to be finished, or brought one more: the room is taken already. */
	if (packages.status != STEP_DONE)
		TRY(check_space(run));
	TRY(check_own_name(run));
	return check_packages(run, &missing);
}

/* Nothing to make true: the step stands for its prechecks. */
static struct error *system_apply(struct run *run)
{
	const struct release *r = &run->release;

	if (!run_is_plan(run) && r->ended)
		run_notice(run, "Debian's support of release %s has ended: no more security updates; `mailsetup check-upgrade %lu` shows the way on",
			r->os.version, strtoul(r->os.version, NULL, 10) + 1);
	return NULL;
}

const struct step step_system = {
	.name = "system",
	.title = N_("Release, space, ports, package sources"),
	.why = N_("everything that could stop the install is looked at before anything is changed"),
	.revision = 1,
	.precheck = system_precheck,
	.apply = system_apply,
};
