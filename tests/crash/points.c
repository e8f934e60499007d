#include "tests/crash/points.h"

#include "engine/state.h"
#include "steps/steps.h"
#include "tests/crash/machine.h"
#include "tests/crash/packages.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct scenario scenario;
bool thorough;

/* Where a point works. */
struct roots {
	char *a, *b;
};
static void roots_cleanup(struct roots *r)
{
	free(r->a);
	free(r->b);
}
static struct roots roots_in(const char *scratch)
{
	return (struct roots){ text("%s/a", scratch), text("%s/b", scratch) };
}

#define DEMAND(expression)                                                                                     \
	do {                                                                                                   \
		char *wrong_ = (expression);                                                                   \
		if (wrong_)                                                                                    \
			return wrong_;                                                                         \
	} while (0)

/* Consumes wrong. */
static char *after(const char *what, char *wrong)
{
	CLEAN(free) char *owned = wrong;

	return wrong ? text("%s: %s", what, wrong) : NULL;
}

static char *as(const char *root, const struct manifest *wanted, const char *when)
{
	CLEAN(manifest) struct manifest found = { 0 };

	manifest_take(root, &found);
	return manifest_differences(wanted, &found, when);
}

static char *told(const char *words, const struct outcome *o)
{
	const char *error = strstr(o->said, "mailsetup: ");
	CLEAN(free) char *said = text_copy_n(error ? error : o->said, 600);

	for (char *c = said; *c; c++)
		if (*c == '\n')
			*c = '|';
	return text("%s ended with %d: %s", words, o->code, said);
}

static char *succeeds(const char *root, const char *words)
{
	CLEAN(outcome) struct outcome o = machine_run(root, words, NULL);

	return o.code == 0 ? NULL : told(words, &o);
}

static char *rolls_back(const char *root)
{
	DEMAND(succeeds(root, ROLLBACK));
	return as(root, &scenario.before, "before");
}

/* A kill before the parameters were stored leaves nothing to resume. */
static char *resumes(const char *root)
{
	CLEAN(outcome) struct outcome o = machine_run(root, RESUME, NULL);

	if (o.code == 2)
		DEMAND(succeeds(root, INSTALL));
	else if (o.code != 0)
		return told(RESUME, &o);
	return as(root, &scenario.golden, "installed");
}

static char *resumes_and_rolls_back(const char *root)
{
	DEMAND(after("resume", resumes(root)));
	return after("rollback after resume", rolls_back(root));
}

/* *ret_died: the run may be over before its k-th action. */
static char *dies(const char *root, const char *words, unsigned k, bool *ret_died)
{
	CLEAN(free) char *number = text("%u", k);
	CLEAN(outcome) struct outcome o = machine_run(root, words, &(struct hazard){ .die = number });

	*ret_died = o.code == -SIGKILL;
	return *ret_died || o.code == 0 || (o.code == 2 && strcmp(words, RESUME) == 0) ? NULL : told(words, &o);
}

static char *must_die(const char *root, const char *words, unsigned k)
{
	bool died;

	DEMAND(dies(root, words, k, &died));
	return died ? NULL : text("%s survived action %u", words, k);
}

static bool is_write(const struct action *action)
{
	static const char *const names[] = { "write", "chown", "chmod", "fsync", "rename", "fsync-directory" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(action->name, names[i]) == 0)
			return true;
	return false;
}

/* What a kill at each action of install left of that action's target, for the fault at the same action; shared
 * by the workers. */
static struct remnant {
	char text[256]; /* "" where no kill was tried */
} * remnants;

static void describe(const struct manifest *m, const char *path, struct remnant *ret)
{
	const struct entry *e = manifest_find(m, path);

	snprintf(ret->text, sizeof(ret->text), "%s %s", e ? e->what : "absent", e ? e->content : "");
}

static void remember_remnant(const char *root, unsigned k)
{
	CLEAN(manifest) struct manifest m = { 0 };

	if (!is_write(&scenario.install.v[k - 1]))
		return;
	manifest_take(root, &m);
	describe(&m, scenario.install.v[k - 1].target, &remnants[k - 1]);
}

char *kill_install(const char *scratch, unsigned k)
{
	CLEAN(roots) struct roots r = roots_in(scratch);

	machine_copy(scenario.before_root, r.a);
	DEMAND(must_die(r.a, INSTALL, k));
	remember_remnant(r.a, k);
	machine_copy(r.a, r.b);
	DEMAND(after("resume", resumes(r.a)));
	if (thorough || k % 2)
		DEMAND(after("rollback after resume", rolls_back(r.a)));
	return after("rollback", rolls_back(r.b));
}

/* A number from 1 to n that depends on k, the same in every run. */
static unsigned spread(unsigned k, unsigned n)
{
	return k * 2654435761u % n + 1;
}

char *kill_twice(const char *scratch, unsigned k)
{
	CLEAN(roots) struct roots r = roots_in(scratch);
	unsigned left = scenario.install.n - k + 1;
	bool died;

	machine_copy(scenario.before_root, r.a);
	DEMAND(must_die(r.a, INSTALL, k));
	machine_copy(r.a, r.b);
	DEMAND(after("resume with a kill", dies(r.a, RESUME, spread(k, left), &died)));
	DEMAND(after("killed in resume", resumes_and_rolls_back(r.a)));
	DEMAND(after("rollback with a kill", dies(r.b, ROLLBACK, spread(k + 1, k / 2 + 1), &died)));
	return after("killed in rollback", rolls_back(r.b));
}

char *kill_rollback(const char *scratch, unsigned k)
{
	CLEAN(roots) struct roots r = roots_in(scratch);

	machine_copy(scenario.golden_root, r.a);
	DEMAND(must_die(r.a, ROLLBACK, k));
	machine_copy(r.a, r.b);
	DEMAND(after("rollback again", rolls_back(r.a)));
	if (!thorough && k % 2)
		return NULL;
	DEMAND(after("install", succeeds(r.b, INSTALL)));
	DEMAND(after("install", as(r.b, &scenario.golden, "installed")));
	return thorough || k % 4 == 0 ? after("rollback after install", rolls_back(r.b)) : NULL;
}

char *kill_rollback_twice(const char *scratch, unsigned k)
{
	CLEAN(roots) struct roots r = roots_in(scratch);
	bool died;

	machine_copy(scenario.golden_root, r.a);
	DEMAND(must_die(r.a, ROLLBACK, k));
	DEMAND(dies(r.a, ROLLBACK, spread(k, scenario.rollback.n - k + 1), &died));
	return rolls_back(r.a);
}

/* A package that the administrator has installed since is not mailsetup's to purge, however often the rollback begins. */
char *kill_rollback_foreign(const char *scratch, unsigned k)
{
	CLEAN(roots) struct roots r = roots_in(scratch);
	CLEAN(free) char *foreign = text("%s/fake/packages/" FOREIGN_PACKAGE, r.a);

	machine_copy(scenario.golden_root, r.a);
	CLEAN(fclose) FILE *f = fopen(foreign, "w");
	fputs("installed", f);
	fflush(f);
	DEMAND(must_die(r.a, ROLLBACK, k));
	DEMAND(succeeds(r.a, ROLLBACK));
	if (unlink(foreign) < 0)
		return text(FOREIGN_PACKAGE " was purged");
	return as(r.a, &scenario.before, "before");
}

static void let_apt_die(const char *root, unsigned after_packages)
{
	CLEAN(free) char *path = text("%s/fake/kill-after", root);
	CLEAN(fclose) FILE *f = fopen(path, "w");

	fprintf(f, "%u", after_packages);
}

/* apt-get is killed with mailsetup, between two packages that it unpacks or sets up. */
char *kill_in_apt(const char *scratch, unsigned k)
{
	CLEAN(roots) struct roots r = roots_in(scratch);
	bool died;

	machine_copy(scenario.before_root, r.a);
	let_apt_die(r.a, k - 1);
	DEMAND(dies(r.a, INSTALL, 1000000, &died));
	if (!died)
		return text("apt survived");
	machine_copy(r.a, r.b);
	DEMAND(resumes_and_rolls_back(r.a));
	return after("rollback", rolls_back(r.b));
}

char *kill_in_purge(const char *scratch, unsigned k)
{
	CLEAN(roots) struct roots r = roots_in(scratch);
	bool died;

	machine_copy(scenario.golden_root, r.a);
	let_apt_die(r.a, k - 1);
	DEMAND(dies(r.a, ROLLBACK, 1000000, &died));
	if (!died)
		return text("apt survived");
	return rolls_back(r.a);
}

static const char *const errnos[] = { "ENOSPC", "EIO", "EROFS", "EDQUOT" };

/* k counts the kinds of fault of each action. */
static char *fault_text(unsigned k)
{
	unsigned kind = (k - 1) % FAULTS;

	return text("%u%s:%s", (k - 1) / FAULTS + 1, kind & 1 ? "+" : "", errnos[kind / 2]);
}

static const struct action *fault_action(const struct actions *actions, unsigned k)
{
	return &actions->v[(k - 1) / FAULTS];
}

static char *names_its_target(const struct outcome *o, const struct action *action)
{
	/* A terminal gets no tab as it is. */
	CLEAN(free) char *target = text_copy_n(action->target, strcspn(action->target, "\t"));
	CLEAN(free) char *said = told("the run", o);

	if (*target != '/' || strstr(o->said, target))
		return NULL;
	return text("%s is not named where its %s fails: %s", action->target, action->name, said);
}

/* What a fault leaves of its target is what a kill at the same action leaves: all of the old or all of the new.
 */
static char *is_whole(const char *root, const struct action *action)
{
	const struct remnant *killed = &remnants[action - scenario.install.v];
	CLEAN(manifest) struct manifest m = { 0 };
	struct remnant hurt;

	if (!is_write(action))
		return NULL;
	manifest_take(root, &m);
	describe(&m, action->target, &hurt);
	if (*killed->text && strcmp(hurt.text, killed->text) != 0)
		return text("%s is half changed where its %s fails: %s, not %s", action->target, action->name,
			hurt.text, killed->text);
	for (size_t i = 0; i < m.n; i++) {
		const char *name = strrchr(m.v[i].path, '/') + 1;
		if (*name == '.' && ends_with(name, ".mailsetup"))
			return text("%s is left behind where %s of %s fails", m.v[i].path, action->name,
				action->target);
	}
	return NULL;
}

/* Exit code 3: the fault hit a precheck. */
static bool is_precheck(const struct action *action)
{
	for (const struct action *a = scenario.install.v; a <= action; a++)
		if (starts_with(a->target, STATE_DIRECTORY))
			return false;
	return true;
}

static char *hurt_install(const char *root, unsigned k, bool *ret_tolerated)
{
	const struct action *action = fault_action(&scenario.install, k);
	CLEAN(free) char *fault = fault_text(k);

	machine_copy(scenario.before_root, root);
	CLEAN(outcome) struct outcome o = machine_run(root, INSTALL, &(struct hazard){ .fail = fault });
	*ret_tolerated = o.code == 0;
	if (o.code != 0 && o.code != (is_precheck(action) ? 3 : 1))
		return told(fault, &o);
	if (*ret_tolerated)
		return NULL;
	DEMAND(names_its_target(&o, action));
	return is_whole(root, action);
}

char *fault_install(const char *scratch, unsigned k)
{
	CLEAN(roots) struct roots r = roots_in(scratch);
	CLEAN(free) char *fault = fault_text(k);
	bool tolerated;

	DEMAND(after(fault, hurt_install(r.a, k, &tolerated)));
	if (tolerated)
		DEMAND(after("a fault that is no error", as(r.a, &scenario.golden, "installed")));
	/* One way out at a time: the kills have tried both from the same places. */
	return after(fault, k % 2 ? after("rollback", rolls_back(r.a)) : resumes_and_rolls_back(r.a));
}

char *fault_rollback(const char *scratch, unsigned k)
{
	CLEAN(roots) struct roots r = roots_in(scratch);
	CLEAN(free) char *fault = fault_text(k);

	machine_copy(scenario.golden_root, r.a);
	CLEAN(outcome) struct outcome o = machine_run(r.a, ROLLBACK, &(struct hazard){ .fail = fault });
	if (o.code != 6 && o.code != 0)
		return after(fault, told(ROLLBACK, &o));
	if (o.code == 6)
		DEMAND(after(fault, names_its_target(&o, fault_action(&scenario.rollback, k))));
	return after(fault, rolls_back(r.a));
}

char *rollback_step(const char *scratch, unsigned k)
{
	CLEAN(roots) struct roots r = roots_in(scratch);
	CLEAN(free) char *words = text("%s %s", ROLLBACK, all_steps[k - 1]->name);

	machine_copy(scenario.golden_root, r.a);
	DEMAND(succeeds(r.a, words));
	DEMAND(after(words, after("install", succeeds(r.a, INSTALL))));
	DEMAND(after(words, as(r.a, &scenario.golden, "installed")));
	return after(words, after("rollback", rolls_back(r.a)));
}

static bool same_inode(const char *a, const char *path, const struct stat *was)
{
	CLEAN(free) char *full = text("%s%s", a, path);
	struct stat now;

	return lstat(full, &now) == 0 && now.st_ino == was->st_ino &&
	       now.st_ctim.tv_sec == was->st_ctim.tv_sec && now.st_ctim.tv_nsec == was->st_ctim.tv_nsec;
}

/* Nothing passes a seam, and no inode is touched. */
char *install_again(const char *scratch, unsigned k)
{
	CLEAN(roots) struct roots r = roots_in(scratch);
	CLEAN(free) char *log = text("%s/log", scratch);
	CLEAN(manifest) struct manifest m = { 0 };

	(void)k;
	machine_copy(scenario.golden_root, r.a);
	manifest_take(r.a, &m);
	CLEAN(free) struct stat *was = allocate(m.n * sizeof(*was));
	for (size_t i = 0; i < m.n; i++) {
		CLEAN(free) char *full = text("%s%s", r.a, m.v[i].path);
		lstat(full, &was[i]);
	}
	unlink(log);
	CLEAN(outcome) struct outcome o = machine_run(r.a, INSTALL, &(struct hazard){ .log = log });
	if (o.code != 0)
		return told(INSTALL, &o);
	if (access(log, F_OK) == 0)
		return text("there were durable actions, see %s", log);
	for (size_t i = 0; i < m.n; i++)
		if (!same_inode(r.a, m.v[i].path, &was[i]) && strcmp(m.v[i].path, "/run/mailsetup.lock") != 0)
			return text("%s was touched", m.v[i].path);
	return NULL;
}

static void read_actions(const char *log, struct actions *ret)
{
	CLEAN(fclose) FILE *f = fopen(log, "r");
	char line[512];

	*ret = (struct actions){ 0 };
	while (f && fgets(line, sizeof(line), f)) {
		struct action a = { 0 };

		if (sscanf(line, "%*u %31s %199[^\n]", a.name, a.target) < 1)
			continue;
		ret->v = reallocate(ret->v, ret->n + 1, sizeof(*ret->v));
		ret->v[ret->n++] = a;
	}
}

static char *record(const char *root, const char *words, struct actions *ret)
{
	CLEAN(free) char *log = text("%s.log", root);

	unlink(log);
	CLEAN(outcome) struct outcome o = machine_run(root, words, &(struct hazard){ .log = log });
	read_actions(log, ret);
	return o.code == 0 ? NULL : told(words, &o);
}

char *scenario_open(const char *name, const char *before_root, const char *folder)
{
	CLEAN(free) char *back = text("%s/%s-back", folder, name);
	struct scenario s = {
		.name = name,
		.before_root = text_copy(before_root),
		.golden_root = text("%s/%s-golden", folder, name),
	};

	scenario = s;
	manifest_take(before_root, &scenario.before);
	machine_copy(before_root, scenario.golden_root);
	DEMAND(record(scenario.golden_root, INSTALL, &scenario.install));
	remnants = mmap(NULL, (scenario.install.n + 1) * sizeof(*remnants), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (remnants == MAP_FAILED)
		return text("no memory to share");
	manifest_take(scenario.golden_root, &scenario.golden);
	machine_copy(scenario.golden_root, back);
	DEMAND(record(back, ROLLBACK, &scenario.rollback));
	return as(back, &scenario.before, "before");
}
